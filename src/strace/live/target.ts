/** The processes to record, and what stands in the way of tracing them. */
import type { Evidence } from '../../evidence/types.ts';
import { decodeText } from '../../kernel/text.ts';
import { parseStat } from '../../kernel/proc/stat.ts';
import { parseStatus } from '../../kernel/proc/status.ts';
import { UserError } from '../../kernel/user-error.ts';
import { plural } from '../../report/words.ts';

export interface TracedProcess {
  pid: number;
  startTime: string;
  comm: string;
  /** Letter of its state. */
  state: string;
  threads: number;
  uid: number;
  /** Who traces it; 0 for nobody. */
  tracer: number;
  /** Its number in the innermost pid namespace, when that is not ours. */
  innerPid: number | undefined;
}

const CAP_SYS_PTRACE = 19;

/** @throws UserError, exit 3: gone, or a thread of the kernel, which has no descriptors */
export function readTraced(evidence: Evidence, pid: number): TracedProcess {
  const stat = parseStat(evidence.read(`/proc/${pid}/stat`).value ?? '');
  const text = evidence.read(`/proc/${pid}/status`).value ?? '';
  const status = parseStatus(text);
  if (!stat || !status || livingThread(evidence, pid) === undefined) throw new UserError(`process ${pid} has ended`, { exitCode: 3 });
  const comm = decodeText(stat.comm).text;
  if (stat.kernelThread) throw new UserError(`${pid} (${comm}) is a thread of the kernel: it has no descriptors, and nothing traces it`, { exitCode: 3 });
  const inner = status.nsPids.length > 1 ? status.nsPids.at(-1) : undefined;
  return { pid, startTime: stat.startTime, comm, state: stat.state, threads: status.threads, uid: status.uid, tracer: tracerOf(text), innerPid: inner };
}

/** One that runs: the first, unless that ended before others, which the process lives on in. Undefined when it has ended. */
export function livingThread(evidence: Evidence, pid: number): number | undefined {
  const lives = (tid: number): boolean => {
    const stat = parseStat(evidence.read(`/proc/${pid}/task/${tid}/stat`).value ?? '');
    return stat !== null && !stat.exiting && stat.state !== 'Z' && stat.state !== 'X';
  };
  return lives(pid) ? pid : evidence.list(`/proc/${pid}/task`).value?.map(Number).find(lives);
}

/** Is it the one that was chosen? Numbers come again. */
export function isStillThere(evidence: Evidence, { pid, startTime }: TracedProcess): boolean {
  return parseStat(evidence.read(`/proc/${pid}/stat`).value ?? '')?.startTime === startTime && livingThread(evidence, pid) !== undefined;
}

/** 0 when nobody traces it, or it has gone. */
export function tracerOf(status: string): number {
  return Number(/^TracerPid:\t(\d+)$/m.exec(status)?.[1] ?? 0);
}

export interface Rights {
  mayPtrace: boolean;
  euid: number;
  /** kernel.yama.ptrace_scope; undefined where there is no Yama. */
  yama: number | undefined;
}

export function readRights(evidence: Evidence): Rights {
  const text = evidence.read('/proc/self/status').value ?? '';
  const held = BigInt(`0x${/^CapEff:\t([0-9a-f]+)$/m.exec(text)?.[1] ?? '0'}`);
  const yama = evidence.read('/proc/sys/kernel/yama/ptrace_scope').value;
  return { mayPtrace: (held & (1n << BigInt(CAP_SYS_PTRACE))) !== 0n, euid: parseStatus(text)?.euid ?? -1, yama: yama === undefined ? undefined : Number(yama) };
}

/** Why strace cannot attach, with the way out; undefined when nothing is known that would stop it. */
export function whyNoPtrace(processes: readonly TracedProcess[], { mayPtrace, euid, yama }: Rights, nameOf: (pid: number) => string): { why: string; fix: string } | undefined {
  const traced = processes.find(({ tracer }) => tracer !== 0);
  if (traced) return { why: `process ${traced.pid} is traced by ${nameOf(traced.tracer)}, and one tracer is all a process can have`, fix: 'end that one, or record by tracefs (root): it needs no ptrace' };
  if (yama === 3) return { why: 'kernel.yama.ptrace_scope is 3: nobody traces on this host', fix: 'record by tracefs (root): it needs no ptrace' };
  if (mayPtrace) return undefined;
  const needed = 'run with CAP_SYS_PTRACE: sudo, or docker run --cap-add=SYS_PTRACE, or kubectl debug --profile=sysadmin';
  const foreign = processes.find(({ uid }) => uid !== euid);
  if (foreign) return { why: `process ${foreign.pid} belongs to user ${foreign.uid}: that needs CAP_SYS_PTRACE`, fix: needed };
  if (yama !== undefined && yama > 0) return { why: `kernel.yama.ptrace_scope is ${yama}: attaching needs CAP_SYS_PTRACE`, fix: `${needed}, or sysctl kernel.yama.ptrace_scope=0` };
  return undefined;
}

/** `nginx (pid 42) and 3 more processes`. */
export function labelOf(processes: readonly TracedProcess[]): string {
  const [first, ...others] = processes;
  return `${first!.comm} (pid ${first!.pid})${others.length > 0 ? ` and ${plural('more process', others.length, 'more processes')}` : ''}`;
}
