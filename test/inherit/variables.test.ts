import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Context } from '../../src/inherit/context.ts';
import { lostVariables } from '../../src/inherit/variables.ts';
import { isAsLaidDown, parseEnviron } from '../../src/kernel/proc/environ.ts';

const contextOf = (text: string): Context => ({ items: [], unread: new Map(), placed: '', environ: parseEnviron(text), environWritten: !isAsLaidDown(text) });
const lost = (old: string, now: string): string[] => lostVariables(contextOf(old), contextOf(now));

describe('variables of the old generation that the new one was started without', () => {
  it.each([
    ['as it was', 'A=1\0B=2\0', 'B=3\0A=1\0', []],
    ['with more', 'A=1\0', 'A=1\0LISTEN_FDS=1\0', []],
    ['without two', 'A=1\0DATABASE_URL=x\0B=2\0', 'A=1\0', ['B', 'DATABASE_URL']],
    ['started from no terminal', 'SHLVL=1\0PWD=/\0OLDPWD=/x\0SSH_TTY=/dev/pts/0\0_=/bin/app\0A=1\0', 'A=1\0', []],
    ['the last of those that hand over', 'NGINX=6;\0LISTEN_FDS=1\0LISTEN_PID=7\0TABLEFLIP_HAS_PARENT_7DIU3=yes\0EINHORN_FD_0=3\0A=1\0', 'A=1\0', []],
    ['with nothing at all', 'A=1\0', '', ['A']],
    ['under a title that was written over all of it', 'A=1\0B=2\0', '\0\0\0\0', []],
    ['under one that reaches into it', 'A=1\0B=2\0', 'rker process\0\0\0\0B=2\0', []],
    ['after one that had such a title', 'ter process\0\0B=2\0', 'A=1\0', []],
    ['cut where it was read', 'A=1\0B=2\0', 'A=1\0B', []],
  ])('%s', (_name, old, now, names) => {
    expect(lost(old, now)).toEqual(names);
  });

  it('cannot be told of what may not be read', () => {
    const { environ: _environ, ...unread } = contextOf('');
    expect(lostVariables(contextOf('A=1\0'), unread)).toEqual([]);
  });

  it('are never of those that are there', () => {
    const environ = fc.array(fc.stringMatching(/^[A-Z]{1,3}=[a-z]{0,3}$/)).map((entries) => entries.map((entry) => `${entry}\0`).join(''));
    fc.assert(
      fc.property(environ, environ, (old, now) => {
        const names = lost(old, now);
        expect(names.filter((name) => parseEnviron(now).has(name))).toEqual([]);
        expect(new Set([...names, ...parseEnviron(now).keys()])).toEqual(new Set([...parseEnviron(old).keys(), ...parseEnviron(now).keys()]));
      }),
    );
  });
});
