/** What the guide on reloads says of popular claims, measured again. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, expect, it } from 'vitest';
import { plainEnv } from './support/child.ts';
import { describeNeeds } from './support/need.ts';
import { PYTHON } from './support/program.ts';
import { buildReloads, RELOADS } from './support/reloads.ts';

async function measured(command: string, ...args: string[]): Promise<Record<string, number | string | boolean>> {
  const { stdout } = await promisify(execFile)(command, args, { env: plainEnv(), cwd: RELOADS });
  return JSON.parse(stdout) as Record<string, number | string | boolean>;
}

describeNeeds(['python3', 'strace'], 'sockets, files and processes', () => {
  it.concurrent.each([
    ['claims_sockets.py', 'somaxconn', { without: 'EADDRINUSE', with: 'bound' }],
    ['claims_sockets.py', 'handed-over', { sameSocket: true, waitingClientServed: true, fastOpenOnConnection: 'EINVAL' }],
    ['claims_files.py', 'umask-exec', { umaskAfter: '0027', sameCgroup: true }],
    ['claims_files.py', 'flock', { locked: true, replacedMeanwhile: true }],
    ['claims_files.py', 'swap', { writeInPlace: 'ETXTBSY', renameFromOtherFileSystem: 'EXDEV', renameBeside: 'ok', exeAfterwards: 'server (deleted)' }],
    ['claims_files.py', 'signals', { sentWhileOneIsHandled: 20, handled: 1 }],
    ['claims_files.py', 'trace', { opened: 6, openClose: 0, desc: 6 }],
  ])('%s %s', async (file, name, truth) => {
    expect(await measured(PYTHON, file, name)).toMatchObject(truth);
  });

  it.concurrent('a full accept queue refuses nobody: who does not fit comes a second later', async () => {
    const told = await measured(PYTHON, 'claims_sockets.py', 'full-queue');
    expect(told).toMatchObject({ connects: 20, accepted: 20, refused: 0 });
    expect(told.laterThan900ms).toBeGreaterThan(0);
  });

  it.concurrent('the mark of an overflow is the last of what fitted', async () => {
    const { read, marks, markIsEvent, wdOfMark } = await measured(PYTHON, 'claims_files.py', 'overflow');
    expect({ marks, markIsEvent, wdOfMark }).toEqual({ marks: 1, markIsEvent: read, wdOfMark: -1 });
  });

  it.concurrent('ls -l has a line more than descriptors', async () => {
    const { lines, descriptors } = await measured(PYTHON, 'claims_files.py', 'fd-count');
    expect(lines).toBe(Number(descriptors) + 1);
  });
});

describeNeeds(['python3', 'unshare', 'ip', 'root'], 'in a network namespace of its own', () => {
  it('what waits at a socket that closes is reset, unless requests migrate', async () => {
    const told = await measured('unshare', '-n', PYTHON, 'claims_sockets.py', 'reuseport-queue');
    expect(told).toMatchObject({ queued: 200, resetWithMigrate1: 0 });
    expect(told.resetWithMigrate0).toBeGreaterThan(0);
  });
});

describeNeeds(['go'], 'Go', () => {
  let program = '';
  beforeAll(async () => {
    program = await buildReloads();
  });

  it.each([
    ['atomic-value', { stores: 1_000_000, stale: 0 }],
    ['num-goroutine', { mainAlone: 1 }],
    ['websocket', { error: false, connectionOpen: true }],
  ])('%s', async (name, truth) => {
    expect(await measured(program, 'claim', name)).toMatchObject(truth);
  });

  it('a struct that is replaced by assignment is read half', async () => {
    const { ofTwoConfigurations } = await measured(program, 'claim', 'torn');
    expect(ofTwoConfigurations).toBeGreaterThan(0);
  });

  it('Shutdown waits for requests, and hardly for the collector', async () => {
    const { collections, shutdownIdleMs, shutdownWithRequestMs } = await measured(program, 'claim', 'gc-shutdown');
    expect(collections).toBeGreaterThan(1);
    expect(shutdownIdleMs).toBeLessThan(Number(shutdownWithRequestMs));
    expect(shutdownWithRequestMs).toBeGreaterThan(200);
  });
});
