/** The built program on tapes: the same bytes each time, targets, and files that are no tapes. */
import { copyFileSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Report } from '../../src/report/index.ts';
import { ownFolder, reloadctl } from '../live/support/program.ts';
import { compileSchema, mutate } from '../schema/support.ts';
import { rewritten, tapeFile, tapeText, unrolled, without } from './support/tapes.ts';

const NEAR = tapeFile('full', 'fd-near-limit');
const folder = ownFolder('tapes');

function written(name: string, text: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

function headerOf(path: string): { recordedAt: string; host: object; target: { pids: number[] } } {
  return JSON.parse(readFileSync(path, 'utf8').split('\n', 1)[0]!);
}

async function reportOn(args: string[]): Promise<{ code: number | null; report: Report }> {
  const { code, stdout } = await reloadctl([...args, '--json']);
  return { code, report: JSON.parse(stdout) as Report };
}

describe('a replay', () => {
  it.each([['--json'], ['--verbose'], ['--list', '--json'], ['--format', 'ndjson'], ['--threads', '--json'], ['--top', '--json']])('with %s %s prints the same bytes each time', async (...options) => {
    const args = ['fds', '--from', NEAR, ...options.filter((option) => option !== undefined)];
    const first = await reloadctl(args);
    const second = await reloadctl(args, { env: { TZ: 'Asia/Kathmandu', LANG: 'tr_TR.UTF-8' } });
    expect(first.stdout.length).toBeGreaterThan(100);
    expect(second).toMatchObject({ code: first.code, stdout: first.stdout, stderr: first.stderr });
  });

  it('is dated, timed and placed by the tape', async () => {
    const { recordedAt, host } = headerOf(NEAR);
    const { code, report } = await reportOn(['fds', '--from', NEAR]);
    expect(code).toBe(1);
    expect(report).toMatchObject({ startedAt: recordedAt, host, command: 'fds', verdict: 'fail' });
    const times = unrolled(readFileSync(NEAR, 'utf8')).trimEnd().split('\n').slice(1, -1).map((line) => (JSON.parse(line) as [string, string, number])[2]);
    expect(report.durationMs).toBeGreaterThan(0);
    expect(report.durationMs).toBeLessThanOrEqual(Math.round(Math.max(...times)));
  });

  it('of a redacted tape names no host', async () => {
    const { report } = await reportOn(['fds', '--from', tapeFile('err', 'fd-near-limit')]);
    expect(report.host.hostname).toMatch(/^[a-z]+-1$/);
    expect(report.host.hostname).not.toBe('app-1');
  });
});

describe('the target of a tape', () => {
  const [pid] = headerOf(NEAR).target.pids;

  it('may be left out or named as it was', async () => {
    const left = await reportOn(['fds', '--from', NEAR]);
    const named = await reportOn(['fds', String(pid), '--from', NEAR]);
    expect(named.report).toEqual(left.report);
    expect(left.report.target).toEqual({ spec: String(pid), label: `python3 (pid ${pid})`, pids: [pid] });
  });

  it('may be one of several processes', async () => {
    const nginx = tapeFile('ok', 'nginx');
    const { pids } = headerOf(nginx).target;
    expect(pids).toHaveLength(3);
    const all = (await reportOn(['fds', '--list', '--from', nginx])).report.data as { fds: { pid: number; otherEnd?: string }[] };
    for (const pid of pids) {
      const { code, report } = await reportOn(['fds', String(pid), '--list', '--from', nginx]);
      expect(code).toBe(0);
      expect(report.target?.pids).toEqual([pid]);
      // Who else holds a thing may be told in another order.
      const plain = ({ fds }: typeof all): object[] => fds.filter((fd) => fd.pid === pid).map(({ otherEnd: _names, ...fd }) => fd);
      expect((report.data as typeof all).fds).toHaveLength(plain(all).length);
      expect(plain(report.data as typeof all)).toEqual(plain(all));
      expect(report.findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
    }
  });

  it('cannot be another', async () => {
    const { code, stdout, stderr } = await reloadctl(['fds', '1', '--from', NEAR]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toBe(`reloadctl: the tape holds process ${pid}, not 1\n  leave the target out to see what the tape holds\n`);
  });
});

describe('what a tape does not hold', () => {
  it('--threads: said, exit 3', async () => {
    const { code, report } = await reportOn(['fds', '--threads', '--from', tapeFile('ok', 'fd-near-limit')]);
    expect(code).toBe(3);
    expect(report.coverage).toContainEqual({ source: 'threads', status: 'absent', detail: 'not recorded on this tape', needed: true });
  });

  it('--top: what is there is shown, and that it is not all, exit 3', async () => {
    const { code, report } = await reportOn(['fds', '--top', '--from', tapeFile('ok', 'fd-near-limit')]);
    expect(code).toBe(3);
    expect((report.data as { processes: unknown[] }).processes.length).toBeGreaterThan(0);
    expect(report.coverage).toContainEqual(expect.objectContaining({ source: 'processes', status: 'partial', needed: true, detail: expect.stringContaining('a tape holds its target') }));
  });

  it('--top: a fault that is on it counts all the same, exit 1', async () => {
    const { code, report } = await reportOn(['fds', '--top', '--from', NEAR]);
    expect(code).toBe(1);
    expect(report.findings.map(({ id }) => id)).toEqual(['fd/near-limit']);
  });

  it('--top without any process: no empty table for an answer', async () => {
    const path = written('no-list.rctl', without(readFileSync(NEAR, 'utf8'), (asked) => asked === 'list /proc'));
    const { code, stdout } = await reloadctl(['fds', '--top', '--from', path]);
    expect(code).toBe(3);
    expect(stdout).toMatch(/^INCONCLUSIVE {2}could not look: processes \(absent: a tape holds its target/);
  });

  it('the limit: unknown is not unlimited', async () => {
    const pid = headerOf(NEAR).target.pids[0]!;
    const path = written('no-limit.rctl', without(readFileSync(NEAR, 'utf8'), (asked) => asked === `read /proc/${pid}/limits`));
    const { code, stdout } = await reloadctl(['fds', '--from', path]);
    expect(code).toBe(3);
    expect(stdout).toContain('119 open, of an unknown limit');
    expect(stdout).toContain(`not recorded on this tape: /proc/${pid}/limits`);
    expect(stdout).not.toMatch(/unlimited|no limit/);
  });
});

describe('a file that is no tape', () => {
  const text = tapeText('full', 'fd-near-limit');
  const lines = text.trimEnd().split('\n');
  const header = (change: object): string => `${JSON.stringify({ ...JSON.parse(lines[0]!), ...change })}\n${lines.slice(1).join('\n')}\n`;
  const sealed = (change: object): string => rewritten(header(change), (answers) => answers);

  it.each([
    ['cut in a line', text.slice(0, text.length / 2), /^FILE:\d+: the tape is cut off/],
    ['cut after a line', `${lines.slice(0, 40).join('\n')}\n`, /^FILE:41: the tape is cut off/],
    ['of another program', '{"version":1}\n', /^FILE:1: not a reloadctl tape; make one with: reloadctl record/],
    ['a report', '{\n  "schemaVersion": "1.0"\n}\n', /^FILE:1: not a reloadctl tape/],
    ['empty', '', /^FILE:1: not a reloadctl tape/],
    ['of a newer program', header({ version: 99, tool: '9.9.9' }), /^FILE:1: made by a newer reloadctl 9\.9\.9, version 99.*update reloadctl/],
    ['changed', text.replace('"size"', '"size" '), /^FILE:\d+: the tape was changed after it was recorded/],
    ['with a line that is no answer', rewritten(text, ([first = '', ...rest]) => [first, '["read",1]', ...rest]), /^FILE:3: not an answer/],
    ['without a target', sealed({ target: null }), /^FILE:1: the tape does not say which processes/],
    ['with a strange target', sealed({ target: { spec: 'x', name: '', pids: ['1'] } }), /^FILE:1: the tape does not say which processes/],
    ['of a look at threads without an end', sealed({ target: { spec: 'x', name: '', pids: [1], tasksMs: 1e15 } }), /^FILE:1: the tape does not say which processes/],
    ['of a watch of listeners without an end', sealed({ target: { spec: 'x', name: '', pids: [1], listenMs: 1e15 } }), /^FILE:1: the tape does not say which processes/],
    ['of more processes than there can be', sealed({ target: { spec: 'x', name: '', pids: Array.from({ length: 40_000 }, (_, pid) => pid + 1) } }), /^FILE:1: the tape does not say which processes/],
    ['with a strange watch', sealed({ target: { spec: 'x', name: '', pids: [1], watch: { windowMs: '11s', intervalMs: 1 } } }), /^FILE:1: the tape does not say which processes/],
    ['without a time', sealed({ recordedAt: 'yesterday' }), /^FILE:1: the tape says no time/],
  ])('%s: exit 2, with file and line', async (name, content, message) => {
    const path = written(`${name.replaceAll(' ', '-')}.rctl`, content);
    const { code, stdout, stderr } = await reloadctl(['fds', '--from', path]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.replace(`reloadctl: ${path}`, 'FILE')).toMatch(message);
  });

  it('packed, it is read as it is; cut off, damaged or a bomb it is refused: exit 2', async () => {
    const packed = gzipSync(text);
    const { code, report } = await reportOn(['fds', '--from', written('packed.rctl', packed)]);
    expect([code, report.findings.map(({ id }) => id)]).toEqual([1, ['fd/near-limit']]);
    const bomb = Buffer.concat(Array.from({ length: 600 }, () => gzipSync(Buffer.alloc(1 << 20))));
    for (const [name, bytes, message] of [
      ['cut', packed.subarray(0, packed.length / 2), /is a gzip file that is cut off or damaged/],
      ['damaged', Buffer.concat([packed.subarray(0, 500), Buffer.alloc(200), packed.subarray(700)]), /is a gzip file that is cut off or damaged/],
      ['a bomb', bomb, /unpacks to more than 512 MiB/],
    ] as const) {
      const { code: refused, stdout, stderr } = await reloadctl(['fds', '--from', written(`${name}.rctl`, bytes)]);
      expect([refused, stdout]).toEqual([2, '']);
      expect(stderr).toMatch(message);
    }
  });

  it('absent, a directory or a device: exit 2', async () => {
    for (const path of [join(folder, 'nothing'), folder, '/dev/zero']) {
      const { code, stderr } = await reloadctl(['fds', '--from', path]);
      expect(code).toBe(2);
      expect(stderr).toContain(`reloadctl: ${path}: `);
    }
  });
});

/** One before each time it slept, and one after the last. */
function samplesOn(tape: string): number {
  return tape.split('\n').filter((line) => line.startsWith('["sleep"')).length + 1;
}

describe('the tape of a watch', () => {
  const watch = tapeFile('full', 'fd-growth');

  it('is watched again without being told so, and with', async () => {
    const first = await reportOn(['fds', '--from', watch]);
    expect(first.code).toBe(1);
    expect(first.report.findings.map(({ id }) => id)).toEqual(['fd/growth']);
    expect(first.report.data).toMatchObject({ watch: { samples: samplesOn(readFileSync(watch, 'utf8')) } });
    const [again, told] = [await reportOn(['fds', '--from', watch]), await reportOn(['fds', '--watch', '11s', '--from', watch])];
    const validate = compileSchema();
    validate(again.report);
    expect(validate.errors).toBeNull();
    expect(validate(mutate(again.report, ['data', 'watch', 'trends', 0, 'trend'], 'leaking'))).toBe(false);
    expect(again.report).toEqual(first.report);
    expect(told.report).toEqual(first.report);
  });

  it('is no other watch, and a tape of one look is none', async () => {
    const longer = await reloadctl(['fds', '--watch', '1m', '--from', watch]);
    expect(longer).toMatchObject({ code: 2, stderr: 'reloadctl: this tape is a watch of 11 s: leave --watch and --interval out\n' });
    const look = await reloadctl(['fds', '--watch', '11s', '--from', NEAR]);
    expect(look.code).toBe(2);
    expect(look.stderr).toMatch(/^reloadctl: this tape is one look.*\n {2}reloadctl record <target> --watch/);
  });

  it('that ended early ends early, and says so', async () => {
    const text = unrolled(readFileSync(watch, 'utf8'));
    const cut = rewritten(text, (lines) => lines.slice(0, lines.findLastIndex((line) => line.startsWith('["sleep"'))));
    const { code, report } = await reportOn(['fds', '--from', written('cut-watch.rctl', cut)]);
    expect([1, 3]).toContain(code);
    expect(report.data).toMatchObject({ watch: { samples: samplesOn(text) - 1 } });
    expect(report.coverage).toContainEqual(expect.objectContaining({ source: 'tape', needed: true }));
  });

  it('may be redacted later', async () => {
    const path = join(folder, 'growth.rctl');
    expect((await reloadctl(['record', '--from', watch, '-o', path])).code).toBe(0);
    const [full, redacted] = [await reportOn(['fds', '--from', watch]), await reportOn(['fds', '--from', path])];
    expect(redacted.report.findings.map(({ fingerprint, evidence }) => ({ fingerprint, evidence }))).toEqual(
      full.report.findings.map(({ fingerprint, evidence }) => ({ fingerprint, evidence })),
    );
    expect(readFileSync(path, 'utf8')).not.toMatch(/python3|app-1/);
  });
});

describe('record --from', () => {
  it('takes the names out of a tape, and nothing else', async () => {
    const path = join(folder, 'redacted.rctl');
    const { code, report } = await reportOn(['record', '--from', NEAR, '-o', path]);
    expect(code).toBe(0);
    expect(report.data).toMatchObject({ file: path, redacted: true, open: 119 });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(readFileSync(path, 'utf8')).not.toMatch(/python3|app-1/);
    const [full, redacted] = [await reportOn(['fds', '--from', NEAR]), await reportOn(['fds', '--from', path])];
    expect(redacted.report.findings.map(({ fingerprint, evidence }) => ({ fingerprint, evidence }))).toEqual(
      full.report.findings.map(({ fingerprint, evidence }) => ({ fingerprint, evidence })),
    );
    expect(redacted.report).toMatchObject({ startedAt: full.report.startedAt, durationMs: full.report.durationMs });
  });

  it('keeps a whole tape whole with --full', async () => {
    const path = join(folder, 'copy.rctl');
    await reportOn(['record', '--from', NEAR, '--full', '-o', path]);
    const [full, copy] = [await reportOn(['fds', '--list', '--from', NEAR]), await reportOn(['fds', '--list', '--from', path])];
    expect(copy.report).toEqual(full.report);
  });

  it.each([
    [['1', '--from', NEAR], /leave the target/],
    [['--from', tapeFile('err', 'fd-near-limit'), '--full'], /pseudonyms already/],
  ])('refuses %j', async (args, message) => {
    const { code, stderr } = await reloadctl(['record', ...args, '-o', join(folder, 'refused.rctl')]);
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
  });

  it('may write over its own source', async () => {
    const path = join(folder, 'same.rctl');
    copyFileSync(NEAR, path);
    expect((await reloadctl(['record', '--from', path, '-o', path])).code).toBe(0);
    expect((await reportOn(['fds', '--from', path])).report.data).toMatchObject({ open: 119 });
  });
});
