import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { imageOf } from '../../../src/kernel/proc/image.ts';
import { neverThrows } from './bytes.ts';

/** Fields from the third on; 26 and 28 are where the code and the first stack begin. */
const stat = (code: string, stack: string): string =>
  `7 (a) b) S 1 ${Array.from({ length: 21 }, (_, index) => index).join(' ')} ${code} 9 ${stack} 0 0\n`;

describe('imageOf', () => {
  it('takes where code and stack begin, whatever the name holds', () => {
    expect(imageOf(stat('94000', '140000'))).toBe('94000:140000');
  });

  it('is undefined where we may not look, and for what is cut off', () => {
    expect(imageOf(stat('1', '0'))).toBeUndefined();
    const whole = stat('94000', '140000');
    for (let length = 0; length < whole.indexOf('140000') + 6; length++) expect(imageOf(whole.slice(0, length))).toBeUndefined();
  });

  it('never throws', () => neverThrows(imageOf, stat('94000', '140000')));

  it('is that of a fork, and not that of another exec', () => {
    const ours = imageOf(readFileSync('/proc/self/stat', 'latin1'));
    expect(ours).toMatch(/^\d+:\d+$/);
    const { stdout } = spawnSync('sh', ['-c', 'cat /proc/$$/stat; (read line </proc/self/stat; echo "$line")'], { encoding: 'latin1' });
    const [shell, forked] = stdout.trimEnd().split('\n').map((line) => imageOf(`${line}\n`));
    expect(shell).toBe(forked);
    expect(shell).not.toBe(ours);
  });
});
