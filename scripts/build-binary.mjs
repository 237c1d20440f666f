// Makes dist/reloadctl-linux-<arch>: one executable file that needs neither Node nor node_modules. Anew at each call.
// Bun compiles it; that is fetched from the npm registry into fixtures/runtimes/bun, by its lock file, when it is not there.
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ownTarget } from './binary/bun.mjs';
import { compile, copySources } from './binary/compile.mjs';
import { ROOT, readJson, run } from './binary/run.mjs';

const NAME = `reloadctl-linux-${process.arch}`;

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
  const target = ownTarget();
  const work = mkdtempSync(join(tmpdir(), 'reloadctl-build-'));
  try {
    copySources(work);
    const binary = compile(target, work, NAME);
    tryOut(binary, work);
    mkdirSync(join(ROOT, 'dist'), { recursive: true });
    const place = join(ROOT, 'dist', NAME);
    // Renamed into place: whoever runs the old one keeps it.
    const beside = `${place}.${process.pid}`;
    copyFileSync(binary, beside);
    chmodSync(beside, 0o755);
    renameSync(beside, place);
    process.stdout.write(`dist/${NAME} (${Math.round(statSync(place).size / 1024 / 1024)} MiB)\n`);
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
