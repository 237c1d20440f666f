import { type EvidenceItem, type Finding, fingerprint, type Severity } from '../../report/index.ts';
import { count, duration, plural } from '../../report/words.ts';
import { type Forecast, forecast, type SiteEvent } from '../../series/index.ts';
import { groupBy, siteShape, subjectOf, traceRule } from './trace-rule.ts';

const ID = 'strace/leak';
const SOON_MINUTES = 60;
/** In a log shorter than this what is kept may be kept on purpose, unless most of the same site was closed. */
const SHORT_MS = 5000;
const MOSTLY_CLOSED = 0.5;
/** Kept to the end of a process that ended: less than these are its own business. */
const LEAST_AT_EXIT = 4;
const ACCEPT = /^accept4?\b/;
/** Nothing is told of times so many times longer than what was seen. */
const AHEAD = 10;
/** A forecast is worth an alarm when it was seen so long, or when so much of the limit is used. */
const LONG_MS = 60_000;
const MUCH_USED = 0.25;
/** Sites of one shape told each for itself. */
const MOST_ALIKE = 8;

/** A site that keeps opening what is never closed. */
export const leak = traceRule(ID, 'site', (events) =>
  groupBy(events, ({ site, kind }) => `${kind}\0${siteShape(site)}`).flatMap((alike) => {
    const sites = groupBy(alike, ({ site }) => site);
    const judged = (sites.length > MOST_ALIKE ? [alike] : sites).map(judge).filter((one) => one.length > 0);
    return judged.map(findingOf);
  }),
);

interface Judged {
  event: SiteEvent;
  severity: Severity;
  ahead: Forecast | null;
}

function judge(events: SiteEvent[]): Judged[] {
  const judged = events.flatMap((event): Judged[] => {
    const severity = severityOf(event);
    return severity ? [{ event, ...severity }] : [];
  });
  const rank = { critical: 0, warning: 1, info: 2 };
  return judged.sort((a, b) => rank[a.severity] - rank[b.severity] || b.event.open - a.event.open);
}

function severityOf(event: SiteEvent): Omit<Judged, 'event'> | null {
  const { trend, site, opened, closed, open, inUse, polled, limit, windowMs, steadyMs, ended, processOpen } = event;
  const lost = open - inUse;
  // A table that was replaced by exec: the kernel closed what had CLOEXEC, and strace/exec-inherit tells the rest.
  if (ended === 'exec' || trend.trend !== 'growing' || lost < LEAST_AT_EXIT) return null;
  const isShort = windowMs === null || windowMs < SHORT_MS;
  // Connections stay as long as both sides want: more of them may just be more clients. What epoll waits for is not forgotten.
  if ((isShort || ACCEPT.test(site) || polled * 2 >= lost) && closed < opened * MOSTLY_CLOSED) return { severity: 'info', ahead: null };
  if (limit === null || isShort || ended !== 'log' || !steadyMs) return { severity: 'warning', ahead: null };
  const ahead = forecast(limit - processOpen, trend.slowestPerMinute, trend.fastestPerMinute);
  const latest = ahead?.latestMinutes ?? Infinity;
  if (latest * 60_000 > AHEAD * steadyMs) return { severity: 'warning', ahead: null };
  const isSure = steadyMs >= LONG_MS || processOpen >= limit * MUCH_USED;
  return { severity: isSure && latest <= SOON_MINUTES && !event.repaired ? 'critical' : 'warning', ahead };
}

/** @param nth among sites of the same shape: each has a fingerprint of its own */
function findingOf(judged: readonly Judged[], nth: number): Finding {
  const { event, severity, ahead } = judged[0]!;
  const { site, opened, closed, open, actor, examples, windowMs, ended } = event;
  const isHint = severity === 'info' || event.repaired;
  const until = ended === 'log' ? 'at the end of the log' : 'when it ended';
  const others = othersOf(judged);
  const used = event.inUse > 0 ? ` (${count(event.inUse)} of them in use)` : '';
  return {
    id: ID,
    severity,
    confidence: isHint ? 'hint' : 'likely',
    because: event.repaired ? 'calls are missing in the log: what looks open may have been closed unseen' : `every open and close of it is in the log; ${event.trend.because}`,
    title: `${actor.label} leaves open what ${site} opens: ${count(opened)} opened, ${count(closed)} closed, ${count(open)} open ${until}${used}${rateWords(event)}${limitWords(event, ahead)}${others}`,
    subject: subjectOf('site', site, actor),
    evidence: [
      { name: 'opened', value: opened, source: event.at.source },
      { name: 'closed', value: closed, source: event.at.source },
      { name: `open ${until}`, value: open, source: event.at.source, ...(event.limit !== null && { limit: event.limit }) },
      ...(windowMs === null ? [] : [{ name: 'seen for', value: Math.round(windowMs), unit: 'ms', source: event.at.source }]),
      ...examples.map(({ fd, target, opened: at }): EvidenceItem => ({ name: `still open, fd ${fd}`, value: target === '' ? event.kind : target, source: at?.source ?? event.at.source })),
    ],
    remedy: [remedyOf(site)],
    fingerprint: fingerprint(ID, event.kind, siteShape(site), ...(nth > 0 ? [String.fromCharCode(97 + nth)] : [])),
  };
}

/** A place in code is closed there; of a call and a path that place is looked for first. */
function remedyOf(site: string): Finding['remedy'][number] {
  return /[/:(]/.test(site) && !site.includes(' /')
    ? { text: 'close in every way out of the code at this place: errors, timeouts, cancelled requests', risk: 'none' }
    : { text: 'see the code that opens: record it with stacks, which stops the process at each call', command: 'reloadctl strace -p PID --stacks --for 10s', risk: 'live' };
}

/** Who else, and where else. */
function othersOf(judged: readonly Judged[]): string {
  const processes = new Set(judged.map(({ event }) => event.actor.label)).size - 1;
  const places = new Set(judged.map(({ event }) => event.site)).size - 1;
  return `${places > 0 ? `, and so is what ${plural('more place', places)} like it open${places === 1 ? 's' : ''}` : ''}${processes > 0 ? `, and so do ${plural('more process', processes, 'more processes')}` : ''}`;
}

function rateWords({ trend, windowMs, steadyMs }: SiteEvent): string {
  return steadyMs === 0 || windowMs === null || windowMs < SHORT_MS || trend.growthPerMinute <= 0 ? '' : `, ${count(trend.growthPerMinute >= 10 ? Math.round(trend.growthPerMinute) : Math.round(trend.growthPerMinute * 10) / 10)} more a minute`;
}

function limitWords({ limit, ended }: SiteEvent, ahead: Forecast | null): string {
  if (!ahead || limit === null || ended !== 'log') return '';
  return `; the limit of ${count(limit)} is reached in ${duration(ahead.earliestMinutes * 60_000)}${ahead.latestMinutes === null ? ' or later' : ` to ${duration(ahead.latestMinutes * 60_000)}`}`;
}
