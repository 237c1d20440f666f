import { fingerprint } from '../../report/index.ts';
import { groupBy, moreTimes, programIn, siteShape, subjectOf, traceRule } from './trace-rule.ts';

const ID = 'strace/cloexec-race';

/** Opened without CLOEXEC and marked in a second call: a fork of another thread in between took it along. */
export const cloexecRace = traceRule(ID, 'cloexec-race', (events) =>
  groupBy(events, ({ fd, actor, call, isOwn }) => [call, siteShape(fd.site), programIn(actor), isOwn].join('\0')).map((group) => {
    const { fd, actor, call, fork, child, at, isOwn } = group[0]!;
    return {
      id: ID,
      // Its own child may well be meant to have it.
      severity: isOwn ? 'info' : 'warning',
      confidence: isOwn ? 'hint' : 'certain',
      because: `${isOwn ? 'a fork' : 'the fork of another thread'} lies between the open and the call that sets FD_CLOEXEC${isOwn ? '; the child may be meant to have it' : ''}`,
      title: `${actor.label} forked pid ${child} between ${call} of fd ${fd.fd}${fd.target === '' ? '' : ` (${fd.target})`} and its FD_CLOEXEC: the child has it without${moreTimes(group)}`,
      subject: subjectOf('descriptor', fd.site, actor),
      evidence: [
        ...(fd.opened ? [{ name: 'opened without CLOEXEC', value: fd.site, source: fd.opened.source }] : []),
        { name: isOwn ? 'fork' : 'fork of another thread', value: `pid ${child}`, source: fork.source },
        { name: 'FD_CLOEXEC set', value: `fd ${fd.fd}`, source: at.source },
      ],
      remedy: [{ text: `set the flag with the open itself (O_CLOEXEC, SOCK_CLOEXEC, accept4, dup3, F_DUPFD_CLOEXEC)`, risk: 'none' }],
      fingerprint: fingerprint(ID, call, siteShape(fd.site), programIn(actor), ...(isOwn ? ['own'] : [])),
    };
  }),
);
