/** The page that is handed on: what is in it, what is not, and how a browser shows it. */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IncidentData } from '../../src/incident/types.ts';
import type { Report } from '../../src/report/index.ts';
import { type Child, startChild } from './support/child.ts';
import { describeNeeds, need } from './support/need.ts';
import { ownFolder, PYTHON, type RunResult, reloadctl } from './support/program.ts';

const run = promisify(execFile);
const SECRET = 'hunterseven';
/** The name it has is markup, and so is a file of it. */
const NAME = '<b>x</b>';
const PROGRAM = `
import ctypes, socket, sys
ctypes.CDLL(None).prctl(15, b'${NAME}', 0, 0, 0)
folder = sys.argv[1]
held = [open(folder + '/${SECRET}-customers.txt', 'w'), open(folder + '/<script>alert(1)<.txt', 'w')]
unix = socket.socket(socket.AF_UNIX); unix.bind(folder + '/${SECRET}.sock'); unix.listen()
server = socket.socket(); server.bind(('127.0.0.1', 0)); server.listen()
for _ in range(40):
    held.append(socket.create_connection(server.getsockname())); held.append(server.accept()[0])
print('ready', flush=True)
sys.stdin.read()
`;

interface Made {
  html: string;
  file: string;
  named: Report<IncidentData>;
  /** What each of the other runs came to. */
  full: RunResult;
  gone: RunResult;
  refused: RunResult;
  onFullDisk: RunResult | undefined;
  /** A tape, and what is made of it in each format. */
  shared: Map<string, string>;
}

/** All that anybody could be given who is told no names. */
async function makeShared(pid: number, folder: string): Promise<Map<string, string>> {
  const tape = join(folder, 'shared.rctl');
  await reloadctl(['record', String(pid), '-q', '-o', tape], { timeoutMs: 120_000 });
  const files = ['text', 'json', 'ndjson', 'markdown', 'html'].map((format) => [format, join(folder, `shared.${format}`)] as const);
  await reloadctl(['report', '--from', tape, ...files.flatMap(([format, file]) => ['--format', `${format}=${file}`])], { timeoutMs: 120_000 });
  const packed = readFileSync(tape);
  return new Map([['tape', (packed[0] === 0x1f ? gunzipSync(packed) : packed).toString('latin1')], ...files.map(([format, file]) => [format, readFileSync(file, 'latin1')] as const)]);
}

/** Most of a report is waiting: all are made at once. */
async function makeAll(pid: number, folder: string): Promise<Made> {
  const file = join(folder, 'incident.html');
  const report = (target: number, ...args: string[]): Promise<RunResult> => reloadctl(['report', String(target), ...args], { timeoutMs: 120_000 });
  for (const name of ['old.html', 'small/old.html']) if (existsSync(dirname(join(folder, name)))) writeFileSync(join(folder, name), 'old');
  const [page, full, gone, refused, onFullDisk, shared] = await Promise.all([
    report(pid, '--watch', '2s', '--interval', '200ms', '--format', `html=${file}`, '--json'),
    report(pid, '--full', '--format', 'html'),
    report(4_194_303, '--format', `html=${join(folder, 'old.html')}`),
    report(pid, '--format', `html=${join(folder, 'no/such/folder.html')}`),
    existsSync(join(folder, 'small')) ? report(pid, '--format', `html=${join(folder, 'small/old.html')}`) : undefined,
    makeShared(pid, folder),
  ]);
  expect(page.stderr).toBe('');
  return { html: readFileSync(file, 'utf8'), file, named: JSON.parse(page.stdout) as Report<IncidentData>, full, gone, refused, onFullDisk, shared };
}

describeNeeds(['python3'], 'report: the page that is handed on', () => {
  let child: Child;
  let folder: string;
  let made: Made;

  beforeAll(async () => {
    folder = ownFolder('page');
    child = await startChild(PYTHON, ['-c', PROGRAM, folder, `--password=${SECRET}`, `https://${SECRET}.example/x?token=${SECRET}`], { env: { API_TOKEN: SECRET } });
    await child.nextLine();
    if (need('root')) {
      mkdirSync(join(folder, 'small'));
      expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8k', 'none', join(folder, 'small')]).status).toBe(0);
    }
    made = await makeAll(child.pid, folder);
  }, 180_000);

  afterAll(async () => {
    if (existsSync(join(folder, 'small'))) spawnSync('umount', [join(folder, 'small')]);
    await child.stop();
  });

  it('holds no name of the target, and says the same', () => {
    const { html, named } = made;
    expect(JSON.stringify(named)).toContain(SECRET);
    expect(html).not.toMatch(/hunter|customers|<script|alert/i);
    expect(html).not.toContain('not recorded');
    const ids = [...html.matchAll(/<article><h3><span class="(\w+)">[\s\S]*?<span class="dim">([a-z]+\/[a-z-]+)<\/span>/g)].map(([, severity, id]) => `${severity} ${id}`);
    expect(ids).toEqual(named.findings.map(({ id, severity }) => `${severity} ${id}`));
    expect(html).toContain(`${named.data.parts.fds!.open} open of soft limit`);
    expect(html).toMatch(/<polyline class="series"/);
    expect(statSync(made.file).mode & 0o777).toBe(0o600);
  });

  it('nor does a tape, or any format of a report of it', () => {
    for (const [format, text] of made.shared) {
      expect([format, text.length > 1000]).toEqual([format, true]);
      expect([format, /hunter|customers|alert/i.exec(text)?.[0]]).toEqual([format, undefined]);
    }
  });

  it('with --full has the names, as text', () => {
    const { stdout } = made.full;
    expect(stdout).toContain('&lt;b&gt;x&lt;/b&gt;');
    expect(stdout).not.toMatch(/<script|<b>x/);
  });

  it('is not written where it cannot be whole; what stood there stays', () => {
    const { gone, refused, onFullDisk } = made;
    // There is no such process: the page says so.
    expect([gone.code, readFileSync(join(folder, 'old.html'), 'utf8')]).toEqual([3, expect.stringContaining('no such process')]);
    expect([refused.code, existsSync(join(folder, 'no'))]).toEqual([2, false]);
    if (!onFullDisk) return;
    expect([onFullDisk.code, onFullDisk.stderr]).toEqual([2, expect.stringMatching(/old\.html: .*no space left/i)]);
    expect([readFileSync(join(folder, 'small/old.html'), 'utf8'), readdirSync(join(folder, 'small'))]).toEqual(['old', ['old.html']]);
  });

  describe.skipIf(!need('chromium'))('in Chromium', () => {
    const shoot = async (html: string, name: string): Promise<{ dom: string; png: Buffer }> => {
      const page = join(folder, `${name}.html`);
      writeFileSync(page, html);
      const common = ['--headless', '--no-sandbox', '--disable-gpu', `--user-data-dir=${join(folder, `profile-${name}`)}`, '--virtual-time-budget=2000'];
      const picture = join(folder, `${name}.png`);
      const { stdout } = await run('chromium', [...common, `--screenshot=${picture}`, '--window-size=1000,1400', '--dump-dom', `file://${page}`], { maxBuffer: 1 << 26 });
      return { dom: stdout, png: readFileSync(picture) };
    };

    it('is shown: styled, drawn, and nothing of it runs', async () => {
      const hostile = made.html.replace('</h1>', '</h1><p id="planted"></p>').replace('</body>', '<script>document.getElementById("planted").textContent = "RAN"</script><img src="x" onerror="document.body.id=1"></body>');
      const [{ dom, png }, planted] = await Promise.all([shoot(made.html, 'page'), shoot(hostile, 'planted')]);
      expect(dom).toContain('<polyline');
      // The size stands in the header of the picture (PNG, IHDR), and a page that is blank compresses to next to nothing.
      expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([1000, 1400]);
      expect(png.length).toBeGreaterThan(30_000);
      // The policy holds even where markup got in.
      expect(planted.dom).toContain('id="planted"');
      expect(planted.dom).not.toMatch(/RAN<|<body id="1"/);
    });
  });
});
