import { shapeOf } from '../../kernel/shape.ts';
import { type EvidenceItem, type Finding, fingerprint, type Severity } from '../../report/index.ts';
import { count, duration, plural } from '../../report/words.ts';
import { type Forecast, forecast, type SiteEvent } from '../../series/index.ts';
import { groupBy, subjectOf, traceRule } from './trace-rule.ts';

const ID = 'strace/leak';
const SOON_MINUTES = 60;
/** In a log shorter than this what is kept may be kept on purpose, unless most of the same site was closed. */
const SHORT_MS = 5000;
const MOSTLY_CLOSED = 0.5;
/** Kept to the end of a process that ended: less than these are its own business. */
const LEAST_AT_EXIT = 4;
const ACCEPT = /^accept4?\b/;

/** A site that keeps opening what is never closed. */
export const leak = traceRule(ID, 'site', (events) => groupBy(events, ({ site, kind }) => `${kind}\0${site}`).flatMap(judge));

interface Judged {
  event: SiteEvent;
  severity: Severity;
  ahead: Forecast | null;
}

function judge(events: SiteEvent[]): Finding[] {
  const judged = events.flatMap((event): Judged[] => {
    const severity = severityOf(event);
    return severity ? [{ event, ...severity }] : [];
  });
  if (judged.length === 0) return [];
  const rank = { critical: 0, warning: 1, info: 2 };
  judged.sort((a, b) => rank[a.severity] - rank[b.severity] || b.event.open - a.event.open);
  return [findingOf(judged[0]!, judged.length)];
}

function severityOf(event: SiteEvent): Omit<Judged, 'event'> | null {
  const { trend, site, opened, closed, limit, windowMs, ended, processOpen } = event;
  // A table that was replaced by exec: the kernel closed what had CLOEXEC, and strace/exec-inherit tells the rest.
  if (ended === 'exec' || trend.trend !== 'growing' || event.open < LEAST_AT_EXIT) return null;
  const isShort = windowMs === null || windowMs < SHORT_MS;
  // Connections that came in stay as long as their clients do: more of them may just be more clients.
  if ((isShort || ACCEPT.test(site)) && closed < opened * MOSTLY_CLOSED) return { severity: 'info', ahead: null };
  const ahead = limit === null || windowMs === null || isShort ? null : forecast(limit - processOpen, trend.slowestPerMinute, trend.fastestPerMinute);
  const isSoon = ended === 'log' && ahead !== null && ahead.latestMinutes !== null && ahead.latestMinutes <= SOON_MINUTES;
  return { severity: isSoon && !event.repaired ? 'critical' : 'warning', ahead };
}

function findingOf({ event, severity, ahead }: Judged, processes: number): Finding {
  const { site, opened, closed, open, actor, examples, windowMs, ended } = event;
  const isHint = severity === 'info' || event.repaired;
  const until = ended === 'log' ? 'at the end of the log' : 'when it ended';
  const others = processes > 1 ? `, and so do ${plural('more process', processes - 1, 'more processes')}` : '';
  return {
    id: ID,
    severity,
    confidence: isHint ? 'hint' : 'likely',
    because: event.repaired ? 'calls are missing in the log: what looks open may have been closed unseen' : `every open and close of it is in the log; ${event.trend.because}`,
    title: `${actor.label} leaves open what ${site} opens: ${count(opened)} opened, ${count(closed)} closed, ${count(open)} open ${until}${rateWords(event)}${limitWords(event, ahead)}${others}`,
    subject: subjectOf('site', site, actor),
    evidence: [
      { name: 'opened', value: opened, source: event.at.source },
      { name: 'closed', value: closed, source: event.at.source },
      { name: `open ${until}`, value: open, source: event.at.source, ...(event.limit !== null && { limit: event.limit }) },
      ...(windowMs === null ? [] : [{ name: 'seen for', value: Math.round(windowMs), unit: 'ms', source: event.at.source }]),
      ...examples.map(({ fd, target, opened: at }): EvidenceItem => ({ name: `still open, fd ${fd}`, value: target === '' ? event.kind : target, source: at?.source ?? event.at.source })),
    ],
    remedy: [{ text: /[/:(]/.test(site) && !site.includes(' /') ? 'close in every way out of the code at this place: errors, timeouts, cancelled requests' : 'see the code that opens: record again with -k', ...(site.includes(' /') || !/[/:(]/.test(site) ? { command: 'strace -f -tt -y -k -e trace=%desc,%process -o app.strace -p PID' } : {}), risk: 'none' }],
    fingerprint: fingerprint(ID, event.kind, site.replace(/\/\S*/g, shapeOf)),
  };
}

function rateWords({ trend, windowMs }: SiteEvent): string {
  return windowMs === null || windowMs < SHORT_MS || trend.growthPerMinute <= 0 ? '' : `, ${count(trend.growthPerMinute >= 10 ? Math.round(trend.growthPerMinute) : Math.round(trend.growthPerMinute * 10) / 10)} more a minute`;
}

function limitWords({ limit, ended }: SiteEvent, ahead: Forecast | null): string {
  if (!ahead || limit === null || ended !== 'log') return '';
  return `; the limit of ${count(limit)} is reached in ${duration(ahead.earliestMinutes * 60_000)}${ahead.latestMinutes === null ? ' or later' : ` to ${duration(ahead.latestMinutes * 60_000)}`}`;
}
