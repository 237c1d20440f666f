/** `inherit` on made-up generations: listeners by inode, what came along by accident, and the text of it. */
import { describe, expect, it } from 'vitest';
import type { ReportOutcome } from '../../src/command.ts';
import type { DiagSocket, NetworkQuestions } from '../../src/evidence/types.ts';
import { run } from '../../src/inherit/command.ts';
import type { InheritData } from '../../src/inherit/data.ts';
import { inheritRules } from '../../src/inherit/rules/index.ts';
import { report, text as rendered } from '../render/support.ts';
import { fakeEvidence, refused, type World } from '../support/fake-evidence.ts';
import { type FakeFd, type FakeProcess, tcpRow, worldOf } from '../support/fake-process.ts';

const OLD = 41;
const NEW = 42;
const OPEN = '02';
const CLOSED = '02000002';
const HEAD = '  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n';
const listener = (inode: number, flags = OPEN): FakeFd => ({ link: `socket:[${inode}]`, flags });
const LISTENING = (inode: number, port: number): string => tcpRow({ inode: String(inode), state: 10, local: port });

interface Given {
  old: NonNullable<FakeProcess['fds']>;
  now: NonNullable<FakeProcess['fds']>;
  environ?: Record<string, string>;
  /** Of the old one, beside A. */
  before?: Record<string, string>;
  rows: string[];
  same?: Record<string, boolean>;
  /** By sock_diag, instead of rows. */
  told?: DiagSocket[];
  change?: (world: World) => void;
}

async function inherit({ old, now, environ = {}, before = {}, rows, same = {}, told, change }: Given): Promise<{ outcome: ReportOutcome; data: InheritData; findings: string[]; text: string }> {
  const world: World = worldOf({ pid: OLD, fds: old, environ: { A: '1', ...before } }, { pid: NEW, ppid: OLD, fds: now, environ: { A: '2', ...environ }, startTime: '2000' });
  for (const pid of [OLD, NEW]) {
    world.files![`/proc/${pid}/net/tcp`] = HEAD + rows.join('');
    world.files![`/proc/${pid}/cmdline`] = '/usr/bin/app\0--secret=1\0';
    world.lists![`/proc/${pid}/task`] = [String(pid)];
    world.files![`/proc/${pid}/task/${pid}/syscall`] = '35 0x0 0x0 0x0 0x0 0x0 0x0 0x7ffc 0x7f00\n';
  }
  world.files!['/proc/sys/kernel/arch'] = 'x86_64\n';
  change?.(world);
  const never = (): never => {
    throw new Error('not asked for here');
  };
  const outcome = await run([String(OLD), String(NEW)], {}, {
    evidence: { ...fakeEvidence({ ...world, sameDescription: same }), ...(told && { network: { sockDiagOf: () => ({ value: told, at: 0, source: '' }) } as unknown as NetworkQuestions }) }, rules: inheritRules, signal: new AbortController().signal,
    rerun: 'reloadctl inherit 41 42', isRoot: true, say: () => undefined, progress: () => undefined, stdin: never, replay: never,
  });
  if (outcome.kind !== 'report') throw new Error('it prints a report');
  const text = await rendered(report(), [...outcome.body()]);
  return { outcome, data: outcome.data as InheritData, findings: outcome.findings.map(({ id, severity, confidence }) => `${id} ${severity} ${confidence}`), text };
}

describe('listeners', () => {
  it('of another network namespace than that of the process are found by asking the sockets themselves', async () => {
    const probe = (local: string, netns: string) => ({ domain: 2, type: 1, protocol: 6, listening: true, local, netns });
    const { data, text, findings } = await inherit({
      old: { 3: listener(100), 4: listener(200), 5: listener(300) },
      now: { 3: listener(100, CLOSED), 6: listener(201, CLOSED), 7: listener(301, CLOSED) },
      rows: [],
      change: (world) => {
        world.probes = { '41:3': probe('127.0.0.1:80', '77'), '42:3': probe('127.0.0.1:80', '77'), '41:4': probe('127.0.0.1:81', '77'), '42:6': probe('127.0.0.1:81', '77'), '41:5': probe('127.0.0.1:82', '77'), '42:7': probe('127.0.0.1:82', '78') };
      },
    });
    expect(data.listeners.map(({ address, port, status, netns }) => [address, port, status, netns])).toEqual([['127.0.0.1', 80, 'handed-over', '77'], ['127.0.0.1', 81, 'new-socket', '77'], ['127.0.0.1', 82, 'lost', '77']]);
    expect(text).toContain('127.0.0.1:80 in another network namespace');
    expect(findings).toEqual(['reload/context-lost warning likely']);
  });

  it('that could not be asked so are no silence', async () => {
    const { outcome } = await inherit({ old: { 4: listener(200) }, now: { 4: listener(200, CLOSED) }, rows: [] });
    expect(outcome.coverage.filter(({ source }) => source.endsWith('listeners elsewhere')).map(({ status }) => status)).toEqual(['unsupported', 'unsupported']);
  });

  it('are handed over, bound anew, lost or added', async () => {
    const { data, findings } = await inherit({
      old: { 3: listener(100), 4: listener(200), 5: listener(300) },
      now: { 3: listener(100, CLOSED), 6: listener(201, CLOSED), 7: listener(400, CLOSED) },
      rows: [LISTENING(100, 80), LISTENING(200, 81), LISTENING(201, 81), LISTENING(300, 82), LISTENING(400, 83)],
    });
    expect(data.listeners.map(({ port, status, oldFds, newFds }) => [port, status, oldFds, newFds])).toEqual([[80, 'handed-over', [3], [3]], [81, 'new-socket', [4], [6]], [82, 'lost', [5], []]]);
    expect(data.added.map(({ port }) => port)).toEqual([83]);
    expect(findings).toEqual(['reload/context-lost warning likely']);
  });

  it('of which nobody could see whether the new one has them are not lost', async () => {
    const { data, findings, text, outcome } = await inherit({ old: { 3: listener(100) }, now: {}, rows: [LISTENING(100, 80)], change: (world) => void (world.lists![`/proc/${NEW}/fd`] = refused('EACCES')) });
    expect({ listeners: data.listeners, findings }).toEqual({ listeners: [], findings: [] });
    expect(text).toMatch(/127\.0\.0\.1:80 +UNKNOWN +3 +\? +the descriptors of the new generation may not be read/);
    expect(outcome.coverage.find(({ source }) => source === 'new: fd table')).toMatchObject({ status: 'denied', needed: true });
  });

  it('of a path that is bound anew: it has one socket at a time', async () => {
    const unix = (inode: number): string => `0000000000000000: 00000002 00000000 00010000 0001 01 ${inode} /run/a.sock\n`;
    const { text, data } = await inherit({ old: { 3: listener(100) }, now: { 4: listener(101, CLOSED) }, rows: [], change: (world) => {
      for (const pid of [OLD, NEW]) world.files![`/proc/${pid}/net/unix`] = `Num       RefCount Protocol Flags    Type St Inode Path\n${unix(100)}${unix(101)}`;
    } });
    expect(data.listeners).toMatchObject([{ status: 'new-socket' }]);
    expect(text).not.toContain('SO_REUSEPORT');
  });

  it('held twice by the next generation, one of them closed on exec: as tableflip does it', async () => {
    const { data, findings } = await inherit({ old: { 5: listener(100) }, now: { 5: listener(100), 9: listener(100, CLOSED) }, rows: [LISTENING(100, 80)], same: { '41:5:42:5': true, '41:5:42:9': true } });
    expect(data.listeners).toMatchObject([{ status: 'handed-over', newFds: [5, 9] }]);
    expect({ accidental: data.accidental, findings }).toEqual({ accidental: [], findings: [] });
  });
});

describe('listeners bound anew', () => {
  const rowAt = (inode: number, port: number, more: object): string => tcpRow({ inode: String(inode), state: 10, local: port, ...more });

  it('to all addresses, instead of one: not lost', async () => {
    const wide = rowAt(201, 81, {}).replace('0100007F:0051', '00000000:0051');
    const { data, findings, text } = await inherit({ old: { 4: listener(200) }, now: { 6: listener(201, CLOSED) }, rows: [LISTENING(200, 81), wide] });
    expect(data.listeners).toMatchObject([{ status: 'new-socket', newFds: [6] }]);
    expect({ findings, added: data.added }).toEqual({ findings: [], added: [] });
    expect(text).toContain('now on 0.0.0.0:81');
  });

  it('to all addresses of IPv6 only, instead of IPv4: lost', async () => {
    const told = [{ protocol: 'tcp', state: 10, inode: '200', local: '0.0.0.0:81', receiveQueue: 0, sendQueue: 5 }, { protocol: 'tcp6', state: 10, inode: '201', local: '[::]:81', receiveQueue: 0, sendQueue: 5, v6Only: true }] as DiagSocket[];
    const { data } = await inherit({ old: { 4: listener(200) }, now: { 6: listener(201, CLOSED) }, rows: [], told });
    expect(data).toMatchObject({ listeners: [{ status: 'lost' }], added: [{ address: '::' }] });
  });

  it('to one address instead of all: lost', async () => {
    const wide = rowAt(200, 81, {}).replace('0100007F:0051', '00000000:0051');
    const { data } = await inherit({ old: { 4: listener(200) }, now: { 6: listener(201, CLOSED) }, rows: [wide, LISTENING(201, 81)] });
    expect(data.listeners).toMatchObject([{ status: 'lost' }]);
  });
});

describe('listeners that a worker holds', () => {
  it('belong to its master, before and after', async () => {
    const { data, findings } = await inherit({
      old: {}, now: {}, rows: [LISTENING(100, 80), LISTENING(200, 81), LISTENING(201, 81)],
      change: (world) => {
        const worker = (pid: number, above: number, inodes: number[]): void => {
          const more = worldOf({ pid, ppid: above, fds: Object.fromEntries(inodes.map((inode, index) => [7 + index, listener(inode)])) });
          for (const part of ['files', 'links', 'lists', 'sizes'] as const) for (const [key, value] of Object.entries(more[part] ?? {})) if (key.startsWith(`/proc/${pid}/`)) Object.assign(world[part]!, { [key]: value });
          world.files![`/proc/${above}/task/${above}/children`] = `${pid} `;
        };
        worker(51, OLD, [100, 200]);
        worker(52, NEW, [100, 201]);
      },
    });
    expect(data.listeners).toMatchObject([{ port: 80, status: 'handed-over', oldFds: [7], oldPid: 51, newFds: [7], newPid: 52 }, { port: 81, status: 'new-socket', oldFds: [8], newFds: [8] }]);
    expect(findings).toEqual([]);
  });
});

describe('by accident', () => {
  const LOG: FakeFd = { link: '/var/log/app.log', flags: OPEN };
  const same = { '41:3:42:3': true, '41:4:42:4': true };

  it('what is neither announced nor used, with kcmp', async () => {
    const { data, findings, text } = await inherit({ old: { 3: listener(100), 4: LOG }, now: { 3: listener(100), 4: LOG }, rows: [LISTENING(100, 80)], same });
    expect(data.accidental).toEqual([{ fd: 3, target: 'socket:[100]', listening: true, proven: true }, { fd: 4, target: '/var/log/app.log', listening: false, proven: true }]);
    expect(findings).toEqual(['fd/inherited warning likely']);
    expect(text).toContain('/var/log/app.log');
  });

  it.each([['LISTEN_FDS', { LISTEN_FDS: '1', LISTEN_PID: String(NEW) }], ['NGINX', { NGINX: '3;' }], ['einhorn', { EINHORN_FD_0: '3' }], ['gunicorn', { GUNICORN_FD: '3' }], ['puma', { PUMA_INHERIT_0: '3:tcp://0.0.0.0:80' }]])('not what %s announces', async (_name, environ) => {
    const { data } = await inherit({ old: { 3: listener(100) }, now: { 3: listener(100) }, environ, rows: [LISTENING(100, 80)], same });
    expect(data.accidental).toEqual([]);
  });

  it('not the copy of what was announced, when the number itself was closed: as gunicorn does it', async () => {
    const { data } = await inherit({ old: { 5: listener(100) }, now: { 7: listener(100) }, environ: { GUNICORN_FD: '5' }, rows: [LISTENING(100, 80)], same: { '41:5:42:7': true } });
    expect(data.accidental).toEqual([]);
  });

  it('pipes and kinds without a file too, by kcmp alone; pipes alone are no alarm', async () => {
    const pipe: FakeFd = { link: 'pipe:[77]', flags: OPEN };
    const epoll: FakeFd = { link: 'anon_inode:[eventfd]', flags: OPEN };
    const both = await inherit({ old: { 6: pipe, 7: epoll }, now: { 6: pipe, 7: epoll }, rows: [], same: { '41:6:42:6': true, '41:7:42:7': true } });
    expect(both.data.accidental.map(({ fd }) => fd)).toEqual([6, 7]);
    expect(both.findings).toEqual(['fd/inherited warning likely']);
    const other = await inherit({ old: { 6: pipe, 7: epoll }, now: { 6: pipe, 7: epoll }, rows: [], same: { '41:6:42:6': true, '41:7:42:7': false } });
    expect({ fds: other.data.accidental.map(({ fd }) => fd), findings: other.findings }).toEqual({ fds: [6], findings: ['fd/inherited info likely'] });
    expect((await inherit({ old: { 6: pipe, 7: epoll }, now: { 6: pipe, 7: epoll }, rows: [] })).data.accidental).toEqual([]);
  });

  it('not what has another open file description', async () => {
    const { data } = await inherit({ old: { 4: LOG }, now: { 4: LOG }, rows: [], same: { '41:4:42:4': false } });
    expect(data.accidental).toEqual([]);
  });

  it('without kcmp: a hint for a file of the same number, nothing for another number', async () => {
    const { findings, data } = await inherit({ old: { 4: LOG }, now: { 4: LOG, 5: LOG }, rows: [] });
    expect(data.accidental.map(({ fd, proven }) => [fd, proven])).toEqual([[4, false]]);
    expect(findings).toEqual(['fd/inherited info hint']);
  });
});

describe('context', () => {
  it('names of the environment, never values; arguments by option name', async () => {
    const { data, text, outcome, findings } = await inherit({ old: {}, now: {}, rows: [], before: { GONE: 'x' }, environ: { TOKEN: 'hush' }, change: (world) => void (world.files![`/proc/${NEW}/cmdline`] = '/usr/bin/app\0--token=hush\0word\0') });
    const environment = data.context.filter(({ aspect }) => aspect === 'environment').map(({ name, old, new: now }) => [name, old, now]);
    expect(environment).toEqual([['variable A', 'set', 'set to another value'], ['variable GONE', 'set', null], ['variable TOKEN', null, 'set']]);
    expect(data.context.find(({ aspect }) => aspect === 'arguments')).toMatchObject({ new: '/usr/bin/app --token=... ...' });
    expect(findings).toEqual(['reload/variables-lost info certain']);
    expect(text + JSON.stringify(outcome)).not.toContain('hush');
  });

  it('a signal is blocked only where every thread blocks it: Go has one that blocks all of them', async () => {
    const thread = (blocked: string): string => `ShdPnd:\t0000000000000000\nSigBlk:\t${blocked}\nSigIgn:\t0000000000000000\nSigCgt:\t0000000000000001\n`;
    const of = (other: string) => inherit({ old: {}, now: {}, rows: [], change: (world) => {
      for (const pid of [OLD, NEW]) world.files![`/proc/${pid}/status`] += thread(pid === NEW ? 'fffffffc3bba3a00' : '0000000000000000');
      world.lists![`/proc/${NEW}/task`] = [String(NEW), '43'];
      world.files!['/proc/43/task/43/status'] = '';
      world.files![`/proc/${NEW}/task/43/status`] = thread(other);
    } });
    expect((await of('0000000000000000')).findings).toEqual([]);
    expect((await of('0000000000000800')).findings).toEqual(['reload/context-lost warning certain']);
  });

  it('LISTEN_PID of another process is told, whatever else was announced', async () => {
    expect((await inherit({ old: {}, now: { 3: listener(100) }, rows: [], environ: { LISTEN_PID: '7', LISTEN_FDS: '1', MY_FD: '3' } })).data.listenPid).toEqual({ names: 7, fds: 1 });
    expect((await inherit({ old: {}, now: {}, rows: [], environ: { LISTEN_PID: String(NEW), LISTEN_FDS: '1' } })).data.listenPid).toBeUndefined();

    const { text } = await inherit({ old: {}, now: {}, rows: [], environ: { LISTEN_PID: '7', LISTEN_FDS: '1' } });
    expect(text).toContain('LISTEN_PID names 7, not this process');
  });

  it('a zombie, and one that is gone: exit 3 by what is needed', async () => {
    const { outcome, data } = await inherit({ old: {}, now: {}, rows: [], change: (world) => void (world.files![`/proc/${OLD}/stat`] = world.files![`/proc/${OLD}/stat`]!.toString().replace(') S ', ') Z ')) });
    expect(data.old).toBeNull();
    expect(outcome.coverage).toContainEqual(expect.objectContaining({ source: 'old: process', status: 'absent', needed: true }));
  });
});

it('is shown as this', async () => {
  const { text } = await inherit({ old: { 3: listener(100) }, now: { 3: listener(100, CLOSED) }, rows: [LISTENING(100, 80)], same: { '41:3:42:3': true } });
  expect(text.split('\n').slice(0, 11).join('\n')).toMatchInlineSnapshot(`
    "OK  nothing wrong found


    LISTENER                   OLD FD  NEW FD  MEANS
    127.0.0.1:80  HANDED OVER  3       3       the same socket: connections that waited were kept

    DIFFERS       OLD  NEW
    variable A    set  set to another value
    5 things more compared, and equal

    looked at nginx (pid 42) on web1, 2026-11-22T02:00:00.000Z, 12 ms; everything asked was readable"
  `);
});
