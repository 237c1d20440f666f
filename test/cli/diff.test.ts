/** `reloadctl diff` on tapes, on saved reports, and on files that are neither. */
import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { DiffData } from '../../src/diff/data.ts';
import type { Report } from '../../src/report/types.ts';
import { plainEnv } from '../live/support/child.ts';
import { describeNeeds } from '../live/support/need.ts';
import { ownFolder, type RunOptions, reloadctl, startFactory } from '../live/support/program.ts';
import { compileSchema, fdsReport, type Json, mutate } from '../schema/support.ts';
import { tapeFile } from '../tapes/support/tapes.ts';

const BINARY = fileURLToPath(new URL('../../bin/reloadctl.js', import.meta.url));
const folder = ownFolder('diff');
const validate = compileSchema();

interface Compared {
  code: number | null;
  stderr: string;
  report: Report<DiffData>;
}

async function diff(a: string, b: string, options: string[] = [], run: RunOptions = {}): Promise<Compared> {
  const { code, stdout, stderr } = await reloadctl(['diff', a, b, '--json', ...options], run);
  expect(stdout, stderr).toMatch(/^\{[\s\S]*\}\n$/);
  const report = JSON.parse(stdout) as Report<DiffData>;
  expect(validate(report) || validate.errors).toBe(true);
  return { code, stderr, report };
}

let written = 0;

function write(content: unknown): string {
  const path = join(folder, `${++written}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content, null, 2));
  return path;
}

/** A healthy report: nothing found, everything read. */
function healthy(changes: Json = {}): Json {
  return { ...fdsReport(), verdict: 'pass', findings: [], coverage: [{ source: 'fd table', status: 'ok', needed: true }], ...changes };
}

const [finding] = fdsReport().findings as [Json];
const withFinding = (changes: Json = {}): Json => healthy({ verdict: 'fail', findings: [{ ...finding, ...changes }] });

describe('two tapes', () => {
  const [near, deleted] = [tapeFile('full', 'fd-near-limit'), tapeFile('full', 'fd-deleted-file')];

  it('show what changed, the largest first, and a new critical finding is exit 1', async () => {
    const { code, report } = await diff(deleted, near);
    expect(code).toBe(1);
    expect(report.data.groups[0]).toEqual({ kind: 'file', key: '/srv/app/cache/item-*.json', a: 5, b: 116, delta: 111 });
    expect(report.data.numbers.map(({ name }) => name)).toEqual(['open', 'limit.soft', 'limit.hard']);
    expect(report.data.findings.new.map(({ id }) => id)).toEqual(['fd/near-limit']);
    expect(report.data.findings.gone.map(({ id }) => id)).toEqual(['fd/deleted-file']);
    expect(report.findings.map(({ id }) => id)).toEqual(['fd/near-limit']);
    expect(report).toMatchObject({ command: 'diff', verdict: 'fail', target: null });
  });

  it('the other way round nothing critical is new: 0, unless warnings count', async () => {
    expect((await diff(near, deleted)).code).toBe(0);
    expect((await diff(near, deleted, ['--fail-on', 'warning'])).code).toBe(1);
    expect((await diff(deleted, near, ['--fail-on', 'never'])).code).toBe(0);
  });

  it('of one look have no difference', async () => {
    const { code, report } = await diff(near, near);
    expect(code).toBe(0);
    expect(report.data.groups.every(({ delta }) => delta === 0)).toBe(true);
    expect(report.data.findings).toMatchObject({ new: [], gone: [], same: [{ id: 'fd/near-limit' }] });
    expect(report.data.descriptors).toEqual({ survived: 119, opened: 0, closed: 0, otherProcesses: 0 });
    expect(report.data.sameTarget).toBe(true);
  });

  it('of one look, the one redacted, are matched by what is no name', async () => {
    const { code, report } = await diff(near, tapeFile('err', 'fd-near-limit'));
    expect(code).toBe(0);
    expect(report.data).toMatchObject({ nameless: true, sameTarget: true, findings: { new: [], gone: [] }, descriptors: { survived: 119, opened: 0, closed: 0 } });
    expect(report.data.groups.filter(({ delta }) => delta !== 0)).toEqual([]);
  });

  it('as text for people: the change, both sides, and what is new', async () => {
    const { code, stdout } = await reloadctl(['diff', deleted, near]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^CRITICAL {2}python3 \(pid \d+\) uses 93% of its descriptors/);
    expect(stdout).toContain(`A  ${deleted} (tape): python3`);
    expect(stdout).toMatch(/open +11 -> 119 \(\+108\)/);
    expect(stdout).toMatch(/\+111 +5 +116 +file +\/srv\/app\/cache\/item-\*\.json/);
    expect(stdout).toMatch(/^gone +warning +fd\/deleted-file/m);
  });
});

describe('two reports', () => {
  it('with one finding more, above the floor: 1', async () => {
    const { code, report } = await diff(write(healthy()), write(withFinding()));
    expect(code).toBe(1);
    expect(report.findings).toEqual([finding]);
  });

  it('with one finding in both: 0, and 1 when it got worse', async () => {
    const warning = write(withFinding({ severity: 'warning' }));
    const critical = write(withFinding());
    expect(await diff(critical, critical)).toMatchObject({ code: 0, report: { data: { findings: { new: [], same: [{ id: 'fd/near-limit' }] } } } });
    expect(await diff(warning, critical)).toMatchObject({ code: 1, report: { data: { findings: { same: [{ severity: 'critical', severityBefore: 'warning' }] } } } });
    expect(await diff(critical, warning, ['--fail-on', 'info'])).toMatchObject({ code: 0, report: { findings: [] } });
  });

  it('of which one could not look: 3, with the side named', async () => {
    const denied = healthy({ verdict: 'inconclusive', coverage: [{ source: 'fd table', status: 'denied', detail: 'not permitted', needed: true }] });
    const { code, report } = await diff(write(healthy()), write(denied));
    expect(code).toBe(3);
    expect(report.coverage).toContainEqual({ source: 'B: fd table', status: 'denied', detail: 'not permitted', needed: true });
    expect(report.data.coverage).toEqual([{ source: 'fd table', a: 'ok', b: 'denied' }]);
  });

  it('that are inconclusive and have a new finding: 1', async () => {
    const denied = { ...withFinding(), coverage: [{ source: 'sockets', status: 'denied', needed: true }] };
    expect((await diff(write(healthy()), write(denied))).code).toBe(1);
  });

  it('of different targets are compared, and that is said', async () => {
    const other = healthy({ target: { spec: '9', label: 'redis (pid 9)', pids: [9] } });
    const [a, b] = [write(healthy()), write(other)];
    const { code, stderr, report } = await diff(a, b);
    expect([code, stderr]).toEqual([0, 'diff: these are not reports of the same target\n']);
    expect(report.data.sameTarget).toBe(false);
    const { stdout } = await reloadctl(['diff', a, b]);
    expect(stdout).toContain('not the same target: app (pid 42) on vm and redis (pid 9) on vm; compared all the same');
  });

  it('of any command: findings and what it counts', async () => {
    const doctor = (status: string): string => write(healthy({ command: 'doctor', target: null, coverage: [{ source: 'Yama', status, needed: false }], data: { capabilities: [] } }));
    expect(await diff(doctor('ok'), doctor('denied'))).toMatchObject({ code: 0, report: { data: { command: 'doctor', groups: [], coverage: [{ source: 'Yama', a: 'ok', b: 'denied' }] } } });
    const top = (open: number): string => write(healthy({ target: null, data: { processes: [{ pid: 1, comm: 'init', uid: 0, open, soft: 9, hard: 9, ratio: 0.1, fdSize: 64 }] } }));
    expect((await diff(top(3), top(8))).report.data.groups).toEqual([{ kind: 'process', key: 'init', a: 3, b: 8, delta: 5 }]);
  });

  it('of a report and what comes from stdin or the shell', async () => {
    const a = write(healthy());
    const text = JSON.stringify(withFinding());
    expect((await diff(a, '-', [], { input: text })).report.data.b.file).toBe('stdin');
    expect((await diff('-', a, [], { input: `\ufeff${text}` })).code).toBe(0);
    const shell = spawn('bash', ['-c', '"$0" "$1" diff "$2" <(cat "$3") --json', process.execPath, BINARY, a, write(text)], { env: plainEnv(), stdio: ['ignore', 'ignore', 'inherit'] });
    expect(await new Promise((resolve) => shell.on('close', resolve))).toBe(1);
  });

  it('with hostile names show none of their bytes', async () => {
    const hostile = healthy({ target: { spec: '\u001b[31m', label: '\u001b]0;x\u0007\n', pids: [1] } });
    Object.assign(hostile.data as Json, { groups: [{ ...((fdsReport().data as Json).groups as Json[])[0], key: '\u001b[2J\n\u202e', count: 7 }] });
    const { stdout, stderr } = await reloadctl(['diff', write(healthy()), write(hostile), '--color', 'never']);
    expect(stdout + stderr).not.toMatch(/[\u001b\u0007\u202e]/);
  });
});

describeNeeds(['python3'], 'two saved looks at one process', () => {
  it('tell which descriptors survived', async () => {
    const { pid, stop } = await startFactory(['files=9', 'pipe=2']);
    const path = join(folder, 'live.json');
    const { code } = await reloadctl(['fds', String(pid), '--list', '--format', `json=${path}`]);
    expect(code).toBe(0);
    const saved = JSON.parse(readFileSync(path, 'utf8')) as { data: { fds: { kind: string }[] } };
    const fewer = { ...saved, data: { ...saved.data, fds: saved.data.fds.filter(({ kind }) => kind !== 'pipe') } };
    const after = await reloadctl(['fds', String(pid), '--list', '--json']);
    await stop();
    expect((await diff(write(fewer), write(after.stdout))).report.data.descriptors).toEqual({
      survived: fewer.data.fds.length, opened: saved.data.fds.length - fewer.data.fds.length, closed: 0, otherProcesses: 0,
    });
  });
});

describe('what is no report', () => {
  const good = write(healthy());
  mkdirSync(join(folder, 'sub'));

  it.each([
    ['an empty file', '', /^FILE:1:1: not JSON: it is empty/],
    ['a text', 'hello', /^FILE:1:1: not JSON: expected a value, not "h"/],
    ['a report cut off', `${JSON.stringify(healthy(), null, 2).slice(0, 300)}`, /^FILE:\d+:\d+: not JSON: /],
    ['a comma too many', '{\n  "a": 1,\n}', /^FILE:3:1: not JSON: expected a name in quotes, not "\}"/],
    ['JSON of somebody else', '[1, 2]', /^FILE:1:1: not a report of reloadctl; make one with --json/],
    ['a package.json', '{"name": "x", "version": "1.0.0"}', /^FILE:1:1: not a report of reloadctl/],
    ['an NDJSON stream', '{"type":"start"}\n{"type":"end","complete":true}\n', /^FILE:1:1: an NDJSON stream/],
    ['a newer report', { ...healthy(), schemaVersion: '2.0' }, /^FILE:2:20: made by a newer reloadctl 0\.1\.0: schema 2\.0, this one reads up to 1; update reloadctl/],
    ['a report without findings', mutate(healthy(), ['findings']), /^FILE:1:1: findings is missing/],
    ['a wrong count', mutate(healthy(), ['data', 'groups', 0, 'count'], 'many'), /^FILE:\d+:18: data\.groups\[0\]\.count is not a number/],
    ['a wrong severity', withFinding({ severity: 'fatal' }), /^FILE:\d+:\d+: findings\[0\]\.severity is not one of critical, warning, info/],
    ['a wrong list', mutate(healthy(), ['data', 'fds', 0, 'pid'], null), /^FILE:\d+:\d+: data\.fds\[0\]\.pid is not a number/],
    ['a tape cut off', readFileSync(tapeFile('err', 'fd-duplicates'), 'utf8').slice(0, 5000), /^FILE:\d+: the tape is cut off/],
    ['a newer tape', '{"reloadctl":"tape","version":99,"tool":"9.0.0"}\n', /^FILE:1: made by a newer reloadctl 9\.0\.0/],
  ])('%s: exit 2, with where', async (name, content, message) => {
    const path = write(content);
    for (const args of [[path, name === 'a wrong list' ? path : good], [name === 'a wrong list' ? path : good, path]]) {
      const { code, stdout, stderr } = await reloadctl(['diff', ...args, '--json']);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr.replace('reloadctl: ', '').replace(path, 'FILE')).toMatch(message);
    }
  });

  it.each([
    [['nowhere.json', good], /nowhere\.json: no such file/],
    [[good, folder], /is a directory/],
    [[good, write(healthy({ target: null, data: { processes: [] } }))], /is a report of fds and .* one of fds --top: nothing in them can be compared/],
    [[good, '/dev/zero'], /\/dev\/zero: is not a regular file/],
    [['-', '-'], /only one of the two can be stdin/],
    [[good], /missing required argument 'b'/],
    [[good, good, good], /too many arguments/],
    [[good, write(healthy({ command: 'doctor', target: null, data: { capabilities: [] } }))], /is a report of fds and .* one of doctor/],
    [[good, write(healthy({ command: 'diff', target: null }))], /is a comparison itself/],
    [[good, tapeFile('full', 'fd-duplicates'), '--fail-on', 'bad'], /--fail-on: bad is not one of/],
  ])('%j: exit 2', async (args, message) => {
    const { code, stdout, stderr } = await reloadctl(['diff', ...args]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(message);
  });
});
