import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildData, type FdsData } from '../../src/fds/data.ts';
import { fdRules } from '../../src/fds/rules/index.ts';
import { parseListOptions } from '../../src/fds/list-options.ts';
import { LARGE_TABLE, SAMPLE } from '../../src/kernel/fd-sample.ts';
import type { SnapshotOptions } from '../../src/kernel/snapshot/options.ts';
import { takeSnapshot } from '../../src/kernel/snapshot/take.ts';
import type { Snapshot } from '../../src/kernel/types.ts';
import { type Coverage, type Finding, runRules } from '../../src/report/index.ts';
import { socketRules } from '../../src/sockets/rules/index.ts';
import { fakeEvidence, type World } from '../support/fake-evidence.ts';
import { type FakeFd, type FakeProcess, tcpRow, worldOf } from '../support/fake-process.ts';

interface Seen {
  data: FdsData;
  findings: Finding[];
  coverage: Coverage[];
  snapshot: Snapshot;
}

async function look(world: World, pids: readonly number[], changes: Partial<SnapshotOptions>): Promise<Seen> {
  const options = { allOwners: false, everything: false, rerun: 'reloadctl fds 42', isRoot: true, signal: new AbortController().signal, ...changes };
  const { snapshot, coverage } = await takeSnapshot(fakeEvidence(world), pids, '', options);
  const findings = runRules([...fdRules, ...socketRules], [snapshot]);
  return { data: buildData(snapshot, parseListOptions({}), undefined), findings, coverage: coverage.list(), snapshot };
}

type Thing =
  | { is: 'file'; directory: number; name: number; deleted: boolean; times: number }
  | { is: 'connection'; state: number; inside: boolean; port: number; queue: number }
  | { is: 'held by all' | 'unlisted' | 'pipe' | 'listener' | 'device' | 'odd name' }
  | { is: 'dup'; times: number }
  | { is: 'epoll'; registers: number[] };

const thing: fc.Arbitrary<Thing> = fc.oneof(
  fc.record({ is: fc.constant('file' as const), directory: fc.nat(30), name: fc.nat(40), deleted: fc.boolean(), times: fc.integer({ min: 1, max: 12 }) }),
  fc.record({ is: fc.constant('connection' as const), state: fc.constantFrom(1, 1, 8, 2, 6), inside: fc.boolean(), port: fc.integer({ min: 80, max: 95 }), queue: fc.constantFrom(0, 0, 9) }),
  fc.record({ is: fc.constantFrom('held by all' as const, 'unlisted' as const, 'pipe' as const, 'listener' as const, 'device' as const, 'odd name' as const) }),
  fc.record({ is: fc.constant('dup' as const), times: fc.integer({ min: 2, max: 7 }) }),
  fc.record({ is: fc.constant('epoll' as const), registers: fc.array(fc.nat(2 * LARGE_TABLE), { maxLength: 400 }) }),
);

/** One of each, twice: what a few runs by chance may miss. */
const EVERYTHING = [0, 1].flatMap((): (readonly [Thing, boolean])[] => [
  [{ is: 'file', directory: 3, name: 1, deleted: false, times: 12 }, true],
  [{ is: 'file', directory: 3, name: 2, deleted: true, times: 2 }, false],
  ...[1, 8, 2, 6].map((state): readonly [Thing, boolean] => [{ is: 'connection', state, inside: true, port: 90, queue: 0 }, true]),
  [{ is: 'connection', state: 1, inside: false, port: 91, queue: 9 }, false],
  ...(['held by all', 'unlisted', 'pipe', 'listener', 'device', 'odd name'] as const).map((is): readonly [Thing, boolean] => [{ is }, true]),
  [{ is: 'dup', times: 7 }, true],
  [{ is: 'epoll', registers: Array.from({ length: 700 }, (_, index) => 3 * index) }, true],
]);

/** Two processes with so many plain things that both are sampled, and the given ones among them. */
function build(things: readonly (readonly [Thing, boolean])[], stride: number): ReturnType<typeof worldOf> {
  const tables: Record<number, FakeFd>[] = [{}, {}];
  const inodes: Map<number, string>[] = [new Map(), new Map()];
  const rows: string[] = [];
  let next = 5000;
  const put = (table: number, fd: FakeFd): void => {
    const fds = tables[table]!;
    const number = 3 + Object.keys(fds).length;
    const ino = fd.ino ?? String(next++);
    fds[number] = { ...fd, ino, stat: { ino, ...fd.stat } };
    inodes[table]!.set(number, ino);
  };
  const socket = (table: number, inode: string): void => put(table, { link: `socket:[${inode}]`, ino: inode });
  const connection = (table: number, state: number, inside: boolean, port: number, queue: number): void => {
    const [here, there] = [String(next++), String(next++)];
    const client = 40_000 + (next % 20_000);
    rows.push(tcpRow({ inode: here, state, local: client, remote: port, receiveQueue: queue }), tcpRow({ inode: there, state: 1, local: port, remote: client }));
    socket(table, here);
    if (inside) socket(1 - table, there);
  };
  const make = (what: Thing, table: number): void => {
    if (what.is === 'file') {
      const ino = String(next++);
      const link = `/srv/app-${what.directory}/data/part${what.name}.db${what.deleted ? ' (deleted)' : ''}`;
      for (let time = 0; time < what.times; time++) put(table, { link, ino, stat: { nlink: what.deleted ? 0 : 1 } });
    } else if (what.is === 'connection') connection(table, what.state, what.inside, what.port, what.queue);
    else if (what.is === 'dup') {
      const inode = String(next++);
      rows.push(tcpRow({ inode, state: 1, local: 45_000, remote: 99 }));
      for (let time = 0; time < what.times; time++) socket(table, inode);
    } else if (what.is === 'held by all') {
      const inode = String(next++);
      rows.push(tcpRow({ inode, state: 1, local: 46_000, remote: 99 }));
      for (const each of [0, 1]) socket(each, inode);
    } else if (what.is === 'unlisted') socket(table, String(next++));
    else if (what.is === 'listener') {
      const inode = String(next++);
      rows.push(tcpRow({ inode, state: 10, local: 80 }));
      socket(table, inode);
    } else if (what.is === 'pipe') put(table, { link: `pipe:[${next}]`, ino: String(next++) });
    else if (what.is === 'device') put(table, { link: '/dev/null', stat: { mode: 0o20666 } });
    else if (what.is === 'odd name') put(table, { link: `/srv/\xe4 ${next}/x (deleted) (1)` });
    else if (what.is === 'epoll') {
      const lines = what.registers.map((number) => `tfd: ${number} events: 19 data: 0  pos:0 ino:${Number(inodes[table]!.get(number) ?? 1).toString(16)} sdev:9\n`);
      put(table, { link: 'anon_inode:[eventpoll]', rest: lines.join('') });
    }
  };
  for (const [what, first] of things.slice(0, things.length / 2)) make(what, first ? 0 : 1);
  for (let count = 0; count <= LARGE_TABLE; count++) {
    for (const table of [0, 1]) {
      if (count % stride === 0) connection(table, 1, count % 2 === 0, 80, 0);
      else put(table, { link: `/srv/app-${count % 7}/data/segment-${count}.${count % 5 === 0 ? 'db' : 'log'}` });
    }
  }
  for (const [what, first] of things.slice(things.length / 2)) make(what, first ? 0 : 1);
  const processes = tables.map((fds, index): FakeProcess => ({ pid: 42 + index, ppid: index === 0 ? 1 : 42, exe: `/usr/bin/app${index}`, comm: `app${index}`, soft: '4000', fds }));
  const world = worldOf(...processes, { pid: 1, comm: 'init' });
  for (const { pid } of processes) world.files[`/proc/${pid}/net/tcp`] = `header\n${rows.join('')}`;
  return world;
}

// A socket that is not plain is asked for its flags beside the sample of each table, where the others are packed.
const coverageTold = (coverage: readonly Coverage[]): unknown => coverage.map((one) => (one.source === 'open flags' ? { ...one, seen: 'some' } : one));
/** Ties of the most frequent other ends are in the order of sight. */
const told = ({ groups }: FdsData): unknown =>
  groups.map((group) => ({ ...group, flagsRead: Math.min(group.flagsRead, 2 * SAMPLE), otherEnds: group.otherEnds.toSorted() }));
const exact = ({ groups }: FdsData): unknown => groups.map(({ kind, key, count, deleted }) => ({ kind, key, count, deleted }));

describe('a look that keeps plain descriptors packed', () => {
  it('says what one with an object for each says', async () => {
    const worlds = fc.tuple(fc.array(fc.tuple(thing, fc.boolean()) as fc.Arbitrary<readonly [Thing, boolean]>, { maxLength: 60 }), fc.integer({ min: 2, max: 9 }));
    let packedOnes = 0;
    await fc.assert(
      fc.asyncProperty(worlds, async ([things, stride]) => {
        const pids = [42, 43];
        const [plain, packed, whole] = [
          await look(build(things, stride), pids, {}),
          await look(build(things, stride), pids, { packed: true }),
          await look(build(things, stride), pids, { details: true }),
        ];
        packedOnes += packed.snapshot.tables.reduce((sum, table) => sum + (table.plain?.size ?? 0), 0);
        expect(told(packed.data)).toEqual(told(plain.data));
        expect({ ...packed.data, groups: [] }).toEqual({ ...plain.data, groups: [] });
        expect(packed.findings).toEqual(plain.findings);
        expect(coverageTold(packed.coverage)).toEqual(coverageTold(plain.coverage));
        expect(exact(packed.data)).toEqual(exact(whole.data));
        // A sample may miss what is only worth a note: coverage says that it is one.
        const named = (findings: readonly Finding[]): string[] => findings.filter(({ severity }) => severity !== 'info').map(({ id, severity }) => `${id} ${severity}`);
        expect(named(packed.findings)).toEqual(named(whole.findings));
      }),
      { numRuns: 5, examples: [[[EVERYTHING, 3]]] },
    );
    expect(packedOnes).toBeGreaterThan(LARGE_TABLE);
  }, 120_000);
});
