import { shapeOf } from '../../kernel/shape.ts';
import type { Confidence, Finding, Remedy, RuleDefinition, Severity } from '../../report/index.ts';
import { fingerprint } from '../../report/index.ts';
import { count, duration, plural } from '../../report/words.ts';
import { type Forecast, forecast, type TrendsEvent, type WatchedGroup } from '../../series/index.ts';

const ID = 'fd/growth';
/** With the limit this near at the slowest rate seen, somebody must act now. */
const SOON_MINUTES = 60;

/** A group that keeps what it opens. Judged by survivors, not by the slope of a count. */
export const growth: RuleDefinition<TrendsEvent> = {
  id: ID,
  create() {
    let last: TrendsEvent | undefined;
    return {
      observe(event) {
        if (event.type === 'trends') last = event;
      },
      finish: () => (last ? last.groups.filter(({ trend }) => trend === 'growing' || trend === 'grew').map((group) => findingOf(last!, group)) : []),
    };
  },
};

function findingOf(event: TrendsEvent, group: WatchedGroup): Finding {
  const { process } = event;
  const { soft } = process.limit;
  const ahead = soft === null ? null : forecast(soft - process.open, group.slowestPerMinute, group.fastestPerMinute);
  const { severity, confidence } = judge(group, ahead);
  const name = group.key === group.kind ? `${group.kind} descriptors` : `${group.kind} ${group.key}`;
  return {
    id: ID,
    severity,
    confidence,
    because: group.because,
    title: titleOf(event, group, name, ahead),
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

function judge(group: WatchedGroup, ahead: Forecast | null): { severity: Severity; confidence: Confidence } {
  if (group.trend === 'grew') return { severity: 'info', confidence: 'hint' };
  if (group.quality === 'weak') return { severity: 'warning', confidence: 'hint' };
  const soon = ahead !== null && ahead.latestMinutes !== null && ahead.latestMinutes <= SOON_MINUTES;
  return { severity: soon ? 'critical' : 'warning', confidence: 'likely' };
}

function titleOf(event: TrendsEvent, group: WatchedGroup, name: string, ahead: Forecast | null): string {
  const window = duration(event.windowMs);
  const kept = `${plural('descriptor', group.survivorsGained)} more in ${window}`;
  if (group.trend === 'grew') return `${name} of ${event.label}: ${kept}, but not all through the window`;
  return `${name} of ${event.label} grows by ${count(round(group.growthPerMinute))} a minute: ${kept}, and kept${limitWords(event, ahead)}`;
}

function limitWords(event: TrendsEvent, ahead: Forecast | null): string {
  const { soft } = event.process.limit;
  if (!ahead || soft === null) return '';
  const earliest = duration(ahead.earliestMinutes * 60_000);
  const latest = ahead.latestMinutes === null ? 'later' : duration(ahead.latestMinutes * 60_000);
  return earliest === latest ? `; the limit of ${count(soft)} is reached in ${earliest}` : `; the limit of ${count(soft)} is reached in ${earliest} to ${latest}`;
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
