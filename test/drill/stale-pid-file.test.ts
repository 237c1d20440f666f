import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { refuseStalePidFile } from '../../src/drill/stale-pid-file.ts';
import type { Evidence } from '../../src/evidence/types.ts';

const folder = mkdtempSync(join(tmpdir(), 'reloadctl-test-stale-'));
const file = join(folder, 'app.pid');
writeFileSync(file, '42\n');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Process 42 began so long after the file was written just now: a file cannot be made older. */
function host(afterMs: number): Evidence {
  const stat = (ms: number): string => `42 (app) S ${Array(18).fill('1').join(' ')} ${1_000_000_000 + Math.round(ms / 10)} ${Array(30).fill('1').join(' ')}`;
  return { read: (path: string) => ({ value: stat(path.includes('self') ? -process.uptime() * 1000 : afterMs) }) } as unknown as Evidence;
}

describe('a pid file', () => {
  it('that is older than the process that it names is stale', () => {
    expect(() => refuseStalePidFile(host(3_600_000), file, 42)).toThrow(/app\.pid was written 1 h before process 42 began: it is stale/);
  });

  it.each<[string, string, number]>([
    ['written by the process', file, -1000],
    ['written by who started it', file, 1000],
    ['that is gone', join(folder, 'gone'), 3_600_000],
    ['which is none', 'unit:a/b', 3_600_000],
    ['which is a pid', '42', 3_600_000],
  ])('%s is taken', (_name, spec, afterMs) => {
    expect(() => refuseStalePidFile(host(afterMs), spec, 42)).not.toThrow();
  });
});
