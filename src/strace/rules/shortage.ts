import { fingerprint } from '../../report/index.ts';
import { count, plural } from '../../report/words.ts';
import { subjectOf, traceRule } from './trace-rule.ts';

const ID = 'strace/out-of-fds';

/** A call failed because every number was taken (EMFILE), or every open file of the host (ENFILE). */
export const outOfFds = traceRule(ID, 'out-of-fds', (events) =>
  events.map(({ errno, call, times, open, limit, sites, spins, actor, at }) => {
    const isOwn = errno === 'EMFILE';
    const [top] = sites;
    return {
      id: ID,
      severity: 'critical',
      confidence: 'certain',
      because: `the kernel answered ${errno}`,
      title: `${actor.label} ran out of ${isOwn ? 'descriptors' : 'open files of the host'}: ${call} failed with ${errno}${times > 1 ? `, and ${plural('more call', times - 1)}` : ''}, with ${count(open)} open${limit === null ? '' : ` of ${count(limit)}`}${spins ? '; its accept loop spins' : ''}`,
      subject: subjectOf('process', errno, actor),
      evidence: [
        { name: `first ${errno}`, value: call, source: at.source },
        { name: 'open then, as far as the log tells', value: open, source: at.source, ...(limit !== null && { limit }) },
        ...sites.map(({ site, open: own }) => ({ name: `of these from ${site}`, value: own, source: at.source })),
      ],
      remedy: [
        ...(top && top.open * 2 > open ? [{ text: `most are from ${top.site}: see whether it closes what it opens`, risk: 'none' as const }] : []),
        isOwn
          ? { text: 'raise the limit of the running process', command: `sudo prlimit --pid ${actor.pid} --nofile=65536`, risk: 'live' as const }
          : { text: 'raise fs.file-max of the host', command: 'sudo sysctl fs.file-max', risk: 'host' as const },
      ],
      fingerprint: fingerprint(ID, errno, call),
    };
  }),
);
