/** What was read, and what a log cannot tell: calls that are filtered out, io_uring, a cut end, lines that are not strace's. */
import type { Coverage } from '../report/index.ts';
import { count, plural } from '../report/words.ts';
import type { CoverageEvent } from '../series/index.ts';
import { placeOf } from './read/logs.ts';
import type { Ran } from './run.ts';

/** With fewer opens a log without close() says nothing of filters. */
const OPENS = 10;

interface Seen {
  opens: number;
  closes: number;
  hasForks: boolean;
  processes: number;
}

function seenIn({ analysis }: Ran): Seen {
  const { names, stats } = analysis.follower;
  const of = (...calls: string[]): number => calls.reduce((sum, call) => sum + (stats.counts[names.text.indexOf(call)] ?? 0), 0);
  return {
    opens: analysis.model.fds.sites.all.reduce((sum, { opened }) => sum + opened, 0),
    closes: of('close', 'close_range'),
    hasForks: of('clone', 'clone3', 'fork', 'vfork') > 0,
    processes: analysis.processCount,
  };
}

/** Doubts the findings of this log must be read with. */
export function coverageEvent(ran: Ran): CoverageEvent | undefined {
  const { analysis } = ran;
  const { opens, closes } = seenIn(ran);
  const reasons: CoverageEvent['reasons'] = [];
  if (opens >= OPENS && closes === 0) reasons.push({ text: 'no close() is in this log: it was recorded with a filter, and nothing it opened can be called leaked', weight: 'doubt', count: opens });
  if (analysis.usedIoUring) reasons.push({ text: 'io_uring is used: what is opened, accepted and closed through it never shows in a trace', weight: 'doubt', count: 1 });
  if (analysis.repairs > 0) reasons.push({ text: 'numbers were given out that were believed open, or used that were believed closed: calls are missing in the log', weight: analysis.repairs * 50 > opens ? 'doubt' : 'note', count: analysis.repairs });
  const { follower } = analysis;
  if (follower.mender.unclassified > 0) {
    reasons.push({ text: `lines that are not strace's, the first ${placeOf(follower.mender.firstUnclassified, ran.names)}: another program wrote into the log, or it is damaged`, weight: 'note', count: follower.mender.unclassified });
  }
  if (follower.clock.backwards > 0) reasons.push({ text: 'the clock went back', weight: 'note', count: follower.clock.backwards });
  if (ran.shortened > 0) reasons.push({ text: 'lines longer than 1 MiB were shortened', weight: 'note', count: ran.shortened });
  if (reasons.length === 0) return undefined;
  const place = { source: placeOf(1, ran.names), ms: null };
  return { type: 'trace', what: 'coverage', at: place, actor: { pid: 0, tid: 0, label: 'the log', threads: 0 }, reasons };
}

export function coverageOf(ran: Ran): Coverage[] {
  const { analysis, names, missing } = ran;
  const { opens, closes } = seenIn(ran);
  const { follower } = analysis;
  const shown = names.length > 3 ? `${names[0]} and ${count(names.length - 1)} more` : names.join(', ');
  const cut = ran.stopped ? 'not read to its end' : ran.isCut ? 'its last line is cut' : undefined;
  const list: Coverage[] = [
    { source: shown, status: ran.stopped && cut ? 'partial' : 'ok', seen: follower.lines, ...(cut !== undefined && { detail: `${plural('line', follower.lines)}; ${cut}` }), needed: false },
  ];
  for (const { name, problem } of missing) list.push({ source: name, status: 'absent', detail: problem, needed: true });
  if (opens >= OPENS && closes === 0) {
    list.push({ source: 'close() in the log', status: 'absent', detail: 'filtered out when the log was made: what stays open cannot be told', fix: 'strace -f -tt -y -e trace=%desc,%process -o app.strace -p PID', needed: true });
  }
  if (analysis.usedIoUring) list.push({ source: 'io_uring', status: 'unsupported', detail: 'what is opened and closed through it never shows in a trace', needed: false });
  return list;
}
