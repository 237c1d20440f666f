/** `fds --overhead`: what the look itself cost, this host and the target. */
import type { ReportOutcome } from '../command.ts';
import type { Hold, HoldTimes, MeteredEvidence } from '../evidence/index.ts';
import type { Block } from '../render/index.ts';
import { count } from '../report/words.ts';

/** Up to the moment the report is made; what it is written with comes on top. */
export interface Overhead {
  /** Since the program was started. */
  wallMs: number;
  cpuMs: number;
  /** Of the children that read what may block, in steps of 10 ms. */
  childCpuMs: number | null;
  peakBytes: number;
  /** Questions to the kernel by name; each is one to a few system calls. */
  questions: Record<string, number>;
  /** What held something of the target, and at most how long at a time. */
  holds: { kind: Hold; count: number; longestMs: number }[];
  /** The longest of them; null when nothing did. */
  longestHoldMs: number | null;
}

/** The outcome with what the look itself cost, in `data.overhead` and at the end of the text. */
export function withOverhead(outcome: ReportOutcome, meter: MeteredEvidence): ReportOutcome {
  const overhead = overheadOf(meter);
  return { ...outcome, data: { ...outcome.data, overhead }, body: () => withBlocks(outcome.body(), overhead) };
}

function overheadOf(meter: MeteredEvidence): Overhead {
  const { wallMs, cpuMs, childCpuMs, peakBytes } = meter.cost();
  const entries = Object.entries(meter.holds()) as [Hold, HoldTimes][];
  const holds = entries.map(([kind, { count, longestMs }]) => ({ kind, count, longestMs: rounded(longestMs) }));
  return {
    wallMs: rounded(wallMs),
    cpuMs: rounded(cpuMs),
    childCpuMs,
    peakBytes,
    questions: meter.questions(),
    holds: holds.sort((a, b) => b.longestMs - a.longestMs),
    longestHoldMs: holds.length === 0 ? null : Math.max(...holds.map(({ longestMs }) => longestMs)),
  };
}

/** To the microsecond: more is noise. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

const HELD: Record<Hold, string> = {
  fdinfo: 'epoll and inotify fdinfo, with the start of the child that reads it',
  kcmp: 'kcmp',
  pidfd_getfd: 'copy of a socket',
};

function* withBlocks(body: Iterable<Block>, overhead: Overhead): Generator<Block> {
  yield* body;
  const questions = Object.entries(overhead.questions);
  const asked = questions.reduce((sum, [, times]) => sum + times, 0);
  const byName = questions.sort(([, a], [, b]) => b - a).map(([name, times]) => `${name} ${count(times)}`);
  const children = overhead.childCpuMs ? ` and ${overhead.childCpuMs} ms in children` : '';
  yield { type: 'blank' };
  yield { type: 'heading', text: 'Overhead of this look' };
  yield {
    type: 'facts',
    items: [
      ['CPU', `${overhead.cpuMs.toFixed(1)} ms${children}, in ${overhead.wallMs.toFixed(1)} ms`],
      ['memory', `${(overhead.peakBytes / 2 ** 20).toFixed(1)} MiB at most`],
      ['questions', `${count(asked)}: ${byName.join(', ')}`],
      ...(overhead.holds.length === 0 ? [['target held', 'never'] as const] : []),
      ...overhead.holds.map((hold) => ['target held', heldWords(hold)] as const),
    ],
  };
}

function heldWords({ kind, count: times, longestMs }: Overhead['holds'][number]): string {
  return `at most ${longestMs.toFixed(3)} ms at a time, ${times === 1 ? 'once' : `${count(times)} times`} (${HELD[kind]})`;
}
