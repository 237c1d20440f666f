/** The verdict on one look at a time. */
import { describe, expect, it } from 'vitest';
import { readProcess } from '../../src/kernel/process.ts';
import type { Delivery, PreflightLook, Room } from '../../src/preflight/model.ts';
import { deafness, knownProgram, type Standing } from '../../src/preflight/programs.ts';
import { preflightRules } from '../../src/preflight/rules/index.ts';
import { runRules } from '../../src/report/index.ts';
import { fakeEvidence } from '../support/fake-evidence.ts';
import { fileStat, worldOf } from '../support/fake-process.ts';

const FINE: Delivery = { number: 12, name: 'USR2', caught: true, ignored: false, blockedLooks: 0, looks: 1, threads: 1, threadsUnread: false, isInit: false, isGo: false, action: 'ends' };
const FILE = { argument: '/usr/sbin/app', by: 'path' as const, found: { path: '/usr/sbin/app', stat: fileStat(), links: [] }, executable: true };
const ROOM: Room = { resource: 'pids', used: 5, limit: 100, left: 95, need: 5, least: 1, source: '/sys/fs/cgroup/pids.max' };

function judge(changes: Partial<PreflightLook> = {}, exe = '/usr/sbin/app'): [string, string, string][] {
  const process = readProcess(fakeEvidence(worldOf({ pid: 42, exe })), 42)!;
  const program = knownProgram(process);
  const look: PreflightLook = { type: 'preflight', process, pids: [42], ...(program && { program }), delivery: FINE, binary: FILE, room: [ROOM], pidFiles: [], locks: [], backlogs: [], ...changes };
  return runRules(preflightRules, [look]).map(({ id, severity, confidence }) => [id.replace('preflight/', ''), severity, confidence]);
}

describe('the signal', () => {
  it.each<[string, Partial<Delivery>, [string, string, string][]]>([
    ['caught', {}, []],
    ['without a handler', { caught: false }, [['signal-kills', 'critical', 'certain']]],
    ['without a handler, read by a signalfd', { caught: false, readBy: { fd: 5 } }, []],
    ['without a handler, in process 1 of a container', { caught: false, isInit: true }, [['signal-blocked', 'critical', 'certain']]],
    ['without a handler, and nothing happens then', { caught: false, action: 'nothing' }, [['signal-blocked', 'critical', 'certain']]],
    ['ignored', { caught: false, ignored: true }, [['signal-blocked', 'critical', 'certain']]],
    // A handler was written for it: there may be moments in which it is let in.
    ['blocked at each look', { blockedLooks: 3, looks: 3 }, [['signal-blocked', 'warning', 'likely']]],
    ['blocked and without a handler', { caught: false, blockedLooks: 3, looks: 3 }, [['signal-blocked', 'critical', 'likely']]],
    ['of a Go program that asks for it', { isGo: true, asked: true }, []],
    ['of a Go program of which nothing is known', { isGo: true }, []],
    ['of a Go program that does not ask for it, and which the runtime throws away', { isGo: true, asked: false }, [['signal-blocked', 'critical', 'certain']]],
    ['of a Go program that does not ask for it, and which ends it', { isGo: true, asked: false, number: 1, name: 'HUP' }, [['signal-kills', 'critical', 'certain']]],
    ['blocked for a moment', { blockedLooks: 2, looks: 3 }, []],
  ])('%s', (_name, changes, expected) => {
    expect(judge({ delivery: { ...FINE, ...changes } })).toEqual(expected);
  });
});

describe('programs whose handler reloads nothing', () => {
  it.each([
    ['haproxy without -W', 'haproxy', 'HUP', 'haproxy\0-f\0h.cfg\0', false, true],
    ['a master of haproxy', 'haproxy', 'HUP', 'haproxy\0-W\0-f\0h.cfg\0', true, false],
    ['a worker of nginx', 'nginx', 'HUP', 'nginx: worker process\0', true, true],
    ['a worker of nginx that shuts down', 'nginx', 'USR2', 'nginx: worker process is shutting down\0', true, true],
    ['a master of nginx', 'nginx', 'HUP', 'nginx: master process nginx\0', true, false],
    ['nginx without master', 'nginx', 'HUP', 'nginx\0-c\0n.conf\0', true, false],
    ['a worker of nginx that opens its logs anew', 'nginx', 'USR1', 'nginx: worker process\0', true, false],
  ])('%s', (_name, program, signal, cmdline, catchesUsr2, isDeaf) => {
    const deaf = deafness(knownProgram({ exe: `/usr/sbin/${program}` })!, signal, cmdline, { catchesUsr2 });
    expect(deaf !== undefined).toBe(isDeaf);
    if (deaf) expect(judge({ deaf })).toEqual([['signal-blocked', 'critical', 'certain']]);
  });
});

describe('signals that end instead', () => {
  it.each<[string | undefined, string, Standing, string | undefined]>([
    ['nginx', 'TERM', {}, 'signal-kills critical certain'],
    ['nginx', 'WINCH', {}, 'signal-kills critical certain'],
    ['haproxy', 'USR1', {}, 'signal-kills critical certain'],
    ['haproxy', 'TTOU', {}, 'signal-kills critical certain'],
    ['haproxy', 'USR2', {}, undefined],
    [undefined, 'TERM', {}, 'signal-kills warning likely'],
    [undefined, 'USR2', {}, undefined],
    // A worker of haproxy has the handlers of its master.
    ['haproxy', 'USR2', { masterOf: 7 }, 'signal-blocked critical certain'],
    ['nginx', 'USR2', { upgrade: 7 }, 'signal-blocked critical certain'],
    ['nginx', 'HUP', { upgrade: 7 }, undefined],
    // With `daemon off` the parent that started it is taken for the binary before.
    ['nginx', 'USR2', { foreground: 'certain' }, 'signal-blocked critical certain'],
    ['nginx', 'USR2', { foreground: 'likely' }, 'signal-blocked critical likely'],
    ['nginx', 'HUP', { foreground: 'certain' }, undefined],
  ].map(([program, signal, standing, expected]) => [program as string | undefined, signal as string, { catchesUsr2: true, ...(standing as object) }, expected as string | undefined]))('%s, %s, %j', (program, signal, standing, expected) => {
    const known = program === undefined ? undefined : knownProgram({ exe: `/usr/sbin/${program}` });
    const deaf = deafness(known, signal, `${program}: master process ${program}\0`, standing);
    expect(judge({ ...(deaf && { deaf }) }).map((one) => one.join(' '))).toEqual(expected === undefined ? [] : [expected]);
  });
});

describe('the binary', () => {
  const bare = { argument: 'app', by: 'cwd' as const, cwd: '/', found: { path: '/app', errno: 'ENOENT', links: [] } };

  it('of a program that starts it: critical; when it only forks: nothing', () => {
    expect(judge({ binary: { ...bare, argument: 'nginx' }, effect: 'exec' }, '/usr/sbin/nginx')).toEqual([['binary-unresolvable', 'critical', 'certain']]);
    expect(judge({ binary: { ...bare, argument: 'nginx' }, effect: 'fork' }, '/usr/sbin/nginx')).toEqual([]);
  });

  it('of a program that is not known: by USR2 only, and a hint where PATH has it', () => {
    expect(judge({ binary: bare })).toEqual([['binary-unresolvable', 'warning', 'likely']]);
    expect(judge({ binary: { ...bare, inPath: '/bin/app' } })).toEqual([['binary-unresolvable', 'info', 'hint']]);
    expect(judge({ binary: bare, delivery: { ...FINE, name: 'HUP', number: 1 } })).toEqual([]);
  });

  it('that may not be looked at is no finding', () => {
    expect(judge({ binary: { ...bare, found: { path: '/app', errno: 'EACCES', links: [] } }, effect: 'exec' })).toEqual([]);
  });
});

describe('room', () => {
  it.each<[string, Partial<Room>, Partial<PreflightLook>, [string, string, string][]]>([
    ['none left, a second generation starts', { left: 0 }, {}, [['no-headroom', 'critical', 'certain']]],
    ['none left, what the signal does is not known', { left: 0 }, { delivery: { ...FINE, name: 'HUP', number: 1 } }, [['no-headroom', 'warning', 'likely']]],
    ['less than this one has', { left: 4 }, {}, [['no-headroom', 'warning', 'likely']]],
    ['just enough', { left: 5 }, {}, []],
    ['nothing is started', { left: 0 }, { effect: 'within' }, []],
  ])('%s', (_name, room, changes, expected) => {
    expect(judge({ room: [{ ...ROOM, ...room }], ...changes })).toEqual(expected);
  });

  it('of several levels of a cgroup the worst is told, once', () => {
    expect(judge({ room: [{ ...ROOM, left: 4 }, { ...ROOM, left: 0 }] })).toEqual([['no-headroom', 'critical', 'certain']]);
  });
});
