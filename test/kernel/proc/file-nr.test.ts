import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseFileNr } from '../../../src/kernel/proc/file-nr.ts';
import { neverThrows, unsigned } from './bytes.ts';

describe('parseFileNr', () => {
  it('reads captured files', () => {
    expect(parseFileNr('484\t0\t2466183\n')).toEqual({ allocated: 484, max: 2466183 });
  });

  it('keeps an endless maximum a safe number', () => {
    expect(parseFileNr('484\t0\t9223372036854775807\n')).toEqual({ allocated: 484, max: Number.MAX_SAFE_INTEGER });
  });

  it('refuses a file cut off', () => {
    expect(parseFileNr('484\t0\t24661')).toBeNull();
    expect(parseFileNr('484\t0\n')).toBeNull();
    expect(parseFileNr('')).toBeNull();
  });

  it('reads this machine', () => {
    const { allocated, max } = parseFileNr(readFileSync('/proc/sys/fs/file-nr', 'latin1')) ?? { allocated: 0, max: 0 };
    expect(allocated).toBeGreaterThan(0);
    expect(max).toBeGreaterThan(allocated);
  });

  it('reads back what the kernel would print', () => {
    fc.assert(
      fc.property(unsigned(53), unsigned(53), (allocated, max) => {
        expect(parseFileNr(`${allocated}\t0\t${max}\n`)).toEqual({ allocated, max });
      }),
    );
  });

  it('never throws', () => neverThrows(parseFileNr, '484\t0\t2466183\n'));
});
