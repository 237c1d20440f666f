import { type Finding, fingerprint } from '../../report/index.ts';
import { duration } from '../../report/words.ts';
import type { BadFdEvent } from '../../series/index.ts';
import { between, groupBy, moreTimes, programIn, siteShape, subjectOf, traceRule } from './trace-rule.ts';

const DOUBLE = 'strace/double-close';
const USED = 'strace/use-after-close';
const EPOLL = 'strace/epoll-after-close';

const isEpoll = ({ call }: BadFdEvent): boolean => call === 'epoll_ctl';
/** What was open so long and is closed so shortly before the process ends, by another thread than its user's, was not closed too early; strace slows all of it. */
const LONG_MS = 1000;
const LAST_MS = 50;

const isDouble = ({ call }: BadFdEvent): boolean => call === 'close';

/** One finding per call and opening site: the same mistake at many numbers is one mistake. */
function perMistake(events: readonly BadFdEvent[], judge: (events: BadFdEvent[]) => Finding): Finding[] {
  return groupBy(events, (event) => [...mistakeIn(event), event.call, event.operation].join('\0')).map(judge);
}

const mistakeIn = ({ actor, closed }: BadFdEvent): string[] => [programIn(actor), siteShape(closed.fd.site || closed.fd.kind)];

/** close(n) = 0, and close(n) = -1 EBADF: harmless alone, and with threads the way to close what is somebody else's. */
export const doubleClose = traceRule(DOUBLE, 'bad-fd', (events) =>
  perMistake(events.filter(isDouble), (group) => {
    const first = group[0]!;
    const isShared = group.some(({ actor }) => actor.threads > 1);
    return {
      id: DOUBLE,
      severity: isShared ? 'warning' : 'info',
      confidence: 'certain',
      because: isShared ? 'both calls are in the log, and other threads open and close beside them: the number may be theirs by then' : 'both calls are in the log; only one thread used the table, so nothing else was hit',
      title: `${first.actor.label} closes fd ${first.fd}${whatWas(first)} twice${moreTimes(group)}`,
      subject: subjectOf('descriptor', first.closed.fd.site || first.closed.fd.kind, first.actor),
      evidence: [...pairOf(first), { name: 'second close', value: 'close = EBADF', source: first.at.source }, ...gapOf(first)],
      remedy: [{ text: 'let one place own the descriptor, and set its variable to -1 with the close', risk: 'none' }],
      fingerprint: fingerprint(DOUBLE, ...mistakeIn(first)),
    };
  }),
);

/** A call on a number that had been closed. */
export const useAfterClose = traceRule(USED, 'bad-fd', (events) =>
  perMistake(events.filter((event) => !isDouble(event) && !isEpoll(event)), (group) => {
    const first = group.find(({ stolen }) => stolen) ?? group[0]!;
    const { stolen } = first;
    const isLast = group.every(isAtItsEnd);
    return {
      id: USED,
      severity: isLast ? 'info' : 'warning',
      confidence: 'certain',
      because: stolen ? 'the thread that closed it had closed this number before, and never used what it stood for since' : `both calls are in the log${isLast ? '; the process was ending, and nothing came of it' : ''}`,
      title: stolen
        ? `${first.actor.label} lost fd ${first.fd}${whatWas(first)}: thread ${stolen.tid} closed it by closing an old number a second time, and ${first.call} failed${moreTimes(group)}`
        : `${first.actor.label} calls ${first.call} on fd ${first.fd}${whatWas(first)}, which it had closed${moreTimes(group)}`,
      subject: subjectOf('descriptor', first.closed.fd.site || first.closed.fd.kind, first.actor),
      evidence: [
        ...pairOf(first),
        ...(stolen ? [{ name: 'closed before by the same thread', value: `thread ${stolen.tid}`, source: stolen.first.source }] : []),
        { name: 'used after that', value: `${first.call} = ${first.errno}`, source: first.at.source },
        ...gapOf(first),
      ],
      remedy: [{ text: 'end what uses the descriptor (requests, timers, callbacks) before it is closed', risk: 'none' }],
      fingerprint: fingerprint(USED, first.call, ...mistakeIn(first)),
    };
  }),
);

/** epoll_ctl on a number that was closed: the registration went with it, or stays for good through a copy. */
export const epollAfterClose = traceRule(EPOLL, 'bad-fd', (events) =>
  perMistake(events.filter(isEpoll), (group) => {
    const first = group[0]!;
    return {
      id: EPOLL,
      severity: first.errno === 'EBADF' ? 'warning' : 'info',
      confidence: 'certain',
      because: first.errno === 'EBADF' ? 'close and epoll_ctl are both in the log, in the wrong order' : 'the number was closed, which ended its registration, and given out again before epoll_ctl',
      title: `${first.actor.label} calls epoll_ctl ${first.operation ?? ''} for fd ${first.fd}${whatWas(first)} after its close${moreTimes(group)}`,
      subject: subjectOf('descriptor', first.closed.fd.site || first.closed.fd.kind, first.actor),
      evidence: [...pairOf(first), { name: 'epoll_ctl after that', value: `${first.operation ?? ''} = ${first.errno}`, source: first.at.source }, ...gapOf(first)],
      remedy: [{ text: 'take it out of epoll first, close it then; a copy (dup, fork) keeps the old registration alive', risk: 'none' }],
      fingerprint: fingerprint(EPOLL, first.operation ?? '', ...mistakeIn(first)),
    };
  }),
);

function isAtItsEnd({ actor, at, closed, stolen, endedAfterMs }: BadFdEvent): boolean {
  if (stolen || endedAfterMs === null || closed.tid === actor.tid) return false;
  return (between(closed.fd.opened, closed.at) ?? 0) >= LONG_MS && (between(closed.at, at) ?? Infinity) + endedAfterMs <= LAST_MS;
}

function whatWas({ closed }: BadFdEvent): string {
  const { target, kind } = closed.fd;
  return target !== '' ? ` (${target})` : kind === 'unknown' ? '' : ` (${kind})`;
}

function pairOf({ closed }: BadFdEvent): Finding['evidence'] {
  const { fd } = closed;
  return [
    ...(fd.opened ? [{ name: 'opened', value: fd.site || fd.kind, source: fd.opened.source }] : []),
    { name: 'closed', value: `${closed.call} by thread ${closed.tid}`, source: closed.at.source },
  ];
}

function gapOf(event: BadFdEvent): Finding['evidence'] {
  const ms = between(event.closed.at, event.at);
  return ms === null ? [] : [{ name: 'time between', value: duration(ms), source: event.at.source }];
}
