import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseEnviron } from '../../../src/kernel/proc/environ.ts';
import { nameBytes, neverThrows } from './bytes.ts';

describe('parseEnviron', () => {
  it('reads entries, values with newlines and equal signs included', () => {
    expect([...parseEnviron('A=1\0B=x=y\nz\0EMPTY=\0')]).toEqual([
      ['A', '1'],
      ['B', 'x=y\nz'],
      ['EMPTY', ''],
    ]);
  });

  it('lets the first one win and skips what is no entry', () => {
    expect([...parseEnviron('A=1\0A=2\0\0junk\0=x\0')]).toEqual([['A', '1']]);
    expect(parseEnviron('').size).toBe(0);
  });

  it('reads what a process was started with', async () => {
    const child = spawn('sh', ['-c', 'echo ready; read line'], {
      env: { LISTEN_FDS: '2', ODD: 'a\nb=c' },
      stdio: ['pipe', 'pipe', 'ignore'],
    });
    try {
      await once(child.stdout, 'data');
      const environ = parseEnviron(readFileSync(`/proc/${child.pid}/environ`, 'latin1'));
      expect([environ.get('LISTEN_FDS'), environ.get('ODD')]).toEqual(['2', 'a\nb=c']);
    } finally {
      child.stdin.end();
      await once(child, 'exit');
    }
  });

  it('reads back what execve would lay down', () => {
    const name = nameBytes(8)
      .map((text) => text.replaceAll('=', ''))
      .filter((text) => text !== '');
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(name, nameBytes(20)), { selector: ([key]) => key }), (entries) => {
        expect([...parseEnviron(entries.map(([key, value]) => `${key}=${value}\0`).join(''))]).toEqual(entries);
      }),
    );
  });

  it('never throws', () => neverThrows(parseEnviron, 'A=1\0B=2\0'));
});
