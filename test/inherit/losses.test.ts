import { describe, expect, it } from 'vitest';
import { isLoss } from '../../src/inherit/losses.ts';
import type { Aspect } from '../../src/inherit/model.ts';

describe('what was lost', () => {
  it.each<[Aspect, string, string | null, string | null, boolean]>([
    ['files', 'umask', '0022', '0077', true],
    ['limits', 'limit of open files', '4096:4096', '1024:4096', true],
    ['limits', 'limit of open files', '1024:4096', '4096:4096', false],
    ['limits', 'limit of open files', 'unlimited:unlimited', 'unlimited:1024', true],
    ['limits', 'limit of open files', '1024:1024', 'unlimited:unlimited', false],
    ['signals', 'ignored signals', 'PIPE', 'HUP PIPE', true],
    ['signals', 'ignored signals', 'HUP PIPE', 'PIPE', false],
    ['signals', 'ignored signals', '', 'INT', false],
    ['signals', 'caught signals', 'HUP USR2', 'HUP', true],
    ['signals', 'caught signals', 'CHLD', '', false],
    ['scheduling', 'nice', '0', '5', true],
    ['scheduling', 'nice', '5', '0', false],
    ['scheduling', 'cpu affinity', '0-7', '0', true],
    ['scheduling', 'cpu affinity', '0', '0-7', false],
    ['scheduling', 'cpu affinity', '0-3', '2-5', true],
    ['rights', 'groups', '5 7', '5', true],
    ['rights', 'groups', '', '5 7', false],
    ['rights', 'uid', '1000 1000 1000 1000', '0 0 0 0', false],
    ['rights', 'gid', '0 0 0 0', '33 33 33 33', true],
    ['rights', 'effective capabilities', '00000000000004c0', '0000000000000400', true],
    ['rights', 'effective capabilities', '0000000000000400', '00000000000004c0', false],
    ['rights', 'no_new_privs', '0', '1', true],
    ['rights', 'seccomp filters', '2', '1', false],
    ['rights', 'uid', '0 0 0 0', '33 33 33 33', true],
    ['place', 'cgroup memory', '/a', '/a/b', true],
    ['place', 'cgroup memory', '/user.slice/session-3.scope', '/user.slice/session-9.scope', false],
    ['place', 'working directory', '/releases/1', '/releases/2', false],
    ['environment', 'variable PATH', 'set', null, false],
    ['rights', 'seccomp filters', null, '1', false],
  ])('%s, %s: %j -> %j is %j', (aspect, name, old, now, expected) => {
    expect(isLoss({ aspect, name, old, new: now })).toBe(expected);
  });
});
