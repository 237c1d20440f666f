import { shapeOf } from '../../kernel/shape.ts';
import { fingerprint } from '../../report/index.ts';
import { duration, plural } from '../../report/words.ts';
import { groupBy, moreTimes, programIn, subjectOf, traceRule } from './trace-rule.ts';

const KILLED = 'strace/killed-before-drain';
const BLOCKED = 'strace/blocked';
const TOCTOU = 'strace/toctou';
const PENDING_MS = 5000;
const SLOW_MS = 1000;

/** A process was killed while it had connections. */
export const killedBeforeDrain = traceRule(KILLED, 'killed', (events) =>
  groupBy(events, ({ actor, signal }) => `${programIn(actor)}\0${signal}`).map((group) => {
    const { actor, signal, by, at } = group[0]!;
    const connections = group.reduce((sum, event) => sum + event.connections, 0);
    return {
      id: KILLED,
      severity: 'warning',
      confidence: 'certain',
      because: 'the accepts are in the log, their closes are not, and no other process of the log held these connections',
      title: `${actor.label} was killed by ${signal} with ${plural('accepted connection', connections)} open${group.length > 1 ? ' in all' : ''}${by ? `, by ${by.label}` : ''}${moreTimes(group)}`,
      subject: subjectOf('process', signal, actor),
      evidence: [
        { name: 'accepted and not closed', value: connections, source: at.source },
        { name: 'killed by', value: signal, source: at.source },
        ...(by ? [{ name: 'sent by', value: by.label, source: by.at.source }] : []),
      ],
      remedy: [{ text: 'end connections before the process: stop accepting, wait for what runs, then exit; give it more time than its longest request takes', risk: 'none' }],
      fingerprint: fingerprint(KILLED, signal, programIn(actor)),
    };
  }),
);

/** A call that does not wait by its nature did not come back, or took long. */
export const blocked = traceRule(BLOCKED, 'blocked', (events) =>
  groupBy(events.filter(({ waits, ms, pending }) => !waits && ms !== null && ms >= (pending ? PENDING_MS : SLOW_MS)), ({ call, pending, target }) => `${call}\0${pending}\0${shapeOf(target)}`).map((group) => {
    const { actor, call, fd, target, ms, pending, isRough, at } = group.toSorted((a, b) => b.ms! - a.ms!)[0]!;
    const on = fd === null ? '' : ` on fd ${fd}${target === '' ? '' : ` (${target})`}`;
    return {
      id: BLOCKED,
      severity: pending ? 'warning' : 'info',
      confidence: pending || isRough ? 'likely' : 'certain',
      because: isRough ? `the log shows ${pending ? 'the entry' : 'entry and return'} by the second (-t): it was that long at least` : pending ? 'the call was entered and had not returned when the log ended' : 'entry and return are in the log; strace itself makes calls slower, but not by that',
      title: `${actor.label}: ${call}${on} ${pending ? `had not returned after ${duration(ms!)}` : `took ${duration(ms!)}`}${moreTimes(group)}`,
      subject: subjectOf('call', `${call} ${shapeOf(target)}`.trim(), actor),
      evidence: [{ name: pending ? 'waits for' : 'took', value: Math.round(ms!), unit: 'ms', source: at.source }],
      remedy: [{ text: 'see what the other side does: a lock and its holder, a disk, a peer that does not read', risk: 'none' }],
      fingerprint: fingerprint(BLOCKED, call, String(pending), shapeOf(target)),
    };
  }),
);

/** Checked by one process, changed by another, used by the first. */
export const toctou = traceRule(TOCTOU, 'toctou', (events) =>
  groupBy(events, ({ path, used }) => `${shapeOf(path)}\0${used}`).map((group) => {
    const { actor, path, checked, changed, used, at } = group[0]!;
    return {
      id: TOCTOU,
      severity: 'info',
      confidence: 'hint',
      because: 'the three calls are in the log in this order; whether the check was meant for the use is not known',
      title: `${path} was changed by pid ${changed.pid} between ${checked.call} and ${used} of ${actor.label}${moreTimes(group)}`,
      subject: subjectOf('path', shapeOf(path), actor),
      evidence: [
        { name: 'checked', value: checked.call, source: checked.at.source },
        { name: `changed by pid ${changed.pid}`, value: changed.call, source: changed.at.source },
        { name: 'used', value: used, source: at.source },
      ],
      remedy: [{ text: 'open first and check what was opened (fstat); replace files by rename, under a lock that both take', risk: 'none' }],
      fingerprint: fingerprint(TOCTOU, shapeOf(path), used),
    };
  }),
);
