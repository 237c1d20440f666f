import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { effectiveUserIn, startedAs } from '../../src/evidence/auxv.ts';
import { startChild } from '../live/support/child.ts';
import { need } from '../live/support/need.ts';
import { PYTHON } from '../live/support/program.ts';

const wide = (...words: number[]): Buffer => {
  const bytes = Buffer.alloc(words.length * 8);
  for (const [index, word] of words.entries()) bytes.writeBigUInt64LE(BigInt(word), index * 8);
  return bytes;
};
const narrow = (...words: number[]): Buffer => {
  const bytes = Buffer.alloc(words.length * 4);
  for (const [index, word] of words.entries()) bytes.writeUInt32LE(word, index * 4);
  return bytes;
};

describe('the user as whom a program began', () => {
  it('is ours', () => {
    expect(startedAs(process.pid)).toBe(process.geteuid?.());
  });

  it.each([wide, narrow])('in words of 64 and 32 bits', (words) => {
    expect(effectiveUserIn(words(6, 4096, 11, 1000, 12, 1001, 13, 0, 0, 0))).toBe(1001);
    expect(effectiveUserIn(words(6, 4096, 11, 1000, 0, 0))).toBeUndefined();
    expect(effectiveUserIn(words(6, 4096, 12))).toBeUndefined();
  });

  it('may be any bytes', () => {
    fc.assert(fc.property(fc.uint8Array(), (bytes) => typeof (effectiveUserIn(Buffer.from(bytes)) ?? 0) === 'number'));
  });

  it.skipIf(!need('root'))('stays what it was when the program changes its user', async () => {
    const child = await startChild(PYTHON, ['-c', 'import os, sys; os.setresuid(65534, 65534, 65534); print(os.geteuid(), flush=True); sys.stdin.read()']);
    expect(await child.nextLine()).toBe('65534');
    expect(startedAs(child.pid)).toBe(0);
    await child.stop();
  });

  it('of nobody is no answer', () => {
    expect(() => startedAs(2 ** 22 + 1)).toThrow(/ENOENT/);
  });
});
