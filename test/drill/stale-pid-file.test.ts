import { describe, expect, it } from 'vitest';
import { refuseStalePidFile } from '../../src/drill/stale-pid-file.ts';
import type { Evidence } from '../../src/evidence/types.ts';

/** Process 42 began so long after /run/app.pid was written. */
function host(afterMs: number): Evidence {
  const stat = (ms: number): string => `42 (app) S ${Array(18).fill('1').join(' ')} ${1_000_000_000 + Math.round(ms / 10)} ${Array(30).fill('1').join(' ')}`;
  return {
    read: (path: string) => ({ value: stat(path.includes('self') ? -process.uptime() * 1000 : afterMs) }),
    statSlow: async (folder: string, [name]: string[]) => [folder === '/run' && name === 'app.pid' ? { value: { changedMs: Date.now() } } : { errno: 'ENOENT' }],
  } as unknown as Evidence;
}

describe('a pid file', () => {
  it('that is older than the process that it names is stale', async () => {
    await expect(refuseStalePidFile(host(3_600_000), '/run/app.pid', 42)).rejects.toThrow(/app\.pid was written 1 h before process 42 began: it is stale/);
  });

  it.each<[string, string, number]>([
    ['written by the process', '/run/app.pid', -1000],
    ['written by who started it', '/run/app.pid', 1000],
    ['that is gone', '/run/gone.pid', 3_600_000],
    ['which is none', 'unit:a/b', 3_600_000],
    ['which is a pid', '42', 3_600_000],
  ])('%s is taken', async (_name, spec, afterMs) => {
    await expect(refuseStalePidFile(host(afterMs), spec, 42)).resolves.toBeUndefined();
  });
});
