import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseImage } from '../../../src/kernel/proc/image.ts';

describe('the image of a real program', () => {
  it('is that of a fork, and not that of another exec', () => {
    const ours = parseImage(readFileSync('/proc/self/stat', 'latin1'))?.placed;
    expect(ours).toMatch(/^\d+ \d+ \d+$/);
    const { stdout } = spawnSync('sh', ['-c', 'cat /proc/$$/stat; (read line </proc/self/stat; echo "$line")'], { encoding: 'latin1' });
    const [shell, forked] = stdout.trimEnd().split('\n').map((line) => parseImage(`${line}\n`)?.placed);
    expect(shell).toBe(forked);
    expect(shell).not.toBe(ours);
  });
});
