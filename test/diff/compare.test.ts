import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareCoverage, compareFindings, compareGroups, compareNumbers, isWorse, sameTarget } from '../../src/diff/compare.ts';
import { type Counted, countsOf } from '../../src/diff/counts.ts';
import { compareDescriptors } from '../../src/diff/descriptors.ts';
import { withoutNames } from '../../src/diff/pseudonyms.ts';
import type { SavedReport } from '../../src/diff/saved-report.ts';
import type { Finding, Severity } from '../../src/report/index.ts';

const group = (kind: string, key: string, count: number): Counted => ({ kind, key, count });

function finding(fingerprint: string, severity: Severity = 'warning', key = 'x'): Finding {
  return { id: 'fd/growth', severity, confidence: 'likely', because: 'b', title: `${fingerprint} ${key}`, subject: { kind: 'k', key }, evidence: [], remedy: [], fingerprint };
}

function saved(changes: Partial<SavedReport> = {}): SavedReport {
  return {
    command: 'fds', startedAt: '2026-11-22T03:00:00.000Z', host: { kernel: '6', hostname: 'web' }, target: { spec: '42', label: 'app (pid 42)', pids: [42] }, findings: [],
    coverage: [], data: {}, ...changes,
  };
}

describe('groups', () => {
  it('of what logs leave open are one in the folders of two runs, and one for each place in the code', () => {
    const countsIn = (...sites: string[]) => countsOf('strace', { lines: 1, unclassified: 0, sites: sites.map((site) => ({ site, open: 2 })) });
    expect(countsIn('openat /tmp/run-17/a*.part', 'openat /tmp/run-18/a*.part')).toMatchObject({ groups: [group('left open', 'openat /tmp/run-*/a*.part', 4)] });
    expect(countsIn('leaky() (main.c:17)', 'leaky() (main.c:18)')).toMatchObject({ groups: [{ count: 2 }, { count: 2 }] });
  });

  it('come with the largest change first, and the same kind under another key apart', () => {
    const a = [group('file', '/a', 10), group('socket', 'x', 5), group('pipe', 'pipe', 3)];
    const b = [group('file', '/a', 8), group('socket', 'x', 25), group('file', 'x', 1), group('pipe', 'pipe', 3)];
    expect(compareGroups(a, b, false)).toEqual([
      { kind: 'socket', key: 'x', a: 5, b: 25, delta: 20 },
      { kind: 'file', key: '/a', a: 10, b: 8, delta: -2 },
      { kind: 'file', key: 'x', a: 0, b: 1, delta: 1 },
      { kind: 'pipe', key: 'pipe', a: 3, b: 3, delta: 0 },
    ]);
  });

  it('of redacted tapes are matched by what is no name', () => {
    const a = [group('file', '/qx/zz-*.part', 3), group('device', '/dev/null', 1), group('socket', 'tcp CLOSE_WAIT to 10.0.0.7:5432', 2)];
    const b = [group('file', '/bc/lmn-*.part', 9), group('device', '/dev/null', 1), group('socket', 'tcp CLOSE_WAIT to 10.9.1.2:5432', 2)];
    expect(compareGroups(a, b, true)).toEqual([
      { kind: 'file', key: '/a/a-*.part', a: 3, b: 9, delta: 6 },
      { kind: 'socket', key: 'tcp CLOSE_WAIT to *:5432', a: 2, b: 2, delta: 0 },
      { kind: 'device', key: '/dev/null', a: 1, b: 1, delta: 0 },
    ]);
  });

  it('turn around when the sides do, and lose nothing', () => {
    const groups = fc.array(fc.record({ kind: fc.constantFrom('file', 'pipe'), key: fc.constantFrom('/a', '/b', 'pipe', '__proto__'), count: fc.nat(50) }));
    const total = (counted: readonly { count: number }[]): number => counted.reduce((sum, { count }) => sum + count, 0);
    fc.assert(
      fc.property(groups, groups, fc.boolean(), (a, b, nameless) => {
        const there = compareGroups(a, b, nameless);
        const back = compareGroups(b, a, nameless);
        expect(there.reduce((sum, change) => sum + change.a, 0)).toBe(total(a));
        expect(there.reduce((sum, change) => sum + change.b, 0)).toBe(total(b));
        const byKey = (list: typeof there) => new Map(list.map(({ kind, key, delta }) => [`${kind} ${key}`, delta]));
        for (const [key, delta] of byKey(there)) expect(byKey(back).get(key)).toBe(delta === 0 ? 0 : -delta);
        expect(compareGroups(a, a, nameless).every(({ delta }) => delta === 0)).toBe(true);
      }),
    );
  });
});

describe('names', () => {
  it.each([
    ['/var/log/app-17.log', '/a/a/a-*.log'],
    ['tcp LISTEN 127.0.0.1:8080', 'tcp LISTEN *:8080'],
    ['tcp ESTABLISHED to [2001:db8::1]:443', 'tcp ESTABLISHED to *:443'],
    ['tcp ESTABLISHED on :80', 'tcp ESTABLISHED on :80'],
    ['unix stream LISTEN /run/app.sock', 'unix stream LISTEN /a/a.sock'],
    ['unix stream CONNECTED @agent', 'unix stream CONNECTED @a'],
    ['eventfd', 'eventfd'],
  ])('%s without them is %s', (key, expected) => {
    expect(withoutNames(key)).toBe(expected);
    expect(withoutNames(expected)).toBe(expected);
  });
});

describe('numbers', () => {
  it('have a difference when both are known', () => {
    const a = new Map<string, number | null>([['open', 10], ['limit.soft', null], ['total', 3]]);
    expect(compareNumbers(a, new Map([['open', 12], ['limit.soft', 64]]))).toEqual([
      { name: 'open', a: 10, b: 12, delta: 2 },
      { name: 'limit.soft', a: null, b: 64, delta: null },
      { name: 'total', a: 3, b: null, delta: null },
    ]);
  });
});

describe('findings', () => {
  it('are paired by fingerprint', () => {
    const { added, gone, paired } = compareFindings([finding('one'), finding('two')], [finding('two', 'critical'), finding('three')]);
    expect([added, gone].map((list) => list.map(({ fingerprint }) => fingerprint))).toEqual([['three'], ['one']]);
    expect(paired.map(({ before, now }) => [before.severity, now.severity])).toEqual([['warning', 'critical']]);
    expect(paired.map(isWorse)).toEqual([true]);
  });

  it('one more of a fingerprint is new: the one with another subject', () => {
    const { added, gone } = compareFindings([finding('one', 'warning', 'p')], [finding('one', 'warning', 'q'), finding('one', 'warning', 'p')]);
    expect(added.map(({ subject }) => subject.key)).toEqual(['q']);
    expect(gone).toEqual([]);
  });

  it('each are in exactly one place', () => {
    const findings = fc.array(fc.tuple(fc.constantFrom('f', 'g'), fc.constantFrom<Severity>('critical', 'warning', 'info'), fc.constantFrom('p', 'q')).map((one) => finding(...one)), { maxLength: 8 });
    fc.assert(
      fc.property(findings, findings, (a, b) => {
        const { added, gone, paired } = compareFindings(a, b);
        expect(new Set([...added, ...paired.map(({ now }) => now)])).toEqual(new Set(b));
        expect(new Set([...gone, ...paired.map(({ before }) => before)])).toEqual(new Set(a));
        expect(added.length + paired.length).toBe(b.length);
        expect(paired.every(({ before, now }) => before.fingerprint === now.fingerprint)).toBe(true);
        expect(added.some(({ fingerprint }) => gone.some((one) => one.fingerprint === fingerprint))).toBe(false);
      }),
    );
  });
});

describe('coverage', () => {
  it('is told where one side could read what the other could not', () => {
    const of = (source: string, status: 'ok' | 'denied') => ({ source, status, needed: true });
    expect(compareCoverage([of('fd table', 'ok'), of('sockets', 'ok'), of('a', 'denied')], [of('fd table', 'denied'), of('sockets', 'ok'), of('a', 'denied'), of('new', 'ok')])).toEqual([
      { source: 'fd table', a: 'ok', b: 'denied' },
    ]);
    expect(compareCoverage([of('x', 'denied')], [])).toEqual([{ source: 'x', a: 'denied', b: null }]);
  });
});

describe('targets', () => {
  const other = (label: string, spec = '42', pid = 42): SavedReport => saved({ target: { spec, label, pids: [pid] } });

  it.each([
    ['a restarted service', other('app (pid 42)'), other('app (pid 57)', 'app', 57), true],
    ['a pid used again', other('app (pid 42)'), other('sh (pid 42)'), false],
    ['a port', other('port 80 (pid 42)', ':80'), other('nginx (pid 9)', ':80', 9), true],
    ['another host', saved(), saved({ host: { kernel: '6', hostname: 'db' } }), false],
    ['no process on both', saved({ target: null }), saved({ target: null }), true],
    ['no process on one', saved(), saved({ target: null }), false],
  ])('%s', (_, a, b, same) => {
    expect(sameTarget(a, b, false)).toBe(same);
  });

  it('behind pseudonyms are known by pid and start', () => {
    const with_ = (startTime: string): SavedReport => saved({ data: { processes: [{ pid: 42, startTime }] }, target: { spec: 'x', label: startTime, pids: [42] } });
    expect(sameTarget(with_('1'), with_('1'), true)).toBe(true);
    expect(sameTarget(with_('1'), with_('2'), true)).toBe(false);
  });
});

describe('descriptors', () => {
  const side = (startTime: string, fds: object[]) => ({
    data: { fds, processes: [{ pid: 42, startTime }] },
    wrong: ({ what }: { what: string }) => new Error(what),
  });
  const fd = (number: number, target: string, inode?: string) => ({ pid: 42, fd: number, kind: 'file', target, ...(inode && { inode }) });

  it('survive at their number, as the same thing', () => {
    const a = side('1', [fd(1, '/a', '5'), fd(2, '/b', '6'), fd(3, '/c')]);
    const b = side('1', [fd(1, '/a', '5'), fd(2, '/b', '7'), fd(4, '/c')]);
    expect(compareDescriptors(a, b, false)).toEqual({ survived: 1, opened: 2, closed: 2, otherProcesses: 0 });
  });

  it('of another process under the pid are not compared', () => {
    expect(compareDescriptors(side('1', [fd(1, '/a')]), side('2', [fd(1, '/a')]), false)).toEqual({ survived: 0, opened: 0, closed: 0, otherProcesses: 2 });
  });

  it('are not there without a list, and wrong ones are an error', () => {
    expect(compareDescriptors({ data: {}, wrong: () => new Error() }, side('1', []), false)).toBeNull();
    expect(() => compareDescriptors(side('1', [{ pid: 'x' }]), side('1', []), false)).toThrow('data.fds[0].pid is not a number');
  });
});

describe('what is counted', () => {
  it.each([
    ['fds', { open: 3, limit: { soft: 10, hard: null }, groups: [{ kind: 'file', key: '/a', count: 3 }] }, [group('file', '/a', 3)], [['open', 3], ['limit.soft', 10], ['limit.hard', null]]],
    ['fds', { processes: [{ comm: 'sh', open: 3 }, { comm: 'sh', open: 4 }, { comm: 'x', open: null }] }, [group('process', 'sh', 7)], []],
    ['goroutines', { total: 5, groups: [{ state: 'select', count: 5, frames: [{ func: 'main.f' }, 'main.g'] }] }, [group('select', 'main.f < main.g', 5)], [['total', 5]]],
    ['node', { handles: [{ kind: 'tcp-server' }, { kind: 'tcp-server' }, { kind: 'worker', site: 'a.js:1' }] }, [group('tcp-server', '', 2), group('worker', 'a.js:1', 1)], []],
    ['inotify-limits', { users: [{ userns: '1', uid: 0, instances: { used: 2 }, watches: { used: 9 } }] }, [group('inotify instances', '1 0', 2), group('inotify watches', '1 0', 9)], []],
    ['doctor', { capabilities: [] }, [], []],
    ['demo', { planted: [] }, [], []],
  ])('of %s', (command, data, groups, numbers) => {
    expect(countsOf(command, data)).toEqual({ groups, numbers: new Map(numbers as [string, number | null][]) });
  });

  it.each([
    [{ groups: {} }, ['data', 'groups'], 'data.groups is not a list'],
    [{}, ['data'], 'data.groups is missing'],
    [{ groups: [null] }, ['data', 'groups', 0], 'data.groups[0] is not an object'],
    [{ groups: [{ kind: 'a', key: 'b', count: 'c' }] }, ['data', 'groups', 0, 'count'], 'data.groups[0].count is not a number'],
    [{ groups: [{ kind: 'a', key: 'b' }] }, ['data', 'groups', 0], 'data.groups[0].count is not a number'],
    [{ groups: [], open: '3' }, ['data', 'open'], 'data.open is not a number'],
  ])('%j is told to be wrong', (data, path, what) => {
    expect(countsOf('fds', data)).toEqual({ path, what });
  });

  it('of anything never throws', () => {
    const commands = fc.constantFrom('fds', 'node', 'goroutines', 'inotify-limits', 'demo', '__proto__', 'constructor');
    const lists = fc.dictionary(fc.constantFrom('groups', 'processes', 'users', 'handles', 'open'), fc.jsonValue());
    fc.assert(fc.property(commands, lists, (command, data) => void countsOf(command, data)));
  });
});
