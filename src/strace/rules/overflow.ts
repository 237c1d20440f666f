import { fingerprint } from '../../report/index.ts';
import { groupBy, moreTimes, subjectOf, traceRule } from './trace-rule.ts';

const ID = 'inotify/overflow';

/** IN_Q_OVERFLOW was read: events are lost. */
export const overflow = traceRule(ID, 'inotify-overflow', (events) =>
  groupBy(events, ({ actor }) => actor.label).map((group) => {
    const { actor, fd, at } = group[0]!;
    return {
      id: ID,
      severity: 'warning',
      confidence: 'certain',
      because: 'IN_Q_OVERFLOW (wd -1, mask 0x4000) is in what the kernel gave the process',
      title: `${actor.label} lost inotify events: the queue of fd ${fd} overflowed${moreTimes(group)}`,
      subject: subjectOf('inotify', 'queue', actor),
      evidence: [{ name: 'IN_Q_OVERFLOW read', value: `fd ${fd}`, source: at.source }],
      remedy: [
        { text: 'after an overflow look at everything again; read the queue faster, in a thread of its own', risk: 'none' },
        { text: 'allow longer queues for instances made from now on', command: 'sudo sysctl fs.inotify.max_queued_events=131072', risk: 'host' },
      ],
      fingerprint: fingerprint(ID, 'queue'),
    };
  }),
);
