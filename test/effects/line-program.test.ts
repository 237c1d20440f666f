import { describe, expect, it } from 'vitest';
import { runLines } from '../../src/effects/line-program.ts';

const run = (file: string, args: string[], lines: string[] = []) =>
  runLines({ file, args, signal: new AbortController().signal, silenceMs: 20_000, endMs: 1000, onLine: (line) => lines.push(line) });

describe('a program that tells line by line', () => {
  it('is heard until it ends', async () => {
    const lines: string[] = [];
    expect(await run('/bin/sh', ['-c', 'echo one; echo two'], lines)).toBe('done');
    expect(lines).toEqual(['one', 'two']);
  });

  it('that is not there is no crash', async () => {
    expect(await run('/nonexistent/program', [])).toEqual({ failed: 'ENOENT' });
  });
});
