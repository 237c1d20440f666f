/** What was read, and what a log cannot tell: calls that are filtered out, io_uring, a cut end, lines that are not strace's. */
import type { Coverage } from '../report/index.ts';
import { count, plural } from '../report/words.ts';
import type { CoverageEvent } from '../series/index.ts';
import type { Unseen } from './calls/call.ts';
import { placeOf } from './read/logs.ts';
import type { Ran } from './run.ts';

/** With fewer opens a log without close() says nothing of filters. */
const OPENS = 10;
const GAPS_SHOWN = 5;
const UNSEEN: Record<Exclude<Unseen, 'fanotify made'>, string> = {
  io_uring: 'what is opened, accepted and closed through it never shows in a trace',
  fanotify: 'its events bring descriptors, which stand in the bytes that are read: not all of these are in the log (record with -s 4096 and read)',
  'a pid namespace': 'calls name processes there by other numbers than strace does: who is whose child was told by the order of lines',
  SCM_PIDFD: 'which number the pidfd got that comes with a message is not shown by strace before 6.5, and was not plain from what was open',
};

interface Seen {
  opens: number;
  closes: number;
  reads: number;
  hasForks: boolean;
  processes: number;
}

function seenIn({ analysis }: Ran): Seen {
  const { names, stats } = analysis.follower;
  const of = (...calls: string[]): number => calls.reduce((sum, call) => sum + (stats.counts[names.text.indexOf(call)] ?? 0), 0);
  return {
    opens: analysis.model.fds.sites.all.reduce((sum, { opened }) => sum + opened, 0),
    closes: of('close', 'close_range'),
    reads: of('read'),
    hasForks: of('clone', 'clone3', 'fork', 'vfork') > 0,
    processes: analysis.processCount,
  };
}

/** Ways to descriptors that this log does not show. */
function unseenIn(ran: Ran): (keyof typeof UNSEEN)[] {
  const { unseen } = ran.analysis;
  const own = [...unseen].filter((what) => what !== 'fanotify made');
  return unseen.has('fanotify made') && !unseen.has('fanotify') && seenIn(ran).reads === 0 ? [...own, 'fanotify'] : own;
}

/** close() was filtered out when the log was made: of nothing in it can be told that it stayed open. */
export function hidesCloses(ran: Ran): boolean {
  const { opens, closes } = seenIn(ran);
  return !ran.isOwn && opens >= OPENS && closes === 0;
}

/** Doubts the findings of this log must be read with. */
export function coverageEvent(ran: Ran): CoverageEvent | undefined {
  const { analysis } = ran;
  const { opens } = seenIn(ran);
  const reasons: CoverageEvent['reasons'] = [];
  if (hidesCloses(ran)) reasons.push({ text: 'no close() is in this log: it was recorded with a filter, and nothing it opened can be called leaked', weight: 'doubt', count: opens });
  for (const what of unseenIn(ran)) reasons.push({ text: `${what} is used: ${UNSEEN[what]}`, weight: what === 'io_uring' ? 'doubt' : 'note', count: 1 });
  if (analysis.repairs > 0 && !hidesCloses(ran)) reasons.push({ text: `numbers were given out that were believed open, or used that were believed closed: ${(analysis.follower.order?.shared ?? 0) > 0 ? 'files of -ff do not tell in which order calls of threads returned, or calls are missing' : 'calls are missing in the log'}`, weight: analysis.repairs * 50 > opens ? 'doubt' : 'note', count: analysis.repairs });
  if (ran.gaps.length > 0) reasons.push({ text: `a set of files with gaps: ${ran.gaps[0]!.words}`, weight: 'doubt', count: ran.gaps.length });
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

/** Who names one file asks for that one. */
function gapCoverage({ gaps, names }: Ran): Coverage[] {
  const stem = names[0]!.replace(/\.\d+(?:\.gz|\.zst)?$/, '');
  const shown = gaps.slice(0, GAPS_SHOWN).map(({ pid, words }): Coverage => ({ source: pid === undefined ? `${stem}.*` : `${stem}.${pid}`, status: 'absent', detail: words, needed: names.length > 1 }));
  const more = gaps.length - shown.length;
  return more > 0 ? [...shown, { source: `${stem}.*`, status: 'absent', detail: `${plural('more file', more)} missing in the set`, needed: names.length > 1 }] : shown;
}

export function coverageOf(ran: Ran): Coverage[] {
  const { analysis, names, missing } = ran;
  const { follower } = analysis;
  const shown = names.length > 3 ? `${names[0]} and ${count(names.length - 1)} more` : names.join(', ');
  const cut = ran.until !== undefined ? `up to ${ran.until}` : ran.stopped ? 'not read to its end' : ran.isCut ? 'its last line is cut' : undefined;
  const list: Coverage[] = [
    { source: shown, status: ran.stopped && ran.until === undefined ? 'partial' : 'ok', seen: follower.lines, ...(cut !== undefined && { detail: `${plural('line', follower.lines)}; ${cut}` }), needed: false },
  ];
  for (const { name, problem } of ran.broken) list.push({ source: name, status: 'partial', detail: `${problem}; what came before was read`, needed: true });
  list.push(...gapCoverage(ran));
  for (const { name, problem } of missing) list.push({ source: name, status: 'absent', detail: problem, needed: true });
  if (hidesCloses(ran)) {
    list.push({ source: 'close() in the log', status: 'absent', detail: 'filtered out when the log was made: what stays open cannot be told', fix: 'strace -f -tt -y -e trace=%desc,%process -o app.strace -p PID', needed: true });
  }
  for (const what of unseenIn(ran)) list.push({ source: what, status: 'unsupported', detail: UNSEEN[what], needed: false });
  return list;
}
