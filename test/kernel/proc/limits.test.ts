import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseOpenFilesLimit } from '../../../src/kernel/proc/limits.ts';
import { neverThrows, unsigned } from './bytes.ts';

const print = (soft: string, hard: string): string =>
  `Limit                     Soft Limit           Hard Limit           Units     
Max processes             96365                96365                processes 
Max open files            ${soft.padEnd(20)} ${hard.padEnd(20)} files     
Max locked memory         8388608              8388608              bytes     
Max nice priority         0                    0                    
`;

describe('parseOpenFilesLimit', () => {
  it('reads a captured file', () => {
    expect(parseOpenFilesLimit(print('20000', '1048576'))).toEqual({ soft: 20000, hard: 1048576 });
  });

  it('has null for unlimited, not for unreadable', () => {
    expect(parseOpenFilesLimit(print('1024', 'unlimited'))).toEqual({ soft: 1024, hard: null });
    expect(parseOpenFilesLimit(print('x', '1'))).toBeNull();
    expect(parseOpenFilesLimit('')).toBeNull();
  });

  it('does not trust a line that is cut off', () => {
    const text = print('20000', '1048576');
    expect(parseOpenFilesLimit(text.slice(0, text.indexOf('8576')))).toBeNull();
  });

  it('agrees with the shell', () => {
    const read = (flag: string): number | null => {
      const value = execFileSync('sh', ['-c', `ulimit ${flag} -n`], { encoding: 'utf8' }).trim();
      return value === 'unlimited' ? null : Number(value);
    };
    expect(parseOpenFilesLimit(readFileSync('/proc/self/limits', 'latin1'))).toEqual({ soft: read('-S'), hard: read('-H') });
  });

  it('reads back what the kernel would print', () => {
    const limit = fc.option(unsigned(31));
    const text = (value: number | null): string => (value === null ? 'unlimited' : String(value));
    fc.assert(
      fc.property(limit, limit, (soft, hard) => {
        expect(parseOpenFilesLimit(print(text(soft), text(hard)))).toEqual({ soft, hard });
      }),
    );
  });

  it('never throws', () => neverThrows(parseOpenFilesLimit, print('20000', '20000')));
});
