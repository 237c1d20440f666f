import { describe, expect, it } from 'vitest';
import type { SocketProbe } from '../../../src/evidence/types.ts';
import type { Snapshot, SocketTable } from '../../../src/kernel/types.ts';
import { runRules } from '../../../src/report/index.ts';
import { closedBothWays } from '../../../src/sockets/rules/closed-both-ways.ts';
import { neverConnected } from '../../../src/sockets/rules/never-connected.ts';
import { type FdSpec, lookAgain, snapshotOf, socketFd, tableOf, tcpRow, times } from '../../support/snapshot.ts';

const probe = (bytesReceived: number, state = 7, extra: Partial<SocketProbe> = {}): SocketProbe => ({
  domain: 2, type: 1, protocol: 6, listening: false, tcp: { state, segmentsIn: bytesReceived ? 9 : 1, segmentsOut: 1, bytesReceived, bytesAcked: 0 }, ...extra,
});
const unlisted = (count: number, answer?: SocketProbe, from = 3): FdSpec[] =>
  times(count, (i) => ({ fd: from + i, link: `socket:[${100 + from + i}]`, ino: String(100 + from + i), ...(answer && { probe: answer }) }));
const sockets = (allocated?: number, inUse?: number): Map<string, SocketTable> =>
  new Map([['1', { netns: '1', byInode: new Map(), pending: new Map(), ...(allocated !== undefined && { tcpAllocated: allocated, tcpInUse: inUse ?? 0 }) }]]);
const closed = (specs: FdSpec[], overrides: Partial<Snapshot> = {}) => runRules([closedBothWays], [snapshotOf([tableOf({}, specs)], overrides)]);
const never = (specs: FdSpec[], overrides: Partial<Snapshot> = {}) => runRules([neverConnected], [snapshotOf([tableOf({}, specs)], overrides)]);

describe('socket/closed-both-ways', () => {
  it.each([[15, 'info'], [16, 'warning']])('%i that were asked: %s', (count, severity) => {
    expect(closed(unlisted(count, probe(100)))[0]).toMatchObject({ severity, confidence: 'certain', title: expect.stringContaining(`${count} TCP sockets of app (pid 42) are closed`) });
  });

  it('reads answers from the snapshot too', () => {
    const specs = unlisted(16);
    const probes = new Map(specs.map(({ fd }) => [`42:${fd}`, probe(100)]));
    expect(closed(specs, { probes })[0]).toMatchObject({ severity: 'warning', confidence: 'certain' });
  });

  it('without answers: hints, and only when the kernel has so many more TCP sockets than it lists', () => {
    expect(closed(unlisted(16), { sockets: sockets(100, 84) })[0]).toMatchObject({ severity: 'info', confidence: 'hint', title: expect.stringContaining('or never connected') });
    expect(closed(unlisted(15), { sockets: sockets(100, 84) })[0]).toMatchObject({ severity: 'info', confidence: 'hint' });
    expect(closed(unlisted(16), { sockets: sockets(100, 85) })[0]).toMatchObject({ severity: 'info', title: expect.stringContaining('in no socket table') });
    expect(closed(unlisted(15), { sockets: sockets(100, 95) })).toEqual([]);
  });

  it('stays with the answers when there are enough of them', () => {
    expect(closed([...unlisted(16, probe(1)), ...unlisted(9, undefined, 50)], { sockets: sockets(100, 0) })[0]).toMatchObject({ confidence: 'certain', title: expect.stringMatching(/^16 TCP/) });
    expect(closed([...unlisted(8, probe(1)), ...unlisted(9, undefined, 50)], { sockets: sockets(100, 0) })[0]).toMatchObject({ severity: 'info', confidence: 'hint', title: expect.stringMatching(/^17 TCP/) });
  });

  it.each<[string, FdSpec[], Partial<Snapshot>]>([
    ['no table could be read', unlisted(500), {}],
    ['an unreadable table', unlisted(500), { sockets: sockets() }],
    ['alive in another namespace', unlisted(30, probe(100, 1)), {}],
    ['listening in another namespace', unlisted(30, { ...probe(0, 10), listening: true }), {}],
    ['not TCP', unlisted(30, { domain: 38, type: 5, protocol: 0, listening: false }), {}],
    ['listed', times(30, (i) => socketFd(3 + i, tcpRow(String(i), 'ESTABLISHED'))), { sockets: sockets(100, 0) }],
    ['listed a moment later', unlisted(16), { sockets: sockets(100, 0), secondLook: lookAgain(times(16, (i) => tcpRow(String(103 + i), 'ESTABLISHED'))) }],
  ])('is silent: %s', (_name, specs, overrides) => expect(closed(specs, overrides)).toEqual([]));
});

describe('socket/never-connected', () => {
  it.each([[15, 'info'], [16, 'warning']])('%i that were asked: %s', (count, severity) => {
    expect(never(unlisted(count, probe(0)))[0]).toMatchObject({ severity, title: expect.stringContaining(`${count} TCP sockets of app (pid 42) were never connected`) });
  });

  it('leaves closed ones to the other rule, and the other way round', () => {
    expect(never(unlisted(30, probe(100)))).toEqual([]);
    expect(closed(unlisted(30, probe(0)))).toEqual([]);
    expect(never(unlisted(30))).toEqual([]);
    expect(never(unlisted(30, probe(0, 2)))).toEqual([]);
  });

  const knocking = (count: number) => times(count, (i) => tcpRow(String(i), 'SYN_SENT'));
  const fds = (rows: ReturnType<typeof knocking>) => rows.map((row, i) => socketFd(3 + i, row));

  it('tells of connects that nobody answers', () => {
    const rows = knocking(16);
    expect(never(fds(rows), { secondLook: lookAgain(rows) })[0]).toMatchObject({ severity: 'warning', confidence: 'likely', title: '16 connects to 10.0.0.7:5432 of app (pid 42) without an answer' });
    const mixed = [...rows, ...times(10, (i) => tcpRow(String(100 + i), 'SYN_SENT', { remotePort: 80 + i }))];
    expect(never(fds(mixed), { secondLook: lookAgain(mixed) })[0]!.title).toMatch(/^26 connects of .*, 16 of them to 10\.0\.0\.7:5432$/);
  });

  it('takes time for them', () => {
    const rows = knocking(30);
    expect(never(fds(rows))).toEqual([]);
    expect(never(fds(rows), { secondLook: lookAgain([]) })).toEqual([]);
    expect(never(fds(rows), { secondLook: lookAgain(rows, { afterMs: 100 }) })[0]).toMatchObject({ severity: 'info' });
    expect(never(fds(rows), { secondLook: lookAgain(rows.slice(0, 15)) })[0]).toMatchObject({ severity: 'info' });
  });
});
