import { describe, expect, it } from 'vitest';
import type { SocketRow } from '../../../src/kernel/types.ts';
import { runRules } from '../../../src/report/index.ts';
import type { Observation, TrendsEvent } from '../../../src/series/index.ts';
import { closeWait } from '../../../src/sockets/rules/close-wait.ts';
import { type FdSpec, lookAgain, snapshotOf, socketFd, tableOf, tcpRow, times } from '../../support/snapshot.ts';

const hung = (count: number, overrides: Partial<SocketRow> = {}, from = 100): SocketRow[] =>
  times(count, (i) => tcpRow(String(from + i), 'CLOSE_WAIT', { receiveQueue: 1, ...overrides }));
const fds = (rows: SocketRow[], extra: Partial<FdSpec> = {}) => rows.map((row, i) => socketFd(3 + i, row, extra));
const find = (rows: SocketRow[], look?: ReturnType<typeof lookAgain>, extra: Partial<FdSpec> = {}) =>
  runRules([closeWait], [snapshotOf([tableOf({}, fds(rows, extra))], look ? { secondLook: look } : {})]);
const idle = (ms: number): Partial<SocketRow> => ({
  diag: { protocol: 'tcp', state: 8, inode: '0', receiveQueue: 0, sendQueue: 0, lastSentMs: ms + 5, lastReceivedMs: ms },
});

describe('socket/close-wait', () => {
  it.each([
    [15, 1, 'info'],
    [16, 1, 'warning'],
    [4, 0, 'info'],
    [5, 0, 'warning'],
  ])('%i sockets with %i unread that last: %s', (count, receiveQueue, severity) => {
    const rows = hung(count, { receiveQueue });
    const [finding] = find(rows, lookAgain(rows));
    expect(finding).toMatchObject({ severity, confidence: severity === 'warning' ? 'likely' : 'hint' });
    expect(finding!.title).toBe(`${count} sockets to 10.0.0.7:5432 in CLOSE_WAIT: the other side hung up, app (pid 42) did not`);
  });

  it('hints from one look, or from a short second one', () => {
    const rows = hung(500, { receiveQueue: 0 });
    expect(find(rows)[0]).toMatchObject({ severity: 'info', confidence: 'hint' });
    expect(find(rows, lookAgain(rows, { afterMs: 100 }))[0]).toMatchObject({ severity: 'info', confidence: 'hint' });
  });

  it('believes long idle sockets without a second look', () => {
    expect(find(hung(20, idle(59_000)))[0]).toMatchObject({ severity: 'info' });
    const [finding] = find([...hung(16, idle(3 * 3_600_000)), ...hung(5, idle(1000), 300)]);
    expect(finding).toMatchObject({ severity: 'warning', confidence: 'likely', title: expect.stringMatching(/^21 sockets .*, idle for 3 h \(median\)$/) });
    expect(finding!.evidence).toContainEqual({ name: 'idle, longest', value: 3 * 3_600_000, unit: 'ms', source: 'sock_diag' });
  });

  it('counts only what lasts, and neither what still sends nor what is being read', () => {
    const rows = hung(40);
    expect(find(rows, lookAgain(rows.slice(0, 10)))[0]!.title).toMatch(/^10 sockets/);
    expect(find(rows, lookAgain(rows.map((row) => ({ ...row, state: 'LAST_ACK' }))))).toEqual([]);
    expect(find(rows, lookAgain(rows.map((row) => ({ ...row, receiveQueue: 0 }))))).toEqual([]);
    expect(find(hung(40, { sendQueue: 9 }))).toEqual([]);
  });

  it('does not ask for the watch it was found in', () => {
    const rows = hung(20);
    const snapshot = snapshotOf([tableOf({}, fds(rows))], { secondLook: lookAgain(rows) });
    const trends: TrendsEvent = {
      type: 'trends', label: 'app (pid 42)', processes: [{ pid: 42, startTime: '1', open: 20, limit: { soft: 1024, hard: 1024 } }], windowMs: 30_000, samples: 30, groups: [], source: '/proc/42/fd',
    };
    const commands = (events: Observation[]): (string | undefined)[] => runRules([closeWait], events)[0]!.remedy.map(({ command }) => command);
    expect(commands([snapshot])).toContain('reloadctl fds 42 --watch 30s');
    expect(commands([trends, snapshot])).toEqual([undefined, undefined]);
  });

  it('says how many ends of stream were read', () => {
    const rows = [...hung(12, { receiveQueue: 0 }), ...hung(8, { receiveQueue: 1 }, 300)];
    const { evidence } = find(rows, lookAgain(rows))[0]!;
    expect(evidence).toContainEqual(expect.objectContaining({ name: 'end of stream read, descriptor kept', value: 12 }));
    expect(evidence).toContainEqual(expect.objectContaining({ name: 'end of stream never read', value: 8 }));
    expect(evidence).toContainEqual(expect.objectContaining({ name: 'share of all open descriptors', value: '100%' }));
  });

  it('groups by peer, by port when inbound, and by remote port when spread thin', () => {
    const rows = [...hung(20), ...hung(17, { remoteAddress: '10.0.0.8' }, 200), ...times(30, (i) => hung(1, { remoteAddress: `10.1.0.${i}`, remotePort: 443 }, 300 + i)[0]!)];
    expect(find(rows, lookAgain(rows)).map(({ title, severity }) => [title.slice(0, title.indexOf(' in CLOSE')), severity]).sort()).toEqual([
      ['17 sockets to 10.0.0.8:5432', 'warning'],
      ['20 sockets to 10.0.0.7:5432', 'warning'],
      ['30 sockets to *:443', 'warning'],
    ]);
    const inbound = times(20, (i) => hung(1, { localPort: 8080, remotePort: 50_000 + i }, 100 + i)[0]!);
    expect(find(inbound, lookAgain(inbound), { inbound: true })[0]!.title).toMatch(/^20 sockets on :8080/);
  });

  it('tells of at most six groups, and sums small ones up without raising them', () => {
    const rows = times(9, (g) => hung(16, { remoteAddress: `10.2.0.${g}`, remotePort: 1000 + g }, 1000 + 100 * g)).flat();
    expect(find(rows, lookAgain(rows)).map(({ title }) => title)).toContainEqual(expect.stringMatching(/^64 sockets to 4 more peers/));
    expect(find(rows, lookAgain(rows))).toHaveLength(6);
    const few = times(20, (g) => hung(1, { remoteAddress: `10.2.0.${g}`, remotePort: 1000 + g }, 1000 + g)).flat();
    expect(find(few, lookAgain(few)).map(({ severity, title }) => [severity, title.slice(0, 27)])).toEqual([['info', '20 sockets to several peers']]);
  });

  it('counts a socket of forked workers once, and makes one finding of all workers', () => {
    const rows = hung(20);
    const look = { secondLook: lookAgain(rows) };
    const shared = runRules([closeWait], [snapshotOf([tableOf({ pid: 1 }, fds(rows)), tableOf({ pid: 2 }, fds(rows))], look)]);
    expect(shared.map(({ title }) => title)).toEqual([expect.stringMatching(/^20 sockets/)]);
    const split = runRules([closeWait], [snapshotOf([tableOf({ pid: 1 }, fds(rows.slice(0, 8))), tableOf({ pid: 2 }, fds(rows.slice(8)))], look)]);
    expect(split.map(({ title }) => title)).toEqual([expect.stringMatching(/^20 sockets .*app \(2 processes, worst pid 2\)/)]);
  });
});
