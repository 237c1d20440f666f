import { fingerprint } from '../../report/index.ts';
import { count, duration, listOf, plural } from '../../report/words.ts';
import { groupBy, moreTimes, programIn, subjectOf, traceRule } from './trace-rule.ts';

const IN_USE = 'strace/address-in-use';
const GAP = 'strace/listen-gap';
const SLOW = 'strace/slow-accept';
/** Slower than this nobody accepts on purpose. */
const WARNING_MS = 1000;

/** bind failed with EADDRINUSE. */
export const addressInUse = traceRule(IN_USE, 'address-in-use', (events) =>
  groupBy(events, ({ address, succeeded, instead, actor }) => (instead === null ? `${address}\0${succeeded}` : `${programIn(actor)}\0instead`)).map((group) => {
    const { address, actor, at, holders, reusePort, reuseAddress, succeeded, instead } = group[0]!;
    const times = group.reduce((sum, event) => sum + event.times, 0);
    const others = new Set(group.map((event) => event.address)).size - 1;
    const again = others > 0 ? `, and so it was with ${plural('other address', others, 'other addresses')}` : times > 1 ? ` (${count(times)} times)` : '';
    const reuse = [...(reuseAddress ? ['SO_REUSEADDR'] : []), ...(reusePort ? ['SO_REUSEPORT'] : [])];
    return {
      id: IN_USE,
      severity: succeeded ? 'info' : 'warning',
      confidence: 'certain',
      because: instead !== null ? 'the kernel answered EADDRINUSE, and the process took another port right after: it was looking for a free one' : succeeded ? 'the kernel answered EADDRINUSE, and a later bind of the same process succeeded' : 'the kernel answered EADDRINUSE, and no later bind of the process succeeded',
      title: `${actor.label} could not bind ${address}: it is in use${holders.length > 0 ? ` by ${listOf(holders.map(({ label }) => label), 2)}` : ''}${instead !== null ? `, and took ${instead} instead` : succeeded ? ', and got it later' : ''}${again}`,
      subject: subjectOf('listener', address, actor),
      evidence: [
        { name: 'bind', value: 'EADDRINUSE', source: at.source },
        { name: 'options set before', value: reuse.length > 0 ? reuse.join(', ') : 'none', source: at.source },
        ...holders.map(({ label, fd, opened }) => ({ name: 'held by', value: `${label}, fd ${fd}`, source: opened?.source ?? at.source })),
      ],
      remedy: [{ text: 'hand the listener over (LISTEN_FDS, SCM_RIGHTS); with SO_REUSEPORT in both generations the bind succeeds, but what waits at the old socket is reset when it closes; a child that inherited the old one by accident holds it too', risk: 'none' }],
      fingerprint: fingerprint(IN_USE, address.replace(/.*[:/]/, '')),
    };
  }),
);

/** Between two generations nobody listened: connects were refused. */
export const listenGap = traceRule(GAP, 'listen-gap', (events) =>
  groupBy(events, ({ address, isOwn }) => `${address}\0${isOwn}`).map((group) => {
    const { address, actor, at, gone, before, ms, isOwn } = group.toSorted((a, b) => (b.ms ?? 0) - (a.ms ?? 0))[0]!;
    const long = ms === null ? '' : ` for ${duration(ms)}`;
    return {
      id: GAP,
      severity: isOwn ? 'info' : 'warning',
      confidence: isOwn ? 'hint' : 'likely',
      because: isOwn
        ? 'the same process closed the listener and listened again, without a signal or a child before: so do tests that start one server after the other'
        : 'the last listener of this address in the log was closed before the next one listened; a process that is not in the log may have listened meanwhile',
      title: `nobody listened on ${address}${long} between ${before} and ${actor.label}${moreTimes(group)}`,
      subject: subjectOf('listener', address, actor),
      evidence: [
        { name: 'last listener closed', value: before, source: gone.source },
        { name: 'next listen', value: actor.label, source: at.source },
        ...(ms === null ? [] : [{ name: 'gap', value: Math.round(ms * 1000) / 1000, unit: 'ms', source: at.source }]),
      ],
      remedy: [{ text: isOwn ? 'where clients must not be refused meanwhile, keep the listener open' : 'let the new generation listen before the old one closes: hand the socket over (with SO_REUSEPORT instead, what waits at the old one is reset when it closes)', risk: 'none' }],
      fingerprint: fingerprint(GAP, address.replace(/.*[:/]/, '')),
    };
  }),
);

/** epoll reported connections, and nobody took them for long. */
export const slowAccept = traceRule(SLOW, 'slow-accept', (events) =>
  groupBy(events, ({ address }) => address).map((group) => {
    const { address, actor, at, ms } = group.toSorted((a, b) => b.ms - a.ms)[0]!;
    const times = group.reduce((sum, event) => sum + event.times, 0);
    return {
      id: SLOW,
      severity: ms >= WARNING_MS ? 'warning' : 'info',
      confidence: ms >= WARNING_MS ? 'likely' : 'hint',
      because: 'the time between epoll reporting the listener and the next accept on it is in the log; strace itself makes everything slower',
      title: `${actor.label} let connections to ${address} wait for up to ${duration(ms)} after epoll reported them (${plural('time', times)})`,
      subject: subjectOf('listener', address, actor),
      evidence: [{ name: 'longest wait', value: Math.round(ms), unit: 'ms', source: at.source }],
      remedy: [{ text: 'see what the thread does between epoll_wait and accept: it is busy, or blocked', risk: 'none' }],
      fingerprint: fingerprint(SLOW, address.replace(/.*[:/]/, '')),
    };
  }),
);
