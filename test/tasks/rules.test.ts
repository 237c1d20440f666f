/** The verdict on one look at threads. */
import { describe, expect, it } from 'vitest';
import { runRules } from '../../src/report/index.ts';
import type { Task, TasksLook } from '../../src/tasks/model.ts';
import { taskRules } from '../../src/tasks/rules/index.ts';
import type { Wait } from '../../src/tasks/waits.ts';
import { type FdSpec, fileFd, processOf, snapshotOf, socketFd, tableOf, tcpRow } from '../support/snapshot.ts';

const PIPE: FdSpec = { fd: 4, link: 'pipe:[81]', flags: 0o1 };
const UNIX: FdSpec = socketFd(5, { protocol: 'unix', inode: '82', state: 'CONNECTED' });
const SYN = socketFd(6, tcpRow('83', 'SYN_SENT'));
const TCP = socketFd(7, tcpRow('84', 'ESTABLISHED'));
const LOCKFILE = fileFd(8, '/run/app.lock');
const TABLE = tableOf({ threads: 9 }, [PIPE, UNIX, SYN, TCP, LOCKFILE]);
const ON = (fd: number, does: 'read' | 'write' | 'connect' | 'lock' | 'sync'): Partial<Task> => ({ wait: { for: 'descriptor', fd, does }, call: does, fd, open: TABLE.fds.find((one) => one.fd === fd)! });
const LOCK: Wait = { for: 'lock', address: '4096', value: 2 };

let tids = 42;

const ALONE = { ...TABLE.process, threads: 1 };

function task(changes: Partial<Task> = {}): Task {
  const tid = changes.tid ?? ++tids;
  return { process: TABLE.process, tid, ownTid: tid, name: 'worker', state: 'S', sinceMs: 2000, allAlong: true, ...changes };
}

function judge(tasks: Task[], changes: Partial<TasksLook> = {}): string[] {
  const look: TasksLook = { type: 'tasks', windowMs: 2000, tasks, snapshot: snapshotOf([TABLE]), paused: new Map(), awaited: [], poolSizes: new Map(), ...changes };
  return runRules(taskRules, [look]).map(({ id, severity, confidence }) => `${id.slice(5)} ${severity} ${confidence}`);
}

describe('who is blocked', () => {
  it.each<[string, Partial<Task>, string[]]>([
    ['at a pipe that is full', ON(4, 'write'), ['blocked-on-fd warning likely']],
    ['at a unix socket that nobody reads', ON(5, 'write'), ['blocked-on-fd warning likely']],
    ['one of many, at a client that does not read', ON(7, 'write'), ['blocked-on-fd info hint']],
    ['at a connect without an answer', ON(6, 'connect'), ['blocked-on-fd warning likely']],
    ['at a poll for that connect', { ...ON(6, 'connect'), wait: { for: 'any', address: '1', count: 1 } }, ['blocked-on-fd warning likely']],
    ['at a FIFO, in the main thread', { tid: 42, wait: { for: 'path', address: '1' }, path: '/run/x.fifo', wchan: 'wait_for_partner', call: 'openat' }, ['blocked-on-fd warning likely']],
    ['at a FIFO to read, in one of several threads that is the main one', { tid: 42, wait: { for: 'path', address: '1', reads: true }, path: '/run/x.fifo', wchan: 'wait_for_partner', call: 'openat' }, ['blocked-on-fd warning likely']],
    ['a script, at a FIFO that gives it orders', { process: ALONE, tid: 42, wait: { for: 'path', address: '1', reads: true }, path: '/run/x.fifo', wchan: 'wait_for_partner', call: 'openat' }, ['blocked-on-fd info hint']],
    ['a script, at a FIFO that nobody reads', { process: ALONE, tid: 42, wait: { for: 'path', address: '1' }, path: '/run/x.fifo', wchan: 'wait_for_partner', call: 'openat' }, ['blocked-on-fd warning likely']],
    ['at a FIFO, in another', { wait: { for: 'path', address: '1' }, path: '/run/x.fifo', wchan: 'wait_for_partner', call: 'openat' }, ['blocked-on-fd info hint']],
    ['at a lock', ON(8, 'lock'), ['blocked-on-fd warning likely']],
    ['nobody: idle at a pipe', ON(4, 'read'), []],
    ['nobody: a connection that is there', ON(7, 'connect'), []],
    ['nobody: a condition', { wait: LOCK, call: 'futex' }, []],
    ['nobody: it got on meanwhile', { ...ON(4, 'write'), allAlong: false }, []],
    ['uninterruptibly', { state: 'D', ...ON(8, 'sync') }, ['d-state warning likely']],
    ['uninterruptibly, for a vfork child', { state: 'D', wait: { for: 'child' }, call: 'vfork' }, []],
    ['uninterruptibly, for a moment', { state: 'D', allAlong: false, ...ON(8, 'sync') }, []],
  ])('%s', (_name, changes, expected) => {
    expect(judge([task(changes)])).toEqual(expected);
  });

  it('is not told after a short look, or of a process that is stopped', () => {
    expect(judge([task(ON(4, 'write'))], { windowMs: 1000 })).toEqual([]);
    expect(judge([task(ON(4, 'write'))], { paused: new Map([[42, { how: 'stopped', held: 9, threads: 9 }]]) })).toEqual([]);
  });

  it('is mild where the lock is taken in turns by one service', () => {
    const holder = { kind: 'FLOCK', write: true, pid: 42, major: 0, minor: 1, inode: '7' };
    expect(judge([task(ON(8, 'lock'))], { awaited: [{ waiter: 42, holder, holderName: 'app' }] })).toEqual(['blocked-on-fd info hint']);
    expect(judge([task(ON(8, 'lock'))], { awaited: [{ waiter: 42, holder: { ...holder, pid: 99 } }] })).toEqual(['blocked-on-fd warning likely']);
  });

  it('is worse when others wait for its locks', () => {
    const first = task(ON(7, 'write'));
    const second = task({ wait: LOCK, owner: first.tid });
    expect(judge([first, second, task({ wait: LOCK, owner: second.tid })])).toEqual(['blocked-on-fd warning likely']);
  });
});

describe('locks', () => {
  it('that go round are certain, each round once', () => {
    const [a, b, c] = [1, 2, 3].map((tid) => task({ tid, wait: LOCK, owner: (tid % 3) + 1 }));
    expect(judge([a!, b!, c!, task({ wait: LOCK, owner: 1 })])).toEqual(['lock-cycle critical certain']);
    expect(judge([task({ tid: 7, wait: LOCK, owner: 7 })])).toEqual(['lock-cycle critical certain']);
  });

  it('that somebody has who may go on are not', () => {
    const holder = task({ wait: { for: 'time' }, call: 'nanosleep' });
    expect(judge([holder, task({ wait: LOCK, owner: holder.tid })])).toEqual([]);
    const [a, b] = [1, 2].map((tid) => task({ tid, wait: LOCK, owner: 3 - tid }));
    expect(judge([a!, { ...b!, allAlong: false }])).toEqual([]);
  });
});

describe('pools', () => {
  const node = processOf({ comm: 'node', exe: '/usr/bin/node', threads: 11 });
  const fifo = (): Task => task({ process: node, name: 'libuv-worker', wait: { for: 'path', address: '1' }, path: '/x.fifo', call: 'openat' });
  const idle = (): Task => task({ process: node, name: 'libuv-worker', wait: LOCK, call: 'futex' });
  const pools = { poolSizes: new Map([[42, 4]]) };

  it('of Node are starved when all are in a call', () => {
    expect(judge([fifo(), fifo(), fifo(), fifo()], pools)).toEqual(['threadpool-starved warning likely']);
    expect(judge([fifo(), fifo(), fifo(), idle()], pools)).toEqual([]);
    const old = (one: Task): Task => ({ ...one, name: 'node' });
    expect(judge([fifo(), fifo(), fifo(), fifo(), idle()].map(old), pools)).toEqual(['threadpool-starved warning likely']);
    expect(judge([fifo(), fifo(), fifo(), idle(), idle()].map(old), pools)).toEqual([]);
  });

  it('of others when all wait for one thing that is no work', () => {
    const pool = (count: number, changes: Partial<Task>): Task[] => Array.from({ length: count }, (_, index) => task({ name: `worker-${index}`, ...changes }));
    expect(judge(pool(4, ON(8, 'lock')))).toEqual(['blocked-on-fd warning likely', 'threadpool-starved warning likely']);
    expect(judge(pool(4, ON(4, 'read')))).toEqual([]);
    expect(judge([...pool(4, ON(8, 'lock')), task({ name: 'worker-9', wait: LOCK })])).toEqual(['blocked-on-fd warning likely']);
  });
});
