import { describe, expect, it } from 'vitest';
import { inherited } from '../../../src/fds/rules/inherited.ts';
import type { FdTable, FdUse, Process, Snapshot } from '../../../src/kernel/types.ts';
import { runRules } from '../../../src/report/index.ts';
import { CLOEXEC, epollFd, type FdSpec, fileFd, listenerRow, processOf, snapshotOf, socketFd, tableOf, tcpRow, times, WRITE } from '../../support/snapshot.ts';

const sleep: Partial<Process> = { pid: 99, ppid: 42, comm: 'sleep', exe: '/usr/bin/sleep' };
const listener = socketFd(7, listenerRow('500', 8080), { flags: 2 });
const log = fileFd(5, '/var/log/app.log', { flags: WRITE, pos: '1234', ino: '77' });
const unasked = (spec: FdSpec): FdSpec => {
  const { stat: _stat, ...rest } = spec;
  return rest;
};

/** Everybody was asked, and nobody waits for anything. */
const idle = (): Map<number, FdUse> => new Map([10, 42, 77, 98, 99, 100, 5].map((pid) => [pid, { fds: [], pollsBelow: 0, unread: false }]));
const doing = (use: Partial<FdUse>, pid = 99): Map<number, FdUse> => idle().set(pid, { fds: [], pollsBelow: 0, unread: false, ...use });

function find(own: FdSpec[], theirs: FdSpec[], holder: Partial<Process> = sleep, overrides: Partial<Snapshot> = {}, target: Partial<Process> = {}) {
  return runRules([inherited], [snapshotOf([tableOf(target, own)], { relatives: [tableOf({ ...sleep, ...holder }, theirs)], fdUse: idle(), ...overrides })]);
}

describe('fd/inherited', () => {
  it('tells of a listener that a child got at exec', () => {
    const found = find([listener], [listener]);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      severity: 'warning',
      confidence: 'certain',
      title: 'listener tcp 0.0.0.0:8080 (fd 7) is also held by sleep (pid 99), which got it at exec',
      subject: { pid: 42, startTime: '1042' },
    });
  });

  it('tells of a file by position, and is certain with kcmp', () => {
    expect(find([log], [unasked(log)])[0]).toMatchObject({ severity: 'warning', confidence: 'likely' });
    expect(find([log], [unasked({ ...log, pos: '99' })])).toEqual([]);
    const asked = (answer: boolean) => find([log], [unasked(log)], {}, { sameDescription: new Map([['42:5:99:5', answer]]) });
    expect(asked(true)[0]).toMatchObject({ severity: 'warning', confidence: 'certain' });
    expect(asked(false)).toEqual([]);
  });

  it('tells of what the target itself got from its parent', () => {
    const parent = { pid: 10, ppid: 1, comm: 'launcher', exe: '/usr/bin/launcher' };
    const [finding] = find([listener], [listener], parent, {}, { ppid: 10 });
    expect(finding).toMatchObject({ severity: 'warning', title: expect.stringMatching(/^app \(pid 42\) got listener .* from launcher \(pid 10\) at exec/) });
  });

  it('makes one finding of many things and holders, naming the oldest origin', () => {
    const things = times(300, (i) => socketFd(10 + i, tcpRow(String(600 + i), 'ESTABLISHED'), { flags: 2 }));
    const relatives = [tableOf({ ...sleep }, things), tableOf({ ...sleep, pid: 100 }, things)];
    const found = runRules([inherited], [snapshotOf([tableOf({}, things)], { relatives })]);
    expect(found).toHaveLength(1);
    expect(found[0]!.title).toMatch(/\(fd 10\) and 299 more are also held by sleep \(pid 99\) and 1 process more of it, which got them at exec$/);
    const shell = tableOf({ pid: 98, ppid: 42, comm: 'sh', exe: '/bin/sh' }, [listener]);
    const chain = runRules([inherited], [snapshotOf([tableOf({}, [listener]), shell], { relatives: [tableOf({ ...sleep, ppid: 98 }, [listener])] })]);
    expect(chain.map(({ title }) => title)).toEqual([expect.stringContaining('held by sh (pid 98)'), expect.stringContaining('held by sleep (pid 99)')]);
  });

  it('tells of a listener that an orphan kept', () => {
    const orphan = processOf({ pid: 77, ppid: 1, comm: 'xdg-open', exe: '/usr/bin/xdg-open' });
    const foreign = (process: Process, fd = 7) => new Map([[listener.link, [{ process, fd, link: listener.link }]]]);
    const look = (overrides: Partial<Snapshot>, own = listener) => runRules([inherited], [snapshotOf([tableOf({}, [own])], overrides)]);
    expect(look({ foreign: foreign(orphan) })[0]).toMatchObject({ severity: 'warning', confidence: 'likely', title: expect.stringContaining('xdg-open (pid 77)') });
    expect(look({ foreign: foreign(orphan), fdUse: doing({ fds: [7] }, 77) })).toEqual([]);
    expect(look({ foreign: foreign(orphan, 8) })).toEqual([]);
    expect(look({ foreign: foreign({ ...orphan, pid: 1 }) })).toEqual([]);
    expect(look({ foreign: foreign({ ...orphan, exe: '/usr/bin/app' }) })).toEqual([]);
    expect(look({ foreign: foreign(orphan), intendedFds: new Map([[42, [7]]]) })).toEqual([]);
    expect(look({ foreign: foreign(orphan) }, { ...listener, flags: CLOEXEC | 2 })).toEqual([]);
  });

  const polling = (extra: Partial<FdSpec> = {}) => epollFd(4, [[7, '500']], extra);
  const accepted = socketFd(9, tcpRow('801', 'ESTABLISHED', { localPort: 8080 }), { inbound: true });
  it.each<[string, FdSpec[], FdSpec[], Partial<Process>, Partial<Snapshot>]>([
    ['a forked worker', [listener], [listener], { exe: '/usr/bin/app', comm: 'app' }, {}],
    ['an upgraded binary', [listener], [listener], { exe: '/usr/bin/app.new', comm: 'app' }, {}],
    ['a replaced binary', [listener], [listener], { exe: '/usr/bin/app (deleted)', comm: 'worker' }, {}],
    ['an unknown binary', [listener], [listener], { exe: undefined as never }, {}],
    ['announced on purpose', [listener], [listener], {}, { intendedFds: new Map([[99, [7]]]) }],
    ['the holder polls it', [listener], [listener, polling()], {}, {}],
    ['a thread of the holder waits in accept() for it', [listener], [listener], {}, { fdUse: doing({ fds: [7] }) }],
    ['its command line names it', [log], [unasked(log)], {}, { fdUse: doing({ fds: [5] }) }],
    ['the holder serves it', [listener], [listener, accepted], {}, {}],
    ['close-on-exec here: passed on purpose', [{ ...listener, flags: CLOEXEC | 2 }], [listener], {}, {}],
    ['close-on-exec there: it knows', [listener], [{ ...listener, flags: CLOEXEC | 2 }], {}, {}],
    ['another number: handed over', [listener], [{ ...listener, fd: 3 }], {}, {}],
    ['standard output', [{ ...log, fd: 1 }], [unasked({ ...log, fd: 1 })], {}, {}],
    ['a file opened to read', [{ ...log, flags: 0 }], [unasked({ ...log, flags: 0 })], {}, {}],
    ['another file', [log], [unasked({ ...log, ino: '78' })], {}, {}],
    ['not a child of the target', [listener], [listener], { ppid: 1 }, {}],
    ['a device', [{ ...log, link: '/dev/null', stat: { mode: 0o20666 } }], [unasked({ ...log, link: '/dev/null' })], {}, {}],
  ])('is silent: %s', (_name, own, theirs, holder, overrides) => {
    expect(find(own, theirs, holder, overrides)).toEqual([]);
  });

  it('is not certain of what the threads of the holder may wait for', () => {
    expect(find([listener], [listener], {}, { fdUse: doing({ fds: [8], pollsBelow: 7 }) })[0]).toMatchObject({ severity: 'warning', confidence: 'certain' });
    expect(find([listener], [listener], {}, { fdUse: doing({ pollsBelow: 8 }) })[0]).toMatchObject({
      severity: 'warning', confidence: 'likely', because: expect.stringContaining('a thread waits in poll()'),
    });
    expect(find([listener], [listener], {}, { fdUse: doing({ unread: true }) })[0]).toMatchObject({
      severity: 'warning', confidence: 'likely', because: expect.stringContaining('could not be read'),
    });
    expect(find([listener], [listener], {}, { fdUse: new Map() })[0]).toMatchObject({ confidence: 'likely' });
  });

  it('does not take an epoll instance that came along for polling', () => {
    const along = polling({ flags: 0 });
    expect(find([listener, along], [listener, along])).toHaveLength(1);
  });

  it('does not take an inherited connection for serving', () => {
    const kept = { ...accepted, flags: 2 };
    expect(find([listener, kept], [listener, kept]).map(({ title }) => title)).toContainEqual(expect.stringMatching(/^listener/));
  });

  it('only hints at what a shell redirected, at locks, and at ends of unix sockets', () => {
    const shell = { comm: 'bash', exe: '/usr/bin/bash' };
    expect(find([log], [unasked(log)], {}, {}, shell)[0]).toMatchObject({ severity: 'info', confidence: 'hint' });
    const locked = { ...log, rest: 'lock:\t1: FLOCK  ADVISORY  WRITE 42 fe:00:77 0 EOF\n' };
    expect(find([locked], [unasked(locked)])[0]).toMatchObject({ severity: 'info', confidence: 'hint' });
    expect(find([listener], [listener], {}, {}, shell)[0]).toMatchObject({ severity: 'warning' });
    const unix = socketFd(8, { protocol: 'unix', inode: '900', state: 'CONNECTED', unixType: 'stream' }, { flags: 2 });
    expect(find([unix], [unix])[0]).toMatchObject({ severity: 'info' });
  });

  it('has one fingerprint for another pid, number, port and name', () => {
    const of = (own: FdSpec, target: Partial<Process>, holder: Partial<Process>): string => find([own], [unasked(own)], holder, {}, target)[0]!.fingerprint;
    const moved: FdTable['process'] = processOf({ pid: 5, comm: 'x', exe: '/opt/x' });
    expect(of(socketFd(12, listenerRow('501', 9090), { flags: 2 }), moved, { ppid: 5, comm: 'y', exe: '/opt/y' })).toBe(of(listener, {}, {}));
    expect(of({ ...log, fd: 9, link: '/xa/xb/xc.log' }, {}, {})).toBe(of(log, {}, {}));
    expect(of(log, {}, {})).not.toBe(of(listener, {}, {}));
  });
});
