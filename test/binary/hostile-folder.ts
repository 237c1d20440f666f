/** Root runs the single file in a folder of somebody else: nothing that lies there is run or obeyed. */
import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, expect, it } from 'vitest';
import { ownFolder, startFactory } from '../live/support/program.ts';
import { timeless } from './support/same.ts';
import { alone, describeSingleFile } from './support/single-file.ts';

const MODULES = ['commander', 'execa', 'chalk', 'cli-table3', 'koffi', 'systeminformation'];
const LIBRARIES = ['libc.so.6', 'libc.so', 'libc.musl-x86_64.so.1', 'libc.musl-aarch64.so.1'];
const PROGRAMS = ['cat', 'stat', 'sh', 'bun', 'node', 'lsb_release', 'hostname', 'uname'];

let folder = '';
/** Made by whatever runs. */
let marker = '';

beforeEach(() => {
  folder = ownFolder('hostile');
  marker = join(ownFolder('marker'), 'ran');
  const evil = `require('node:fs').writeFileSync(${JSON.stringify(marker)}, '');`;
  const files: Record<string, string> = {
    'bunfig.toml': 'preload = ["./evil.cjs"]\n[run]\nbun = true\n[test]\npreload = ["./evil.cjs"]\n[define]\n"process.env.TERM" = "\'evil\'"\n',
    '.env': 'RELOADCTL_NO_NATIVE=1\nFORCE_COLOR=1\nTMPDIR=/nonexistent\nBUN_OPTIONS=--preload=./evil.cjs\nNODE_OPTIONS=--require=./evil.cjs\n',
    'tsconfig.json': JSON.stringify({ compilerOptions: { baseUrl: '.', paths: { '*': ['./evil.cjs'], 'node:*': ['./evil.cjs'] } } }),
    'package.json': JSON.stringify({ name: 'reloadctl', version: '6.6.6', type: 'commonjs', imports: { '#*': './evil.cjs' }, exports: './evil.cjs' }),
    'evil.cjs': evil,
    'docs/findings/fd-near-limit.md': '# fd/evil: evil\n',
    'schema/report.schema.json': '{"evil": true}',
    'dist/demo-server.js': evil,
    'dist/demo-machine.js': evil,
  };
  for (const name of ['.env.local', '.env.production', '.env.production.local', '.env.development']) files[name] = files['.env']!;
  for (const name of MODULES) files[`node_modules/${name}/index.js`] = evil;
  for (const name of LIBRARIES) files[name] = 'no library';
  for (const name of PROGRAMS) files[name] = `#!/bin/sh\n: > '${marker}'\n`;
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  for (const name of PROGRAMS) chmodSync(join(folder, name), 0o755);
});

describeSingleFile('the single file in a hostile folder', () => {
  it('lies in wait for a Bun that would obey: the trap works', async () => {
    await alone(['run', './evil.cjs'], { cwd: folder, env: { BUN_BE_BUN: '1' } });
    expect(existsSync(marker)).toBe(true);
  });

  it('preloads for a Bun that reads its settings: the trap works', async () => {
    writeFileSync(join(folder, 'mild.cjs'), '');
    await alone(['run', './mild.cjs'], { cwd: folder, env: { BUN_BE_BUN: '1' } });
    expect(existsSync(marker)).toBe(true);
  });

  it.each([[['--version']], [['--help']], [['explain']], [['explain', 'fd/near-limit']], [['schema']], [['schema', 'fds']]])(
    'prints the same as anywhere: %j',
    async (args) => {
      const here = await alone(args, { cwd: folder, env: { PATH: folder } });
      expect(here).toEqual(await alone(args));
      expect(existsSync(marker)).toBe(false);
    },
  );

  it('sees the same as anywhere', async () => {
    const { pid, stop } = await startFactory(['files=5', 'established=3', 'stale-epoll-eventfd=1', 'deleted=1:size=4096']);
    const args = ['fds', pid, '--list', '--json'];
    const here = await alone(args, { cwd: folder, env: { PATH: folder } });
    const elsewhere = await alone(args);
    expect([here.code, here.stderr]).toEqual([elsewhere.code, elsewhere.stderr]);
    expect(timeless(here.stdout)).toEqual(timeless(elsewhere.stdout));
    expect(existsSync(marker)).toBe(false);
    await stop();
  });

  it('finds the host as it is, native calls too', async () => {
    const here = await alone(['doctor', '--json'], { cwd: folder, env: { PATH: folder } });
    const { data } = JSON.parse(here.stdout) as { data: { capabilities: { name: string; status: string }[] } };
    const status = new Map(data.capabilities.map((row) => [row.name, row.status]));
    for (const name of ['sock_diag', 'kcmp', 'pidfd_getfd', 'cat and stat']) expect([name, status.get(name)]).toEqual([name, 'ok']);
    expect(existsSync(marker)).toBe(false);
  });

  it('shows its own demo, and the folder stays as it was', async () => {
    const before = readdirSync(folder, { recursive: true }).sort();
    const temporary = ownFolder('demo');
    const { code } = await alone(['demo', '--json'], { cwd: folder, env: { PATH: folder, TMPDIR: temporary } });
    expect(code).toBe(0);
    expect(readdirSync(temporary)).toEqual([]);
    expect(readdirSync(folder, { recursive: true }).sort()).toEqual(before);
    expect(existsSync(marker)).toBe(false);
  });
});
