/** `inherit` on made-up generations: listeners by inode, what came along by accident, and the text of it. */
import { describe, expect, it } from 'vitest';
import type { ReportOutcome } from '../../src/command.ts';
import { run } from '../../src/inherit/command.ts';
import type { InheritData } from '../../src/inherit/data.ts';
import { inheritRules } from '../../src/inherit/rules/index.ts';
import { report, text as rendered } from '../render/support.ts';
import { fakeEvidence, type World } from '../support/fake-evidence.ts';
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
  rows: string[];
  same?: Record<string, boolean>;
  change?: (world: World) => void;
}

async function inherit({ old, now, environ = {}, rows, same = {}, change }: Given): Promise<{ outcome: ReportOutcome; data: InheritData; findings: string[]; text: string }> {
  const world: World = worldOf({ pid: OLD, fds: old, environ: { A: '1', GONE: 'x' } }, { pid: NEW, ppid: OLD, fds: now, environ: { A: '2', ...environ }, startTime: '2000' });
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
    evidence: fakeEvidence({ ...world, sameDescription: same }), rules: inheritRules, signal: new AbortController().signal,
    rerun: 'reloadctl inherit 41 42', isRoot: true, say: () => undefined, progress: () => undefined, stdin: never, replay: never,
  });
  if (outcome.kind !== 'report') throw new Error('it prints a report');
  const text = await rendered(report(), [...outcome.body()]);
  return { outcome, data: outcome.data as InheritData, findings: outcome.findings.map(({ id, severity, confidence }) => `${id} ${severity} ${confidence}`), text };
}

describe('listeners', () => {
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

  it('held twice by the next generation, one of them closed on exec: as tableflip does it', async () => {
    const { data, findings } = await inherit({ old: { 5: listener(100) }, now: { 5: listener(100), 9: listener(100, CLOSED) }, rows: [LISTENING(100, 80)], same: { '41:5:42:5': true, '41:5:42:9': true } });
    expect(data.listeners).toMatchObject([{ status: 'handed-over', newFds: [5, 9] }]);
    expect({ accidental: data.accidental, findings }).toEqual({ accidental: [], findings: [] });
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
    const { data, text, outcome } = await inherit({ old: {}, now: {}, rows: [], environ: { TOKEN: 'hush' }, change: (world) => void (world.files![`/proc/${NEW}/cmdline`] = '/usr/bin/app\0--token=hush\0word\0') });
    const environment = data.context.filter(({ aspect }) => aspect === 'environment').map(({ name, old, new: now }) => [name, old, now]);
    expect(environment).toEqual([['variable A', 'set', 'set to another value'], ['variable GONE', 'set', null], ['variable TOKEN', null, 'set']]);
    expect(data.context.find(({ aspect }) => aspect === 'arguments')).toMatchObject({ new: '/usr/bin/app --token=... ...' });
    expect(text + JSON.stringify(outcome)).not.toContain('hush');
  });

  it('LISTEN_PID of another process is told', async () => {
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
  expect(text.split('\n').slice(0, 12).join('\n')).toMatchInlineSnapshot(`
    "OK  nothing wrong found


    LISTENER                   OLD FD  NEW FD  MEANS
    127.0.0.1:80  HANDED OVER  3       3       the same socket: connections that waited were kept

    DIFFERS          OLD  NEW
    variable A       set  set to another value
    variable GONE    set  -
    5 things more compared, and equal

    looked at nginx (pid 42) on web1, 2026-11-22T02:00:00.000Z, 12 ms; everything asked was readable"
  `);
});
