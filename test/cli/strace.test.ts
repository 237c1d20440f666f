/** `reloadctl strace` as a program: what it refuses, what it reads, what it writes. */
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Report } from '../../src/report/types.ts';
import type { StraceData } from '../../src/strace/data.ts';
import { compileSchema } from '../schema/support.ts';
import { need } from '../live/support/need.ts';
import { ownFolder, reloadctl, type RunOptions } from '../live/support/program.ts';

const LEAK = join(import.meta.dirname, '../../fixtures/strace/err/strace-leak.strace');
const ENTRY = join(import.meta.dirname, '../../bin/reloadctl.js');
const validate = compileSchema();

function fileWith(content: string | Buffer, name = 'app.strace'): string {
  const file = join(ownFolder('strace'), name);
  writeFileSync(file, content, typeof content === 'string' ? 'latin1' : undefined);
  return file;
}

/** By the program of that name: the oldest Node has no zstd. */
function zstdOf(text: Buffer): Buffer {
  const { stdout, status } = spawnSync('zstd', ['-q', '-c'], { input: text, maxBuffer: 1 << 30 });
  expect(status).toBe(0);
  return stdout;
}

async function reportOf(args: string[], options: RunOptions = {}): Promise<Report<StraceData>> {
  const run = await reloadctl(['strace', ...args, '--json'], options);
  expect(run.stdout, run.stderr).toMatch(/^\{/);
  const report = JSON.parse(run.stdout) as Report<StraceData>;
  validate(report);
  expect(validate.errors).toBeNull();
  return report;
}

describe('what is no log of strace', () => {
  it.each([
    ['an empty file', '', 'is empty'],
    ['a binary', Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0, 1, 2, 0, 0, 3]), 'is not text'],
    ['plain words', 'hello\nworld\n', 'no line of strace'],
    ['ltrace -S', 'SYS_openat(0xffffff9c, 0x7f, 0x80000, 0) = 3\nSYS_close(3) = 0\n', 'a log of ltrace'],
    ['perf trace', '     0.000 ( 0.004 ms): cat/5 openat(dfd: CWD, filename: 0x7f, flags: RDONLY|CLOEXEC) = 3\n     0.010 ( 0.001 ms): cat/5 close(fd: 3) = 0\n', 'a log of perf trace'],
    ['truss', 'open("/a", 0, 01)\t\tErr#2 ENOENT\nopen("/b", 0, 01)\t\tErr#2 ENOENT\n', 'truss'],
    ['truss of FreeBSD', 'mmap(0x0,139264,PROT_READ,MAP_ANON,-1,0x0) = 34366 (0x8008)\nopen("/etc/x",O_RDONLY,00) = 3 (0x3)\nclose(3) = 0 (0x0)\n', 'truss'],
    ['ltrace', 'malloc(10) = 0x1234\nstrlen("abc") = 3\n+++ exited (status 0) +++\n', 'a log of ltrace'],
    ['a summary', '% time     seconds  usecs/call     calls    errors syscall\n------ ----------- ----------- --------- --------- ----------------\n 29.38    0.000547          18        30           mmap\n', 'a summary of strace -c'],
    ['damaged gzip', Buffer.concat([gzipSync('close(3) = 0\n').subarray(0, 14), Buffer.from('xxxxxxxxxxxxxxxxxxxx')]), 'damaged'],
  ])('%s', async (_name, content, message) => {
    const run = await reloadctl(['strace', fileWith(content)]);
    expect(run.stderr).toContain(message);
    expect([run.code, run.stdout]).toEqual([2, '']);
  });

  it('names of files and numbers that are none', async () => {
    expect(await reloadctl(['strace', '/nonexistent/log'])).toMatchObject({ code: 2, stderr: expect.stringContaining('no such file') });
    expect(await reloadctl(['strace', '/tmp'])).toMatchObject({ code: 2, stderr: expect.stringContaining('is a directory') });
    expect(await reloadctl(['strace', LEAK, '--fd', '3'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--pid') });
    expect(await reloadctl(['strace', LEAK, '--at', 'noon'])).toMatchObject({ code: 2, stderr: expect.stringContaining('no moment') });
    expect(await reloadctl(['strace', LEAK, '--at', 'line:0'])).toMatchObject({ code: 2, stderr: expect.stringContaining('counted from 1') });
    expect(await reloadctl(['strace', LEAK, '--pid', '42'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--tables') });
  });
});

describe('a log', () => {
  it('of whole seconds lasts no 0 ms', async () => {
    const { stdout } = await reloadctl(['strace', fileWith('7 12:00:00 close(3) = 0\n7 12:00:00 close(4) = 0\n')]);
    expect(stdout).toContain('2 lines within a second');
  });

  it('is read from a file, packed, and from stdin, with the same result', async () => {
    const text = readFileSync(LEAK);
    const plain = await reportOf([LEAK]);
    expect(plain.data.sites[0]).toMatchObject({ opened: 300, closed: 270, open: 30 });
    expect(plain.findings.map(({ id, severity }) => [id, severity])).toEqual([['strace/leak', 'warning']]);
    for (const report of [await reportOf([fileWith(gzipSync(text), 'a.gz')]), await reportOf(['-'], { input: text.toString() })]) {
      expect(report.data.sites.map(({ site, open }) => [site, open])).toEqual(plain.data.sites.map(({ site, open }) => [site, open]));
      expect(report.data.lines).toBe(plain.data.lines);
    }
  });

  it('fails a run when asked to', async () => {
    expect((await reloadctl(['strace', LEAK, '--fail-on', 'warning'])).code).toBe(1);
    expect((await reloadctl(['strace', LEAK])).code).toBe(0);
  });

  it('may have a line of 100 MB', async () => {
    const file = fileWith(`5 execve("/bin/a", ["a"], 0x7) = 0\n5 write(1, "${'x'.repeat(100_000_000)}", 100000000) = 100000000\n5 openat(AT_FDCWD, "/a", O_RDONLY) = 3\n`);
    const report = await reportOf([file, '--tables']);
    expect(report.data.tables![0]!.fds.map(({ fd }) => fd)).toEqual([0, 1, 2, 3]);
    expect(report.data.unclassified).toBe(0);
  });

  it('of a set may be missing: the rest is read, and the gap is told', async () => {
    const report = await reportOf([LEAK, '/nonexistent/log.5']);
    expect(report.coverage.find(({ source }) => source === '/nonexistent/log.5')?.status).toBe('absent');
    expect(report.verdict).toBe('inconclusive');
  });

  it('gives every step as NDJSON, and lives for Perfetto', async () => {
    const folder = ownFolder('strace');
    const [events, trace] = [join(folder, 'e.ndjson'), join(folder, 't.json')];
    await reportOf([LEAK, '--events', events, '--trace', trace]);
    const lines = readFileSync(events, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as { type: string; events?: number });
    expect(lines.filter(({ type }) => type === 'open')).toHaveLength(300);
    expect(lines.filter(({ type }) => type === 'close')).toHaveLength(270);
    expect(lines.at(-1)).toEqual({ type: 'end', complete: true, events: lines.length - 2 });
    const { traceEvents } = JSON.parse(readFileSync(trace, 'utf8')) as { traceEvents: { ph: string }[] };
    expect(traceEvents.filter(({ ph }) => ph === 'b').length).toBeGreaterThanOrEqual(300);
  });

  it('that cannot be written out says so', async () => {
    expect(await reloadctl(['strace', LEAK, '--events', '/dev/full'])).toMatchObject({ code: 2, stderr: expect.stringContaining('cannot be written: no space left on its device (ENOSPC)') });
  });

  it('keeps what was written and sent to itself', async () => {
    const secret = 'hunter2';
    const file = fileWith(`5 execve("/bin/a", ["a", "--token=${secret}"], ["PASSWORD=${secret}"]) = 0\n5 socket(AF_INET, SOCK_STREAM, 0) = 3\n5 connect(3, {sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("198.51.100.7")}, 16) = 0\n5 write(3, "${secret}", 7) = 7\n`);
    const run = await reloadctl(['strace', file, '--json', '--tables']);
    expect(run.stdout).not.toContain(secret);
    expect(run.stdout).not.toContain('198.51.100.7');
    expect(run.stdout).toContain('public:443');
    expect((await reloadctl(['strace', file, '--json', '--tables', '--full'])).stdout).toContain('198.51.100.7:443');
  });

  it('that is not over when Ctrl-C comes is told as far as it was read', async () => {
    const child = spawn(process.execPath, [ENTRY, 'strace', '-', '--json'], { stdio: ['pipe', 'pipe', 'inherit'] });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    // More than fits into any pipe: what was written was read.
    const text = '5 openat(AT_FDCWD, "/a", O_RDONLY) = 3\n5 close(3) = 0\n'.repeat(2000);
    let writes = 0;
    const feed = (): void => {
      if (++writes === 40) child.kill('SIGINT');
      if (child.exitCode === null && child.stdin.writable) child.stdin.write(text, () => setImmediate(feed));
    };
    child.stdin.on('error', () => undefined);
    feed();
    expect(await ended).toBe(130);
    const report = JSON.parse(stdout) as Report<StraceData>;
    expect(report.data.sites).toMatchObject([{ site: 'openat /a' }]);
    expect(report.coverage[0]).toMatchObject({ status: 'partial' });
  });

  it('that waits for stdin ends with Ctrl-C, told as far as it was read', async () => {
    const child = spawn(process.execPath, [ENTRY, 'strace', '-', '--json'], { stdio: ['pipe', 'pipe', 'inherit'] });
    let stdout = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
    // More than fits into any pipe: when it is taken, it is being read. Nothing comes after it, and stdin stays open.
    child.stdin.write('5 openat(AT_FDCWD, "/a", O_RDONLY) = 3\n5 close(3) = 0\n'.repeat(20_000), () => child.kill('SIGINT'));
    expect(await ended).toBe(130);
    const { data, coverage } = JSON.parse(stdout) as Report<StraceData>;
    expect(data.sites).toMatchObject([{ site: 'openat /a' }]);
    expect(coverage[0]).toMatchObject({ status: 'partial' });
  });

  it.skipIf(!need('zstd'))('packed by zstd is read, by this Node or by the library', async () => {
    const file = fileWith(zstdOf(readFileSync(LEAK)), 'a.zst');
    expect((await reportOf([file])).data.sites[0]).toMatchObject({ opened: 300, closed: 270, open: 30 });
  });

  it.skipIf(!need('zstd')).each(['gz', 'zst'])('that is packed (.%s) and cut is told as far as it goes', async (kind) => {
    const text = Array.from({ length: 20_000 }, (_, n) => `5 openat(AT_FDCWD, "/a${(n * 7919) % 10_007}", O_RDONLY) = 3\n5 close(3) = 0\n`).join('');
    const packed = kind === 'gz' ? gzipSync(text) : zstdOf(Buffer.from(text));
    const run = await reloadctl(['strace', fileWith(packed.subarray(0, Math.floor(packed.length / 2)), `a.${kind}`), '--json']);
    const report = JSON.parse(run.stdout) as Report<StraceData>;
    expect([run.code, report.verdict]).toEqual([3, 'inconclusive']);
    expect(report.data.lines).toBeGreaterThan(5_000);
    expect(report.data.lines).toBeLessThan(40_000);
    expect(report.coverage.find(({ needed }) => needed)).toMatchObject({ status: 'partial', detail: expect.stringContaining('is cut') });
  });

  it('gives its steps on stdout, and its report on stderr then', async () => {
    const run = await reloadctl(['strace', LEAK, '--events', '-']);
    const lines = run.stdout.trimEnd().split('\n').map((line) => JSON.parse(line) as { type: string });
    expect([lines[0]!.type, lines.at(-1)!.type]).toEqual(['start', 'end']);
    expect(run.stderr).toContain('leaves open');
    expect(await reloadctl(['strace', LEAK, '--events', '-', '--json'])).toMatchObject({ code: 2, stderr: expect.stringContaining('both want stdout') });
  });

  it('shows no abstract name of a socket, in no output', async () => {
    const events = join(ownFolder('strace'), 'e.ndjson');
    const file = fileWith('5 execve("/bin/a", ["a"], 0x7) = 0\n5 socket(AF_UNIX, SOCK_STREAM, 0) = 3\n5 bind(3, {sa_family=AF_UNIX, sun_path=@"hunter2"}, 10) = 0\n5 listen(3, 1) = 0\n5 accept(3, {sa_family=AF_UNIX, sun_path=@"hunter3"}, [10]) = 4\n5 read(4<UNIX-STREAM:[5->6,@"hunter2"]>, "", 1) = 0\n');
    const run = await reloadctl(['strace', file, '--json', '--tables', '--events', events]);
    expect(run.stdout + readFileSync(events, 'utf8')).not.toContain('hunter');
    expect(run.stdout).toContain('@abstract-1');
  });

  it('is compared with another by site', async () => {
    const folder = ownFolder('strace');
    const [a, b] = [join(folder, 'a.json'), join(folder, 'b.json')];
    await reloadctl(['strace', LEAK.replace('/err/', '/ok/'), '--format', `json=${a}`]);
    await reloadctl(['strace', LEAK, '--format', `json=${b}`]);
    const run = await reloadctl(['diff', a, b, '--json']);
    const { data } = JSON.parse(run.stdout) as Report<{ groups: { key: string; delta: number }[] }>;
    expect(data.groups.find(({ key }) => key === 'openat /etc/hostname')?.delta).toBe(30);
    // The logs themselves do as well.
    const direct = await reloadctl(['diff', LEAK.replace('/err/', '/ok/'), LEAK, '--json']);
    expect((JSON.parse(direct.stdout) as Report<unknown>).data).toMatchObject({ command: 'strace', groups: data.groups });
    expect((JSON.parse(direct.stdout) as Report<unknown>).findings.map(({ id }) => id)).toEqual(['strace/leak']);
  });

  it('that leaks twice as much as the one before is worse', async () => {
    const leaking = (every: number): string => fileWith(Array.from({ length: 300 }, (_, n) => {
      const at = `00:00:${String(Math.floor(n / 10)).padStart(2, '0')}.${String((n % 10) * 100_000).padStart(6, '0')}`;
      const fd = 3 + Math.ceil(n / every);
      return `5 ${at} openat(AT_FDCWD, "/a", O_RDONLY) = ${fd}\n${n % every === 0 ? '' : `5 ${at} close(${fd}) = 0\n`}`;
    }).join(''));
    const run = await reloadctl(['diff', leaking(10), leaking(5)]);
    expect(run.stdout).toMatch(/^WARNING {2}.*60 open at the end of the log/);
    expect((await reloadctl(['diff', leaking(10), leaking(10)])).stdout).toMatch(/^OK/);
  });
});
