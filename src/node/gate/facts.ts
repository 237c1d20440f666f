/** What is read of a process before anything is done to it: class A questions only. */
import type { Evidence } from '../../evidence/types.ts';
import { parseStat } from '../../kernel/proc/stat.ts';
import { parseStatus } from '../../kernel/proc/status.ts';

export interface GateFacts {
  pid: number;
  startTime: string;
  state: string;
  comm: string;
  exe?: string;
  uid: number;
  ownUid: number;
  /** Innermost pid: what the process itself calls its own. */
  ownPid: number;
  threads: number;
  /** Names of up to 64 threads. */
  threadNames: string[];
  /** ms since it started. */
  ageMs: number;
  /** SIGUSR1 has a handler; is blocked (in the main thread). */
  caught: boolean;
  blocked: boolean;
  /** Some other process traces it: a debugger. */
  tracer: number;
}

/** Bit of SIGUSR1 (10) in the masks of /proc/PID/status. */
const USR1 = 1n << 9n;
/** USER_HZ, which /proc counts start times in: 100 on every architecture Node runs on. */
const TICKS = 100;

/** Undefined when there is no such process, or it may not be read at all. */
export function readGateFacts(evidence: Evidence, pid: number): GateFacts | undefined {
  const stat = parseStat(evidence.read(`/proc/${pid}/stat`).value ?? '');
  const text = evidence.read(`/proc/${pid}/status`).value ?? '';
  const status = parseStatus(text);
  if (!stat || !status) return undefined;
  const exe = evidence.readlink(`/proc/${pid}/exe`).value;
  const uptime = Number.parseFloat(evidence.read('/proc/uptime').value ?? '');
  const names = (evidence.list(`/proc/${pid}/task`).value ?? []).slice(0, 64);
  const blocked = /^SigBlk:\t([0-9a-f]{1,32})$/im.exec(text)?.[1] ?? '0';
  return {
    pid,
    startTime: stat.startTime,
    state: stat.state,
    comm: stat.comm,
    ...(exe !== undefined && { exe }),
    uid: status.euid,
    ownUid: process.geteuid?.() ?? -1,
    ownPid: status.nsPids.at(-1) ?? pid,
    threads: status.threads,
    threadNames: names.flatMap((tid) => evidence.read(`/proc/${pid}/task/${tid}/comm`).value?.trimEnd() ?? []),
    ageMs: Number.isFinite(uptime) ? uptime * 1000 - (Number(stat.startTime) / TICKS) * 1000 : Number.POSITIVE_INFINITY,
    caught: (status.sigCgt & USR1) !== 0n,
    blocked: (BigInt(`0x${blocked}`) & USR1) !== 0n,
    tracer: Number(/^TracerPid:\t(\d+)$/m.exec(text)?.[1] ?? 0),
  };
}
