/** Kinds the kernel tells nothing of but their name: fdinfo has the base lines only, and all share one inode. */
import { weakIdentity } from './anon.ts';
import type { Kind } from './kind.ts';

function plainKind(name: string, plural: string, link: string): Kind<null> {
  return {
    name,
    plural,
    matches: (text) => text === link,
    decode: () => null,
    identity: weakIdentity,
    key: () => name,
    attributes: () => ({}),
    describe: () => name,
  };
}

/** kernel/events/core.c */
export const perfEvent = plainKind('perf_event', 'performance counters', 'anon_inode:[perf_event]');
/** security/landlock/syscalls.c */
export const landlock = plainKind('landlock-ruleset', 'landlock rulesets', 'anon_inode:[landlock-ruleset]');
/** fs/fsopen.c: a file system that is configured and not mounted yet. */
export const fscontext = plainKind('fscontext', 'file system contexts', 'anon_inode:[fscontext]');
/** kernel/seccomp.c: where system calls of others wait to be decided upon. */
export const seccompNotify = plainKind('seccomp-notify', 'seccomp listeners', 'anon_inode:seccomp notify');
