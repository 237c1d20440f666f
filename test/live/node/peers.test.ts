/** Beside the tools that people know: of each leak we name the line, where they do, and where they do not. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { plainEnv } from '../support/child.ts';
import { need } from '../support/need.ts';
import { ROOT } from './support.ts';

const RANKS = ['-', 'k', 'S'];

describe.skipIf(!need('node-peers'))('of each leak', () => {
  it('we tell at least what the peers tell: nothing (-), its kind (k), its line (S)', { timeout: 240_000 }, async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [`${ROOT}scripts/node-peers.mjs`, '--json'], { env: plainEnv() });
    const matrix = JSON.parse(stdout) as Record<string, Record<string, string>>;
    expect(Object.keys(matrix)).toHaveLength(21);
    const worse = Object.entries(matrix).filter(([, { reloadctl, ...peers }]) => Object.values(peers).some((said) => RANKS.indexOf(said) > RANKS.indexOf(reloadctl!)));
    expect(worse).toEqual([]);
    expect(Object.entries(matrix).filter(([, { reloadctl }]) => reloadctl !== 'S')).toEqual([]);
    // The peers were there and answered.
    expect(Object.values(matrix).filter((said) => said['why-is-node-running'] === 'S').length).toBeGreaterThan(10);
    for (const peer of ['wtfnode', 'jest', 'vitest']) expect(Object.values(matrix).filter((said) => said[peer] === 'S').length, peer).toBeGreaterThan(5);
  });
});
