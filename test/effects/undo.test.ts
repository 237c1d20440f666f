/** The guard: takes back when its end of the pipe closes, and does nothing when all is done. That it outlives a killed owner: test/live/node/safety. */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { sendSignal } from '../../src/effects/signal.ts';
import { openUndo } from '../../src/effects/undo.ts';
import { startChild } from '../live/support/child.ts';
import { until } from '../live/support/until.ts';

const folder = mkdtempSync(join(tmpdir(), 'reloadctl-test-undo-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let number = 0;
const mark = (): string => join(folder, `mark-${number++}`);

describe('openUndo', () => {
  it('takes back when it is told to', async () => {
    const path = mark();
    (await openUndo('/bin/sh', ['-c', ': > "$1"', 'sh', path])).takeBack();
    await until(() => existsSync(path));
  });

  it('does nothing when all is done, also when told twice', async () => {
    const path = mark();
    const after = mark();
    const undo = await openUndo('/bin/sh', ['-c', ': > "$1"', 'sh', path]);
    undo.done();
    undo.takeBack();
    (await openUndo('/bin/sh', ['-c', ': > "$1"', 'sh', after])).takeBack();
    await until(() => existsSync(after));
    expect(existsSync(path)).toBe(false);
  });

  it('throws where it cannot be started', async () => {
    await expect(openUndo('/bin/sh', ['\0'])).rejects.toThrow();
  });
});

describe('sendSignal', () => {
  it('asks right before, and says what stood in the way', async () => {
    const child = await startChild('sleep', ['60']);
    expect(sendSignal(child.pid, 'SIGTERM', () => 'not now')).toBe('not now');
    expect(sendSignal(child.pid, 'SIGTERM', () => undefined)).toBeUndefined();
    await child.ended;
    expect(sendSignal(4_194_303, 'SIGTERM', () => undefined)).toBe('ESRCH');
  });
});
