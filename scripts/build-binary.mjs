// Makes dist/reloadctl-linux-<arch>: one executable file that needs neither Node nor node_modules. Anew at each call.
// Bun compiles it; that is fetched from the npm registry into fixtures/runtimes/bun, by its lock file, when it is not there.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const BUN_FOLDER = join(ROOT, 'fixtures/runtimes/bun');
const NAME = `reloadctl-linux-${process.arch}`;

/** What the program reads of its own package at run time: packageFile() finds it under the same paths. */
const EMBEDDED = ['package.json', 'schema', 'docs/findings'];
/** Bun keeps the path below the folder of what it is told to embed. */
const ASSETS = ['package.json', 'schema', 'docs'];

const FLAGS = [
  '--compile',
  '--target=bun',
  '--format=esm',
  // Start-up: bytecode is not parsed, and a run loads only the chunks of its command.
  '--bytecode',
  // A look is over before compiled code pays: at Bun's own thresholds a third of the CPU went into threads that compile. (src/evidence/short-run.ts)
  '--compile-jit-policy=20',
  '--splitting',
  '--minify',
  // 1 MB, read only when there is a trace to print: names of files and lines in bug reports.
  '--sourcemap=inline',
  // Whoever runs this as root in a folder of somebody else must not run what lies there.
  '--no-compile-autoload-bunfig',
  '--no-compile-autoload-dotenv',
  '--no-compile-autoload-tsconfig',
  '--no-compile-autoload-package-json',
];

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** Runs a program; on failure throws what it said. */
function run(command, args, options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', ...options });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${error?.message ?? `exit ${status}\n${stdout}${stderr}`}`);
  return stdout;
}

/** Path of the Bun of the lock file, fetched when it is not there or is another one. */
function fetchBun() {
  const cpu = process.arch === 'arm64' ? 'aarch64' : process.arch;
  const libc = process.report.getReport().header.glibcVersionRuntime === undefined ? '-musl' : '';
  const name = `@oven/bun-linux-${cpu}${libc}`;
  const wanted = readJson(join(BUN_FOLDER, 'package.json')).optionalDependencies[name];
  if (process.platform !== 'linux' || wanted === undefined) throw new Error(`there is no Bun to build with for ${process.platform} ${cpu}${libc}`);
  const folder = join(BUN_FOLDER, 'node_modules', name);
  const isThere = () => existsSync(join(folder, 'bin/bun')) && readJson(join(folder, 'package.json')).version === wanted;
  if (!isThere()) {
    process.stderr.write(`fetching ${name} ${wanted}\n`);
    run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: BUN_FOLDER });
    if (!isThere()) throw new Error(`npm ci in ${BUN_FOLDER} did not bring ${name} ${wanted}`);
  }
  return join(folder, 'bin/bun');
}

/**
 * Compiles a copy in `work`: Bun leaves its temporary files in the working directory, reads settings there, and traces name
 * files relative to it.
 */
function compile(bun, work) {
  for (const path of [...EMBEDDED, 'src']) cpSync(join(ROOT, path), join(work, path), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(work, 'node_modules'));
  const assets = ASSETS.map((path) => `--asset=${path}`);
  run(bun, ['build', ...FLAGS, ...assets, `--outfile=${NAME}`, 'src/single-file.ts'], { cwd: work });
  return join(work, NAME);
}

/** Does it run where there is nothing: no files, no PATH? */
function tryOut(binary, work) {
  const empty = join(work, 'empty');
  mkdirSync(empty);
  const { version } = readJson(join(ROOT, 'package.json'));
  const said = run(binary, ['--version'], { cwd: empty, env: {} }).trim();
  if (said !== version) throw new Error(`${NAME} --version says ${said}, not ${version}`);
  run(binary, ['explain'], { cwd: empty, env: {} });
}

function build() {
  const bun = fetchBun();
  const work = mkdtempSync(join(tmpdir(), 'reloadctl-build-'));
  try {
    const binary = compile(bun, work);
    tryOut(binary, work);
    mkdirSync(join(ROOT, 'dist'), { recursive: true });
    const target = join(ROOT, 'dist', NAME);
    // Renamed into place: whoever runs the old one keeps it.
    const beside = `${target}.${process.pid}`;
    copyFileSync(binary, beside);
    chmodSync(beside, 0o755);
    renameSync(beside, target);
    process.stdout.write(`dist/${NAME} (${Math.round(statSync(target).size / 1024 / 1024)} MiB)\n`);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

try {
  build();
} catch (error) {
  process.stderr.write(`build:binary: ${error.message}\n`);
  process.exitCode = 1;
}
