/** The guard of many effects: the last one first, by pid and start time, also when its owner only hangs. */
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openUndoList } from '../../src/effects/undo-list.ts';
import { startChild } from '../live/support/child.ts';
import { isAlive } from '../live/support/kernel.ts';

const startTimeOf = (pid: number): string => readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)!.split(' ')[19]!;

it('takes back what it was told of, and spares whoever has the pid of another', async () => {
  const [own, other, stranger] = await Promise.all([startChild('sleep', ['60']), startChild('sleep', ['60']), startChild('sleep', ['60'])]);
  const undo = await openUndoList();
  undo.add({ what: 'end', pid: other.pid, startTime: startTimeOf(other.pid) });
  undo.add({ what: 'interrupt', pid: own.pid, startTime: startTimeOf(own.pid) });
  undo.add({ what: 'interrupt', pid: stranger.pid, startTime: '1' });
  await undo.takeBack();
  await Promise.all([own.ended, other.ended]);
  expect(isAlive(stranger.pid)).toBe(true);
  await stranger.stop('SIGKILL');
});

it('kills what heeds no signal', async () => {
  const deaf = await startChild('sh', ['-c', 'trap "" INT; echo; while :; do sleep 1; done']);
  await deaf.nextLine();
  const undo = await openUndoList();
  undo.add({ what: 'interrupt', pid: deaf.pid, startTime: startTimeOf(deaf.pid) });
  await undo.takeBack();
  await deaf.ended;
});

it('removes a folder of ours with what others wrote into it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'reloadctl-test-undo-'));
  writeFileSync(join(folder, '1.ndjson'), '{}\n');
  const undo = await openUndoList();
  undo.add({ what: 'remove-folder', path: folder });
  await undo.takeBack();
  expect(existsSync(folder)).toBe(false);
});

it('does nothing when all is done', async () => {
  const own = await startChild('sleep', ['60']);
  const undo = await openUndoList();
  undo.add({ what: 'end', pid: own.pid, startTime: startTimeOf(own.pid) });
  undo.done();
  await undo.takeBack();
  expect(isAlive(own.pid)).toBe(true);
  await own.stop('SIGKILL');
});

it('does not wait for ever for an owner that hangs', async () => {
  const own = await startChild('sleep', ['60']);
  const undo = await openUndoList(1000);
  undo.add({ what: 'end', pid: own.pid, startTime: startTimeOf(own.pid) });
  await own.ended;
});

it('refuses a name that would be two lines', async () => {
  const undo = await openUndoList();
  expect(() => undo.add({ what: 'unmount', path: '/tmp/a\nunmount /tmp/b' })).toThrow();
  undo.done();
});
