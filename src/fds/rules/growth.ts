import { shapeOf } from '../../kernel/shape.ts';
import type { Confidence, Finding, Remedy, Severity } from '../../report/index.ts';
import { fingerprint, lastEventRule } from '../../report/index.ts';
import { count, duration, plural } from '../../report/words.ts';
import { type Forecast, forecast, type TrendsEvent, type WatchedGroup, type WatchedProcess } from '../../series/index.ts';

const ID = 'fd/growth';
/** With the limit this near at the slowest rate seen, somebody must act now. */
const SOON_MINUTES = 60;

/** A group that keeps what it opens. Judged by survivors, not by the slope of a count. */
export const growth = lastEventRule<TrendsEvent>(ID, 'trends', (event) =>
  event.groups.filter(({ trend }) => trend === 'growing' || trend === 'grew').map((group) => findingOf(event, group)),
);

function findingOf(event: TrendsEvent, group: WatchedGroup): Finding {
  const first = firstAtLimit(event, group);
  const process = first?.process ?? event.processes.find(({ pid }) => pid === group.keptBy[0]?.pid) ?? event.processes[0]!;
  const { severity, confidence } = judge(group, first?.ahead);
  const name = group.key === group.kind ? `${group.kind} descriptors` : `${group.kind} ${group.key}`;
  return {
    id: ID,
    severity,
    confidence,
    because: group.trend === 'growing' && group.byOthers ? `${group.because}; but clients keep these open, and more of them that stay long look the same` : group.because,
    title: titleOf(event, group, name) + limitWords(event, first),
    subject: { kind: 'descriptors', key: `${group.kind} ${group.key}`, pid: process.pid, startTime: process.startTime },
    evidence: [
      { name: 'opened in the window and kept', value: group.survivorsGained, source: event.source },
      { name: 'growth', value: round(group.growthPerMinute), unit: 'per minute', source: event.source },
      { name: 'open at start and end', value: `${count(group.atStart)} and ${count(group.atEnd)}`, source: event.source },
      { name: 'opened and closed meanwhile', value: `${count(group.births)} and ${count(group.deaths)}`, source: event.source },
      { name: 'window', value: Math.round(event.windowMs), unit: 'ms', source: `${event.samples} samples` },
    ],
    remedy: remediesOf(process.pid, group),
    fingerprint: fingerprint(ID, group.kind, group.kind === 'file' || group.kind === 'directory' ? shapeOf(group.key) : group.kind),
  };
}

interface AtLimit {
  process: WatchedProcess;
  ahead: Forecast;
}

/** Each process has a limit of its own, and its own part of the growth. Undefined when none gets there. */
function firstAtLimit({ processes }: TrendsEvent, { trend, keptBy, slowestPerMinute, fastestPerMinute }: WatchedGroup): AtLimit | undefined {
  if (trend !== 'growing') return undefined;
  const kept = keptBy.reduce((sum, { count: each }) => sum + each, 0);
  let first: AtLimit | undefined;
  for (const { pid, count: own } of keptBy) {
    const process = processes.find((candidate) => candidate.pid === pid);
    if (!process || process.limit.soft === null) continue;
    const part = own / kept;
    const ahead = forecast(process.limit.soft - process.open, slowestPerMinute * part, fastestPerMinute * part);
    if (ahead && (!first || ahead.earliestMinutes < first.ahead.earliestMinutes)) first = { process, ahead };
  }
  return first;
}

function judge(group: WatchedGroup, ahead: Forecast | undefined): { severity: Severity; confidence: Confidence } {
  if (group.trend === 'grew' || group.byOthers) return { severity: 'info', confidence: 'hint' };
  if (group.quality === 'weak') return { severity: 'warning', confidence: 'hint' };
  const soon = ahead !== undefined && ahead.latestMinutes !== null && ahead.latestMinutes <= SOON_MINUTES;
  return { severity: soon ? 'critical' : 'warning', confidence: 'likely' };
}

function titleOf(event: TrendsEvent, group: WatchedGroup, name: string): string {
  const window = duration(event.windowMs);
  const kept = `${plural('descriptor', group.survivorsGained)} more in ${window}`;
  if (group.trend === 'grew') return `${name} of ${event.label}: ${kept}, but not all through the window`;
  return `${name} of ${event.label} grows by ${count(round(group.growthPerMinute))} a minute: ${kept}, and kept`;
}

function limitWords({ processes }: TrendsEvent, first: AtLimit | undefined): string {
  if (!first) return '';
  const { ahead, process } = first;
  const limit = `the limit of ${count(process.limit.soft ?? 0)}${processes.length > 1 ? ` of process ${process.pid}` : ''}`;
  const earliest = duration(ahead.earliestMinutes * 60_000);
  const latest = ahead.latestMinutes === null ? 'later' : duration(ahead.latestMinutes * 60_000);
  return `; ${limit} is reached in ${earliest === latest ? earliest : `${earliest} to ${latest}`}`;
}

function remediesOf(pid: number, group: WatchedGroup): Remedy[] {
  if (group.trend === 'grew') return [{ text: 'watch longer: a step or a pool that fills stops, a leak does not', command: `reloadctl fds ${pid} --watch 5m`, risk: 'none' }];
  return [
    { text: 'see which these are', command: `reloadctl fds ${pid} --list --where 'kind=${group.kind}'`, risk: 'none' },
    { text: 'gain time while the cause is sought: raise the limit, or restart the program when it can be spared', risk: 'restart' },
  ];
}

function round(rate: number): number {
  return rate >= 10 ? Math.round(rate) : Math.round(rate * 10) / 10;
}
