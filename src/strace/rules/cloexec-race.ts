import { shapeOf } from '../../kernel/shape.ts';
import { fingerprint } from '../../report/index.ts';
import { groupBy, moreTimes, subjectOf, traceRule } from './trace-rule.ts';

const ID = 'strace/cloexec-race';

/** Opened without CLOEXEC and marked in a second call: a fork of another thread in between took it along. */
export const cloexecRace = traceRule(ID, 'cloexec-race', (events) =>
  groupBy(events, ({ fd, actor }) => `${fd.site}\0${actor.label}`).map((group) => {
    const { fd, actor, call, fork, child, at } = group[0]!;
    return {
      id: ID,
      severity: 'warning',
      confidence: 'certain',
      because: 'the fork of another thread lies between the open and the call that sets FD_CLOEXEC',
      title: `${actor.label} forked pid ${child} between ${call} of fd ${fd.fd}${fd.target === '' ? '' : ` (${fd.target})`} and its FD_CLOEXEC: the child has it without${moreTimes(group)}`,
      subject: subjectOf('descriptor', fd.site, actor),
      evidence: [
        ...(fd.opened ? [{ name: 'opened without CLOEXEC', value: fd.site, source: fd.opened.source }] : []),
        { name: 'fork of another thread', value: `pid ${child}`, source: fork.source },
        { name: 'FD_CLOEXEC set', value: `fd ${fd.fd}`, source: at.source },
      ],
      remedy: [{ text: `set the flag with the open itself (O_CLOEXEC, SOCK_CLOEXEC, accept4, dup3, F_DUPFD_CLOEXEC)`, risk: 'none' }],
      fingerprint: fingerprint(ID, call, fd.site.replace(/\/\S*/g, shapeOf)),
    };
  }),
);
