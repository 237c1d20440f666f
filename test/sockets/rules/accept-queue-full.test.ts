import { describe, expect, it } from 'vitest';
import type { PendingConnections, Process, SecondLook, SocketRow, SocketTable } from '../../../src/kernel/types.ts';
import { runRules } from '../../../src/report/index.ts';
import { acceptQueueFull } from '../../../src/sockets/rules/accept-queue-full.ts';
import { listenerRow, lookAgain, snapshotOf, socketFd, tableOf } from '../../support/snapshot.ts';

const pendingOf = (neverAccepted: string[], synSent = 0, synReceived = 0): Map<number, PendingConnections> => new Map([[8080, { neverAccepted, synSent, synReceived }]]);
const waiting = ['10.0.0.9:50001', '10.0.0.9:50002'];
const row = (queue: number, backlog?: number): SocketRow =>
  listenerRow('500', 8080, {
    receiveQueue: queue,
    ...(backlog !== undefined && { diag: { protocol: 'tcp' as const, state: 10, inode: '500', receiveQueue: queue, sendQueue: backlog } }),
  });

interface Look {
  pending?: Map<number, PendingConnections>;
  overflows?: number;
  second?: Partial<SecondLook> & { row?: SocketRow };
  process?: Partial<Process>;
}

function find(first: SocketRow, { pending = new Map(), overflows = 5, second, process = {} }: Look = {}) {
  const table: SocketTable = { netns: '1', byInode: new Map([['500', first]]), pending, listenOverflows: overflows };
  const { row: again, ...rest } = second ?? {};
  const look = second && lookAgain(again ? [again] : [], rest);
  const tables = [tableOf(process, [socketFd(6, first)])];
  return runRules([acceptQueueFull], [snapshotOf(tables, { sockets: new Map([['1', table]]), ...(look && { secondLook: look }) })]);
}

describe('listen/accept-queue-full, with the backlog known', () => {
  it('is full above the backlog, not at it', () => {
    expect(find(row(128, 128))).toEqual([]);
    expect(find(row(129, 128))[0]).toMatchObject({
      severity: 'warning',
      confidence: 'certain',
      title: 'tcp listener 0.0.0.0:8080 of app (pid 42): 129 of 128 connections wait to be accepted, further ones are dropped',
    });
  });

  it.each<[string, Look, string]>([
    ['stays, and connects get no answer', { pending: pendingOf(waiting, 1), second: { row: row(2) } }, 'critical'],
    ['stays, and overflows are counted', { second: { row: row(2), listenOverflows: 6 } }, 'critical'],
    ['stays, and nobody knocks', { second: { row: row(2), listenOverflows: 5 } }, 'warning'],
    ['was drained, but turned some away', { second: { row: row(0), listenOverflows: 9 } }, 'warning'],
  ])('%s', (_name, look, severity) => expect(find(row(2, 1), look)[0]).toMatchObject({ severity, confidence: 'certain' }));

  it('is silent about a burst that was accepted', () => {
    expect(find(row(2, 1), { second: { row: row(0), listenOverflows: 5 } })).toEqual([]);
  });

  it('says when the process is stopped', () => {
    const [finding] = find(row(2, 1), { process: { state: 'T' } });
    expect(finding!.title).toMatch(/the process is stopped$/);
    expect(finding!.remedy[0]).toMatchObject({ command: 'kill -CONT 42', risk: 'live' });
  });
});

describe('listen/accept-queue-full, from /proc alone', () => {
  const again = { row: row(2), pending: pendingOf(waiting) };

  it.each<[string, Look]>([
    ['connects get no answer', { pending: pendingOf(waiting, 1), second: again }],
    ['last steps of connects are dropped', { pending: pendingOf(waiting), second: { ...again, pending: pendingOf(waiting, 0, 3) } }],
    ['overflows are counted', { pending: pendingOf(waiting), second: { ...again, listenOverflows: 6 } }],
  ])('is likely when nothing was accepted and %s', (_name, look) => {
    expect(find(row(2), look)[0]).toMatchObject({ severity: 'warning', confidence: 'likely' });
  });

  it.each<[string, SocketRow, Look]>([
    ['one look', row(2), { pending: pendingOf(waiting, 3) }],
    ['nobody is turned away', row(2), { pending: pendingOf(waiting), second: again }],
    ['others wait now', row(2), { pending: pendingOf(waiting, 1), second: { ...again, pending: pendingOf(['10.0.0.9:50009', waiting[1]!], 1) } }],
    ['the queue gets shorter', row(2), { pending: pendingOf(waiting, 1), second: { ...again, row: row(1) } }],
    ['an empty queue', row(0), { pending: pendingOf([], 1), second: { row: row(0), listenOverflows: 9 } }],
  ])('is silent: %s', (_name, first, look) => expect(find(first, look)).toEqual([]));
});

describe('listen/accept-queue-full of workers', () => {
  it('tells of a shared listener once, by the worker that is stopped', () => {
    const full = row(2, 1);
    const tables = ['S', 'T', 'S'].map((state, i) => tableOf({ pid: 50 + i, state }, [socketFd(6, full)]));
    expect(runRules([acceptQueueFull], [snapshotOf(tables)]).map(({ title }) => title)).toEqual([expect.stringContaining('app (pid 51) and 2 more')]);
  });

  it('knows unix listeners by sock_diag', () => {
    const unix: SocketRow = { protocol: 'unix', inode: '7', state: 'LISTEN', path: '/run/a.sock', diag: { protocol: 'unix', state: 10, inode: '7', receiveQueue: 6, sendQueue: 5 } };
    expect(runRules([acceptQueueFull], [snapshotOf([tableOf({}, [socketFd(6, unix)])])])[0]!.title).toMatch(/^unix listener \/run\/a\.sock of/);
  });

  it('takes no counter of TCP for a sign of who is turned away from a unix one', () => {
    const full = (queue: number): SocketRow => ({ protocol: 'unix', inode: '7', state: 'LISTEN', diag: { protocol: 'unix', state: 10, inode: '7', receiveQueue: queue, sendQueue: 5 } });
    const sockets = new Map<string, SocketTable>([['1', { netns: '1', byInode: new Map(), pending: new Map(), listenOverflows: 5 }]]);
    const left = (queue: number) => runRules([acceptQueueFull], [snapshotOf([tableOf({}, [socketFd(6, full(6))])], { sockets, secondLook: lookAgain([full(queue)], { listenOverflows: 9 }) })]);
    expect(left(0)).toEqual([]);
    expect(left(6)[0]).toMatchObject({ severity: 'warning', confidence: 'certain', title: expect.stringMatching(/further ones block$/) });
    expect(left(6)[0]!.evidence.map(({ name }) => name)).not.toContain('listen overflows meanwhile');
  });
});

describe('the advice to enlarge the backlog', () => {
  const advice = (backlog: number, somaxconn?: number) => {
    const first = row(backlog + 1, backlog);
    const table: SocketTable = { netns: '1', byInode: new Map([['500', first]]), pending: new Map(), ...(somaxconn !== undefined && { somaxconn }) };
    return runRules([acceptQueueFull], [snapshotOf([tableOf({}, [socketFd(6, first)])], { sockets: new Map([['1', table]]) })])[0]!.remedy.at(-1)!;
  };

  it('names the setting of the host only where it is in the way', () => {
    expect(advice(128, 4096)).toMatchObject({ risk: 'restart', text: expect.stringContaining('up to 4,096 (net.core.somaxconn) are allowed') });
    expect(advice(128, 4096)).not.toHaveProperty('command');
    expect(advice(128, 128)).toMatchObject({ risk: 'host', command: 'sysctl -w net.core.somaxconn=4096' });
    expect(advice(4096, 4096)).toMatchObject({ risk: 'host', command: 'sysctl -w net.core.somaxconn=8192' });
    expect(advice(128)).toMatchObject({ risk: 'restart', command: 'sysctl net.core.somaxconn' });
  });
});
