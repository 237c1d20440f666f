import { describe, expect, it } from 'vitest';
import type { SocketRow } from '../../../src/kernel/types.ts';
import { runRules } from '../../../src/report/index.ts';
import { unreadData } from '../../../src/sockets/rules/unread-data.ts';
import { lookAgain, snapshotOf, socketFd, tableOf, tcpRow, times } from '../../support/snapshot.ts';

const waiting = (count: number, receiveQueue: number) => times(count, (i) => tcpRow(String(100 + i), 'ESTABLISHED', { receiveQueue, localPort: 41_000 + i }));
const find = (rows: SocketRow[], look?: ReturnType<typeof lookAgain>) =>
  runRules([unreadData], [snapshotOf([tableOf({}, rows.map((row, i) => socketFd(3 + i, row)))], look ? { secondLook: look } : {})]);

describe('socket/unread-data', () => {
  it.each([
    [15, 100, 'info'],
    [16, 100, 'warning'],
    [1, 1024 * 1024 - 1, 'info'],
    [1, 1024 * 1024, 'warning'],
  ])('%i connections with %i bytes each: %s', (count, bytes, severity) => {
    const rows = waiting(count, bytes);
    expect(find(rows, lookAgain(rows))[0]).toMatchObject({ severity, confidence: severity === 'warning' ? 'likely' : 'hint' });
  });

  it('hints from one look, or from a short second one', () => {
    const rows = waiting(40, 70_000);
    expect(find(rows)[0]).toMatchObject({ severity: 'info', title: '40 connections to 10.0.0.7:5432 with 2.7 MiB that app (pid 42) does not read' });
    expect(find(rows, lookAgain(rows, { afterMs: 100 }))[0]).toMatchObject({ severity: 'info' });
  });

  it('is silent about what is read, empty or gone', () => {
    const rows = waiting(40, 70_000);
    expect(find(rows, lookAgain(rows.map((row) => ({ ...row, receiveQueue: 69_999 }))))).toEqual([]);
    expect(find(rows, lookAgain([]))).toEqual([]);
    expect(find(waiting(40, 0))).toEqual([]);
  });

  it('counts what has grown', () => {
    const rows = waiting(20, 10);
    expect(find(rows, lookAgain(rows.map((row) => ({ ...row, receiveQueue: 20 }))))[0]).toMatchObject({ severity: 'warning' });
  });

  it('takes a proxy that waits for slow receivers for what it is', () => {
    const slow = times(20, (i) => tcpRow(String(500 + i), 'ESTABLISHED', { sendQueue: 90_000, remoteAddress: '192.0.2.9', remotePort: 50_000 + i }));
    const rows = [...waiting(20, 200_000), ...slow];
    expect(find(rows, lookAgain(rows))[0]).toMatchObject({ severity: 'info', because: expect.stringContaining('flow control') });
    const drained = [...rows.slice(0, 20), ...slow.map((row) => ({ ...row, sendQueue: 0 }))];
    expect(find(rows, lookAgain(drained))[0]).toMatchObject({ severity: 'warning' });
  });

  it('does not take the senders of the unread data themselves for slow receivers', () => {
    const unread = waiting(20, 70_000);
    const senders = unread.map((row, i) => tcpRow(String(700 + i), 'ESTABLISHED', { remoteAddress: row.localAddress!, remotePort: row.localPort!, localPort: 9000, sendQueue: 5 }));
    const rows = [...unread, ...senders];
    expect(find(rows, lookAgain(rows))[0]).toMatchObject({ severity: 'warning' });
  });
});
