import { describe, expect, it } from 'vitest';
import type { ThreadTable } from '../../src/fds/threads.ts';
import type { Fd } from '../../src/kernel/types.ts';
import { DANGEROUS, HOSTILE } from '../render/support.ts';
import { fdInfo, fileStat } from '../support/fake-process.ts';
import { makeFd, makeSnapshot, makeTable } from '../support/fds.ts';
import { shown } from './support.ts';

const small = (): Fd[] => [
  makeFd('/dev/null', { fd: 0, info: fdInfo({ flags: '02' }), stat: fileStat({ mode: 0o020666 }) }),
  makeFd('/var/log/app.log', { fd: 1, info: fdInfo({ flags: '0102001' }), stat: fileStat() }),
  makeFd('/tmp/upload-17.part (deleted)', { fd: 5, info: fdInfo({}), stat: fileStat({ nlink: 0 }) }),
  makeFd('socket:[500]', { fd: 6, info: fdInfo({}), row: { state: 'LISTEN', localAddress: '0.0.0.0', localPort: 8080, receiveQueue: 0 } }),
  makeFd('pipe:[7]', { fd: 8, info: fdInfo({ flags: '01' }) }),
];
const files = (count: number, pid = 42): Fd[] =>
  Array.from({ length: count }, (_, fd) => makeFd(`/srv/data/${fd}/x.db`, { pid, fd, info: fdInfo({}), stat: fileStat() }));

describe('the view of one process', () => {
  it('has its numbers and groups', async () => {
    const pipe = [{ process: makeTable([], { pid: 7, comm: 'sh' }).process, fd: 0, link: 'pipe:[7]' }];
    expect(await shown(makeSnapshot([makeTable(small())], { foreign: new Map([['pipe:[7]', pipe]]) }))).toMatchInlineSnapshot(`
      "
      app (pid 42): /usr/bin/app
      5 open of soft limit 1,024 (hard 4,096), 0.5% used, highest number 8, table grown to 256

      COUNT  SHARE  KIND    WHAT                           NOTE
          1    20%  device  /dev/null                      no CLOEXEC
          1    20%  file    /tmp/upload-17.part (deleted)
          1    20%  file    /var/log/app.log               no CLOEXEC
          1    20%  pipe    write end                      no CLOEXEC; other end sh[7]
          1    20%  socket  tcp LISTEN 0.0.0.0:8080
      "
    `);
  });

  it('does not call a limit overrun that was lowered below open numbers', async () => {
    const fds = [0, 1, 2, ...Array.from({ length: 62 }, (_, index) => 300 + index)].map((fd) => makeFd('/dev/null', { fd, info: fdInfo({}) }));
    const text = await shown(makeSnapshot([makeTable(fds, { limit: { soft: 64, hard: 64 } })]));
    expect(text).toContain('65 open, 3 of them below the soft limit 64 (hard 64), 4.7% used, highest number 361');
  });

  it('lists descriptors', async () => {
    expect(await shown(makeSnapshot([makeTable(small())]), { list: true, where: 'fd<6' })).toMatchInlineSnapshot(`
      "
      app (pid 42): /usr/bin/app
      5 open of soft limit 1,024 (hard 4,096), 0.5% used, highest number 8, table grown to 256

      FD  KIND    ACCESS  CLOEXEC  DESCRIPTION                    OTHEREND
       0  device  rw      no       /dev/null                      -
       1  file    w       no       /var/log/app.log               -
       5  file    rw      yes      /tmp/upload-17.part (deleted)  -
      "
    `);
    expect(await shown(makeSnapshot([makeTable(small())]), { columns: 'fd,bytes,deleted', sort: '-fd' })).toMatchInlineSnapshot(`
      "
      app (pid 42): /usr/bin/app
      5 open of soft limit 1,024 (hard 4,096), 0.5% used, highest number 8, table grown to 256

      FD  BYTES  DELETED
       8      -  no
       6      -  no
       5     10  yes
       1     10  no
       0      -  no
      "
    `);
  });

  it('says that nothing matches a filter', async () => {
    expect(await shown(makeSnapshot([makeTable(small())]), { where: 'fd>99' })).toContain('no descriptor matches --where');
    expect(await shown(makeSnapshot([makeTable(small())]), { where: 'fd>99', list: true })).toContain('no descriptor matches --where');
  });

  it('says what it does not know when it is denied', async () => {
    const denied = { ...makeTable([], { open: 1000 }), errno: 'EACCES' };
    expect(await shown(makeSnapshot([denied]))).toMatchInlineSnapshot(`
      "
      app (pid 42): /usr/bin/app
      1,000 open of soft limit 1,024 (hard 4,096), 97.7% used, table grown to 256

      "
    `);
    const unknown = { ...makeTable([], { open: null, limit: { soft: null, hard: null } }), errno: 'EACCES' };
    expect(await shown(makeSnapshot([unknown]))).toContain('unknown number open of no limit (hard unlimited), table grown to 256');
  });

  it('fits 19,000 descriptors on 40 lines, and tells how to see the largest group', async () => {
    const kinds = [
      ...Array.from({ length: 12_000 }, (_, index) =>
        makeFd(`socket:[${index}]`, {
          fd: index,
          info: fdInfo({}),
          row: {
            localAddress: '10.0.0.1',
            localPort: 40000,
            remoteAddress: `10.0.${index >> 8}.${index & 255}`,
            remotePort: 5432,
            state: 'CLOSE_WAIT',
          },
        }),
      ),
      ...Array.from({ length: 5000 }, (_, index) =>
        makeFd(`/var/tmp/upload-${index}.part (deleted)`, { fd: 12_000 + index, info: fdInfo({}), stat: fileStat({ nlink: 0 }) }),
      ),
      ...Array.from({ length: 2000 }, (_, index) =>
        makeFd(`/srv/${'abcdefghijklmnopqrst'[index % 20]}/${'abcdefghijklmnopqrst'[(index >> 4) % 20]}.${'abcdefghij'[index % 10]}`, {
          fd: 17_000 + index,
          stat: fileStat(),
        }),
      ),
    ];
    const text = await shown(makeSnapshot([makeTable(kinds, { limit: { soft: 20_000, hard: 20_000 } })]), {}, { columns: 100 });
    expect(text.split('\n').length).toBeLessThanOrEqual(40);
    expect(Math.max(...text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(text).toContain('19,000 open of soft limit 20,000 (hard 20,000), 95% used');
    expect(text).toContain("reloadctl fds 42 --list --where 'kind=socket'");
    expect(text).toMatch(/12,000\s+63\.2%\s+socket\s+tcp CLOSE_WAIT to \*:5432/);
  });

  it('gives no command that would not work: for a filter of its own, for mixed kinds', async () => {
    const many = makeSnapshot([makeTable(files(500))]);
    expect(await shown(many, {}, { rerun: 'reloadctl fds 42 --all --group-by kind' })).toContain(
      "reloadctl fds 42 --list --where 'kind=file'",
    );
    expect(await shown(many, { where: 'fd>1' }, { rerun: "reloadctl fds 42 --where 'fd>1'" })).not.toContain('--list');
    expect(await shown(makeSnapshot([makeTable([...files(200), ...small()])]), { groupBy: 'pid' })).not.toContain('--list');
  });

  it('shows 15 groups, or all', async () => {
    const kinds = Array.from({ length: 30 }, (_, index) => makeFd(`other${index}:`, { fd: index }));
    expect(await shown(makeSnapshot([makeTable(kinds)]))).toContain('and 15 more groups with 15 descriptors (--all)');
    const all = await shown(makeSnapshot([makeTable(kinds)]), { all: true });
    expect(all).not.toContain('more group');
    expect(all.split('\n').filter((line) => line.includes('other')).length).toBe(30);
  });

  it('lets no name speak to the terminal', async () => {
    const bytes = Buffer.from(HOSTILE).toString('latin1');
    const fds = [
      makeFd(`/tmp/${bytes}`, { fd: 3, stat: fileStat() }),
      makeFd(`/memfd:${bytes} (deleted)`, { fd: 4 }),
      makeFd(bytes, { fd: 5 }),
      makeFd('socket:[1]', { fd: 6, row: { protocol: 'unix', state: 'LISTEN', path: bytes } }),
    ];
    const snapshot = makeSnapshot(
      [makeTable(fds, { comm: bytes, exe: `/usr/bin/${bytes}`, origin: { unit: HOSTILE, pod: HOSTILE, path: '/' } })],
      { label: `${HOSTILE} (pid 42)` },
    );
    for (const options of [{}, { list: true }, { groupBy: 'path' }]) {
      const text = await shown(snapshot, options, { columns: 120 });
      expect(text).not.toMatch(DANGEROUS);
      expect(text.split('\n').filter((line) => line.startsWith('CRITICAL'))).toEqual([]);
    }
  });
});

describe('the view of several processes', () => {
  it('has a row for each, the nearest to its limit first', async () => {
    const tables = [
      makeTable(files(3)),
      makeTable(files(60, 43), { pid: 43, limit: { soft: 64, hard: 64 } }),
      { ...makeTable([], { pid: 44, open: null }), errno: 'EACCES' },
    ];
    expect(await shown(makeSnapshot(tables, { label: 'app (3 processes)' }))).toMatchInlineSnapshot(`
      "
      app (3 processes): 63 open in 2 of them, unknown in 1
      PID     OPEN   SOFT   USED  HIGHEST  TABLE  COMMAND
       43       60     64  93.8%       59    256  app
       42        3  1,024   0.3%        2    256  app
       44  unknown  1,024      -        -    256  app

      COUNT  SHARE  KIND  WHAT              NOTE
         63   100%  file  /srv/data/*/x.db
      "
    `);
  });

  it('shows ten of them, and the pid in lists', async () => {
    const tables = Array.from({ length: 12 }, (_, index) => makeTable(files(1, 50 + index), { pid: 50 + index }));
    expect(await shown(makeSnapshot(tables))).toContain('and 2 more processes (--json has all)');
    expect(await shown(makeSnapshot(tables), { list: true })).toMatch(/^\s*PID\s+FD\s+KIND/m);
  });
});

describe('the view of threads', () => {
  const shared = { pid: 42, tid: 42, comm: 'app', open: 3, table: 'shared' } as const;
  const view = (...threads: ThreadTable[]): Promise<string> => shown(makeSnapshot([makeTable(small())]), {}, { threads });

  it('says whose table is their own, and what is in it', async () => {
    const fds = Array.from({ length: 25 }, (_, fd) => ({ fd, target: `/f${fd}` }));
    const text = await view(shared, { ...shared, tid: 43, comm: 'own', open: 25, table: 'own', fds });
    expect(text).toContain('1 of 2 threads have a table of their own:\nthread 43 (own): 25 descriptors');
    expect(text).toContain('19 /f19');
    expect(text).not.toContain('20 /f20');
    expect(text).toContain('and 5 more (--json has all)');
  });

  it('says that all share one, and of how many that is not known', async () => {
    expect(await view(shared, { ...shared, tid: 43 })).toContain('2 threads, all with the one table');
    const partly = await view(shared, { ...shared, tid: 43, open: null });
    expect(partly).toContain('the tables of 1 thread could not be read');
    expect(partly).toContain('1 thread, all with the one table');
  });
});
