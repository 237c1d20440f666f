/** Who may be sent SIGUSR1: every row of the table of targets, from what /proc says of them. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { inspectOptions } from '../../src/node/attach/inspect-options.ts';
import { type GateFacts, mainThread, readGateFacts, refusalOf, runtimeOf } from '../../src/node/gate/index.ts';
import { UserError } from '../../src/kernel/user-error.ts';
import { portOfUrl } from '../../src/node/command.ts';
import type { Evidence } from '../../src/evidence/types.ts';

function facts(more: Partial<GateFacts> = {}): GateFacts {
  return {
    pid: 42, startTime: '100', state: 'S', comm: 'node', exe: '/usr/bin/node', uid: 1000, ownUid: 1000, ownPid: 42, threads: 11,
    threadNames: ['node', 'node', 'node'], ageMs: 60_000, caught: true, blocked: false, tracer: 0, ...more,
  };
}

describe('refusalOf', () => {
  it.each<[string, Partial<Omit<GateFacts, 'exe'>> & { exe?: string | undefined }, string | undefined]>([
    ['a Node that handles the signal', {}, undefined],
    ['Deno that handles the signal', { exe: '/usr/local/bin/deno', threadNames: ['deno', 'deno'] }, undefined],
    ['Deno before it did', { exe: '/usr/local/bin/deno', caught: false }, 'deno'],
    ['Deno that has just started', { exe: '/usr/local/bin/deno', caught: false, ageMs: 400 }, 'too-young'],
    ['root, for another user', { ownUid: 0 }, undefined],
    ['a packed program with the threads of Node', { exe: '/opt/app/server', threadNames: ['MainThread', 'SignalInspector', 'V8Worker'] }, undefined],
    ['a binary that was replaced', { exe: '/usr/bin/node (deleted)' }, undefined],
    ['Bun', { exe: '/usr/local/bin/bun' }, 'bun'],
    ['Bun that handles the signal', { exe: '/usr/local/bin/bun', caught: true }, 'bun'],
    ['another program', { exe: '/usr/bin/python3.11', threadNames: ['python3'] }, 'not-node'],
    ['another program under the name of Node', { exe: '/tmp/node', threads: 1, threadNames: ['node'] }, 'not-node'],
    ['one whose executable may not be read', { exe: undefined }, 'not-node'],
    ['one that removed its handler', { caught: false }, 'no-handler'],
    ['--disable-sigusr1', { caught: false, blocked: true }, 'deaf'],
    ['one that has just started', { ageMs: 400 }, 'too-young'],
    ['one that has just started, without a handler yet', { ageMs: 400, caught: false }, 'too-young'],
    ['a zombie', { state: 'Z' }, 'zombie'],
    ['a stopped one: the signal would wait', { state: 'T' }, 'stopped'],
    ['one of another user', { uid: 0 }, 'other-user'],
  ])('%s', (_, more, code) => {
    const { exe, ...rest } = more;
    const all = facts(rest);
    if ('exe' in more) Object.assign(all, { exe });
    expect(refusalOf(all)?.code).toBe(code);
  });

  it('is for the process that was meant', () => {
    expect(refusalOf(facts(), { startTime: '100' })).toBeUndefined();
    expect(refusalOf(facts(), { startTime: '99' })?.code).toBe('reused');
    expect(refusalOf(undefined)?.code).toBe('gone');
  });

  it('lets nobody pass who has no handler, whatever else is true', () => {
    const any = fc.record({ state: fc.constantFrom('R', 'S', 'D', 'Z', 'T'), uid: fc.nat(), threads: fc.nat(50), ageMs: fc.nat(100_000), exe: fc.constantFrom('/usr/bin/node', '/x/bun', '/deno', ''), blocked: fc.boolean() });
    fc.assert(fc.property(any, (more) => refusalOf(facts({ ...more, caught: false })) !== undefined));
  });
});

describe('runtimeOf', () => {
  it.each([['/usr/bin/node', 'node'], ['/usr/bin/nodejs', 'node'], ['/opt/node-v22.23.3', 'node'], ['/opt/node24', 'node'], ['/usr/bin/nodemon', 'other'], ['/usr/bin/node_exporter', 'other'], ['/x/deno', 'deno'], ['/x/bun-linux', 'bun']])('%s', (exe, runtime) => {
    expect(runtimeOf({ exe, threads: 8, threadNames: [] })).toBe(runtime);
  });
});

describe('readGateFacts', () => {
  const files: Record<string, string> = {
    '/proc/42/stat': `42 (no (de) S 1 42 42 0 -1 4194304 ${'0 '.repeat(12)}500 0 0`,
    '/proc/42/status': 'Name:\tnode\nState:\tS (sleeping)\nTgid:\t42\nPPid:\t1\nTracerPid:\t7\nUid:\t1\t2\t2\t2\nFDSize:\t64\nNSpid:\t42\t3\nThreads:\t11\nSigBlk:\t0000000000000200\nSigCgt:\t0000000188005a00\n',
    '/proc/uptime': '10.50 3.00\n',
    '/proc/42/task/42/comm': 'MainThread\n',
  };
  const evidence = {
    read: (path: string) => ({ value: files[path], at: 0, source: path }),
    readlink: () => ({ value: '/usr/bin/node', at: 0, source: '' }),
    list: () => ({ value: ['42'], at: 0, source: '' }),
  } as unknown as Evidence;

  it('reads signal masks, age, and the pid that the process calls its own', () => {
    expect(readGateFacts(evidence, 42)).toMatchObject({ caught: true, blocked: true, tracer: 7, ownPid: 3, uid: 2, ageMs: 5500, threadNames: ['MainThread'] });
    expect(readGateFacts(evidence, 43)).toBeUndefined();
  });
});

describe('inspectOptions', () => {
  it.each<[string[], { port: number; open: boolean; hidden?: boolean }]>([
    [['node', 'app.js'], { port: 9229, open: false }],
    [['node', '--inspect', 'app.js'], { port: 9229, open: true }],
    [['node', '--inspect=9333', 'app.js'], { port: 9333, open: true }],
    [['node', '--inspect-brk=127.0.0.1:0', 'app.js'], { port: 0, open: true }],
    [['node', '--inspect=[::1]:9400', 'app.js'], { port: 9400, open: true }],
    [['node', '--inspect-port=0', 'app.js'], { port: 0, open: false }],
    [['node', 'app.js', '--inspect=9333'], { port: 9229, open: false }],
    [['node', '-r', './a.js', '--inspect=9333', 'app.js'], { port: 9333, open: true }],
    [['node', '--inspect-publish-uid=stderr', 'app.js'], { port: 9229, open: false, hidden: true }],
    [['node', '--inspect-publish-uid', 'stderr', 'app.js'], { port: 9229, open: false, hidden: true }],
    [['node', '--inspect-publish-uid=stderr,http', 'app.js'], { port: 9229, open: false }],
  ])('%j', (words, expected) => {
    expect(inspectOptions(`${words.join('\0')}\0`)).toEqual({ hidden: false, ...expected });
  });

  it('reads NODE_OPTIONS too', () => {
    expect(inspectOptions('node\0app.js\0', '--no-warnings --inspect=9555')).toEqual({ port: 9555, open: true, hidden: false });
    expect(inspectOptions('node\0--inspect=9333\0app.js\0', '--inspect=9555')).toMatchObject({ port: 9333 });
  });

  it('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => inspectOptions(text).port >= 0));
  });
});

describe('portOfUrl', () => {
  it('is the port of an inspector of this host', () => {
    expect(portOfUrl('ws://127.0.0.1:9229/815425c4-bc89-41a1-aa8e-2199a69b2811')).toBe(9229);
    expect(portOfUrl('ws://[::1]:9333')).toBe(9333);
    expect(portOfUrl('4242')).toBeUndefined();
  });

  it.each(['ws://10.0.0.7:9229/a', 'ws://127.0.0.1', 'ws://127.0.0.1:99999/', 'wss://127.0.0.1:1/', 'ws://127.0.0.1:1/a b'])('refuses %s', (url) => {
    expect(() => portOfUrl(url)).toThrow(UserError);
  });
});

describe('where the main thread is', () => {
  const world = (more: Record<string, string>, epolls: Record<number, string> = {}): Evidence => {
    const files: Record<string, string> = { '/proc/42/task/42/status': 'State:\tS (sleeping)\nvoluntary_ctxt_switches:\t7\nnonvoluntary_ctxt_switches:\t1\n', ...more };
    for (const [fd, watched] of Object.entries(epolls)) files[`/proc/42/fdinfo/${fd}`] = watched;
    return {
      read: (path: string) => ({ value: files[path], at: 0, source: path }),
      readlink: (path: string) => ({ value: /\/fd\/17$/.test(path) ? 'pipe:[5]' : 'anon_inode:[eventpoll]', at: 0, source: '' }),
      list: (path: string) => ({ value: path.endsWith('/task') ? ['42', '43'] : Object.keys(epolls), at: 0, source: '' }),
    } as unknown as Evidence;
  };
  const syscall = (number: number, first: number): Record<string, string> => ({ '/proc/42/task/42/syscall': `${number} 0x${first.toString(16)} 0x0 0x0 0x0 0x0 0x0 0x7ffc 0x7f1e\n` });
  const other = { '/proc/42/task/43/syscall': '281 0x9 0x0 0x0 0x0 0x0 0x0 0x7ffc 0x7f1e\n' };
  const x64 = it.skipIf(process.arch !== 'x64');

  x64('is its own epoll, or a lock, where a signal wakes it up', () => {
    expect(mainThread(world(syscall(281, 14)), 42).call).toBeUndefined();
    expect(mainThread(world(syscall(202, 14)), 42)).toMatchObject({ lock: true });
    expect(mainThread(world({ '/proc/42/task/42/syscall': 'running\n' }), 42).call).toBeUndefined();
    expect(mainThread(world({}), 42).call).toBeUndefined();
  });

  x64('is a call that answers to nobody', () => {
    expect(mainThread(world(syscall(0, 17)), 42)).toMatchObject({ isSleeping: true, call: { name: 'read', target: 'pipe:[5] (descriptor 17)' } });
    expect(mainThread(world({ '/proc/42/task/42/wchan': 'anon_pipe_read' }), 42).call).toEqual({ name: 'anon_pipe_read' });
    expect(mainThread(world({ '/proc/42/task/42/wchan': 'do_epoll_wait' }), 42).call).toBeUndefined();
  });

  x64('is the second loop of execSync(), not the loop of a process that has children', () => {
    const epolls = { 3: '', 9: 'tfd:       11 events: 1\n', 14: 'tfd:       17 events: 1\n', 18: 'tfd:       21 events: 1\n' };
    const children = { '/proc/42/task/42/children': '77 ' };
    expect(mainThread(world({ ...syscall(281, 18), ...other, ...children }, epolls), 42).call?.target).toContain('77');
    expect(mainThread(world({ ...syscall(281, 14), ...other, ...children }, epolls), 42).call).toBeUndefined();
    expect(mainThread(world({ ...syscall(281, 18), ...other }, epolls), 42).call).toBeUndefined();
  });
});
