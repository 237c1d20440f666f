/** What the threads of a process wait for, and which descriptors its command line names: is what it got by an exec in use? */
import type { Answer, ByteString, Evidence } from '../../evidence/types.ts';
import { type CoverageLog, errnoWords, statusOf } from '../coverage.ts';
import { namedFds } from '../named-fds.ts';
import { parseSyscall, waitsOn } from '../proc/syscall.ts';
import type { FdUse } from '../types.ts';
import type { SnapshotOptions } from './options.ts';

/** Of each process; its first ones. Enough for what accepts in a pool. */
const MOST_THREADS = 64;

type FdUseOptions = Pick<SnapshotOptions, 'rerun' | 'isRoot'>;

/** What to read for it, and what it is then: for who asks for more at once. */
export interface FdUseQuestions {
  /** Class B: the kernel holds off the answers while the process is in an exec. */
  paths: string[];
  answered(answers: ReadonlyMap<string, Answer<ByteString>>, coverage: CoverageLog): Map<number, FdUse>;
}

/** Both by one batch of reads. `syscall` needs the right to trace a process, which Yama may refuse to all but its parents. */
export async function readFdUse(evidence: Evidence, pids: readonly number[], options: SnapshotOptions, coverage: CoverageLog): Promise<Map<number, FdUse>> {
  const { paths, answered } = askFdUse(evidence, pids, options);
  return answered(new Map((await evidence.readSlow(paths)).map((answer, index) => [paths[index]!, answer])), coverage);
}

export function askFdUse(evidence: Evidence, pids: readonly number[], options: FdUseOptions): FdUseQuestions {
  const machine = machineOf(evidence);
  const asked = pids.map((pid) => ({ pid, tids: evidence.list(`/proc/${pid}/task`).value }));
  const paths = asked.flatMap(({ pid, tids = [] }) => [
    `/proc/${pid}/cmdline`,
    ...tids.slice(0, MOST_THREADS).map((tid) => `/proc/${pid}/task/${tid}/syscall`),
  ]);
  const answered: FdUseQuestions['answered'] = (answers, coverage) => {
    noteCalls(paths.filter((path) => path.endsWith('/syscall')).map((path) => answers.get(path)!), options, coverage);
    return new Map(asked.map(({ pid, tids }) => [pid, useOf(pid, tids, answers, machine)]));
  };
  return { paths, answered };
}

function noteCalls(answers: readonly Answer<ByteString>[], options: FdUseOptions, coverage: CoverageLog): void {
  const there = answers.filter((answer) => !isGone(answer));
  const refused = there.find(({ errno }) => errno !== undefined)?.errno;
  if (there.length === 0) return;
  coverage.note({
    source: 'calls of threads',
    status: statusOf(refused),
    seen: there.filter(({ errno }) => errno === undefined).length,
    total: there.length,
    needed: false,
    ...(refused !== undefined && { detail: `${errnoWords(refused)}: whether another program uses what it got by an exec is not known` }),
    ...(statusOf(refused) === 'denied' && !options.isRoot && { fix: `sudo ${options.rerun}` }),
  });
}

function isGone({ errno }: Answer<ByteString>): boolean {
  return errno === 'ENOENT' || errno === 'ESRCH';
}

function useOf(pid: number, tids: readonly string[] | undefined, answers: ReadonlyMap<string, Answer<ByteString>>, machine: string | undefined): FdUse {
  const named = answers.get(`/proc/${pid}/cmdline`)?.value;
  const use: FdUse = { fds: named === undefined ? [] : namedFds(named), pollsBelow: 0, unread: named === undefined };
  const threads = tids?.slice(0, MOST_THREADS) ?? [];
  if (threads.length === 0 || threads.length < (tids?.length ?? 0)) use.unread = true;
  for (const tid of threads) {
    const answer = answers.get(`/proc/${pid}/task/${tid}/syscall`)!;
    // Ended meanwhile, unless it is all there is: then the kernel has no such file.
    if (isGone(answer) && threads.length > 1) continue;
    const call = parseSyscall(answer.value ?? '');
    if (call === null) use.unread = true;
    else if (call !== 'running') {
      const waits = waitsOn(call, machine);
      if (waits && 'fd' in waits) use.fds.push(waits.fd);
      else if (waits) use.pollsBelow = Math.max(use.pollsBelow, waits.below);
    }
  }
  return use;
}

/** `kernel.arch` is there since Linux 6.1. */
function machineOf(evidence: Evidence): string | undefined {
  const told = evidence.read('/proc/sys/kernel/arch').value?.trim();
  if (told !== undefined || evidence.origin === 'tape') return told;
  return { x64: 'x86_64', arm64: 'aarch64' }[process.arch as string];
}
