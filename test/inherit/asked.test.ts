/** What a comparison costs: each question that is not needed, 1,000 times. */
import { expect, it } from 'vitest';
import { collectInherit, recordGenerations } from '../../src/inherit/collect.ts';
import { fakeEvidence } from '../support/fake-evidence.ts';
import { type FakeFd, tcpRow, worldOf } from '../support/fake-process.ts';

const asking = { rerun: 'reloadctl inherit 41 42', isRoot: true, signal: new AbortController().signal };
const connections = (from: number): Record<number, FakeFd> => Object.fromEntries(Array.from({ length: 20 }, (_, index) => [from + index, { link: `socket:[${from + index}]` }]));
const EPOLL: FakeFd = { link: 'anon_inode:[eventpoll]', rest: 'tfd:        7 events:       19 data: 0  pos:0 ino:1 sdev:9\n' };
const LOG: FakeFd = { link: '/var/log/app.log', flags: '02' };

function twoGenerations() {
  const shared: FakeFd = { link: 'socket:[100]', flags: '02' };
  const world = worldOf({ pid: 41, fds: { 7: shared, 8: EPOLL, 9: LOG, ...connections(200) } }, { pid: 42, ppid: 41, fds: { 7: shared, 8: EPOLL, 9: LOG, ...connections(300) }, startTime: '2000' });
  for (const pid of [41, 42]) world.files[`/proc/${pid}/net/tcp`] = `head\n${tcpRow({ inode: '100', state: 10, local: 80 })}`;
  const evidence = fakeEvidence(world);
  const batches: (readonly string[])[] = [];
  const readSlow: typeof evidence.readSlow = (paths) => {
    batches.push(paths);
    return evidence.readSlow(paths);
  };
  return { batches, asked: evidence.asked, evidence: { ...evidence, readSlow } };
}

it('asks open flags of what listens, and of what the new one may have from the old one', async () => {
  const { evidence, asked } = twoGenerations();
  const { look } = await collectInherit({ evidence, pid: 41 }, { evidence, pid: 42 }, asking);
  expect(look).toMatchObject({ listeners: [{ status: 'handed-over' }], accidental: [{ target: '/var/log/app.log' }] });
  expect(asked.filter((question) => question.includes('/fdinfo/')).sort()).toEqual(['read /proc/41/fdinfo/7', 'read /proc/42/fdinfo/7', 'read /proc/42/fdinfo/9', 'readSlow /proc/42/fdinfo/8']);
});

it('reads the tables of one network namespace once, and asks one child for all that may hang', async () => {
  const { evidence, asked, batches } = twoGenerations();
  await collectInherit({ evidence, pid: 41 }, { evidence, pid: 42 }, asking);
  expect(asked.filter((question) => /\/net\/(?:tcp|unix)$/.test(question))).toEqual(['read /proc/41/net/tcp', 'read /proc/41/net/unix', 'read /proc/41/net/tcp']);
  expect(batches).toHaveLength(1);
  expect(batches[0]).toEqual([...new Set(batches[0])]);
});

it('asks for a tape what any other generation may be compared by', async () => {
  const { evidence, asked } = twoGenerations();
  await recordGenerations(evidence, [41, 42], asking);
  for (const path of ['/proc/41/fdinfo/200', '/proc/42/fdinfo/300', '/proc/42/net/tcp']) expect(asked).toContain(`read ${path}`);
  expect(asked).toContain('sameDescription 41:9:42:9');
});
