// npm run release:dry: everything a release consists of, into release/<version>/, and nothing is published:
//   reloadctl-<version>.tgz                            what npm publish would send
//   reloadctl-<version>-linux-<cpu>[-musl].tar.gz      the single file with its manual pages, completions and licenses
//   SHA256SUMS                                         of all of them
// Each single file is looked at as ELF, and run in the ways that this machine has (scripts/binary/runners.mjs): of other processors and older
// ones with qemu-user-static and the libraries of libc6-arm64-cross, for musl in a chroot, as root, with what apt-get and pip of a Debian
// fetch. What was not run is said.
import { createHash } from 'node:crypto';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TARGETS } from './binary/bun.mjs';
import { compile, copySources } from './binary/compile.mjs';
import { ROOT, readJson, run } from './binary/run.mjs';
import { tryOut } from './binary/try-out.mjs';

const { version } = readJson(join(ROOT, 'package.json'));
const RELEASE = join(ROOT, 'release', version);
const BESIDE = ['LICENSE', 'NOTICE', 'CHANGELOG.md', 'man', 'completions'];

const tell = (text) => process.stdout.write(`${text}\n`);
const mebibytes = (path) => `${(statSync(path).size / 1024 / 1024).toFixed(1)} MiB`;

/** The package as npm would publish it: built anew by its prepare script. */
function packPackage() {
  const said = run('npm', ['pack', '--json', '--pack-destination', RELEASE], { cwd: ROOT, maxBuffer: 1 << 26 });
  // The build tells on stdout, too.
  const [{ filename, entryCount }] = JSON.parse(said.slice(said.indexOf('[\n')));
  tell(`${filename}  ${mebibytes(join(RELEASE, filename))}, ${entryCount} files`);
  return filename;
}

/** One folder in one archive, the same for the same sources. */
function packBinary(target, work) {
  const name = `reloadctl-${version}-linux-${target.cpu}${target.libc === 'musl' ? '-musl' : ''}`;
  const binary = compile(target, work, 'reloadctl');
  const ran = tryOut(target, binary, version);
  const folder = join(work, name);
  mkdirSync(folder);
  renameSync(binary, join(folder, 'reloadctl'));
  for (const path of BESIDE) cpSync(join(ROOT, path), join(folder, path), { recursive: true });
  const archive = `${name}.tar.gz`;
  run('tar', ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=2000-01-01 00:00Z', '-cf', `${name}.tar`, name], { cwd: work });
  run('gzip', ['-9n', `${name}.tar`], { cwd: work });
  copyFileSync(join(work, archive), join(RELEASE, archive));
  rmSync(folder, { recursive: true });
  rmSync(join(work, archive));
  tell(`${archive}  ${mebibytes(join(RELEASE, archive))}, ${ran}`);
  return archive;
}

function sums(files) {
  const lines = files.map((file) => `${createHash('sha256').update(readFileSync(join(RELEASE, file))).digest('hex')}  ${file}\n`);
  writeFileSync(join(RELEASE, 'SHA256SUMS'), lines.join(''));
  run('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: RELEASE });
  tell('SHA256SUMS');
}

function release() {
  rmSync(RELEASE, { recursive: true, force: true });
  mkdirSync(RELEASE, { recursive: true });
  const work = mkdtempSync(join(tmpdir(), 'reloadctl-release-'));
  try {
    copySources(work);
    sums([packPackage(), ...TARGETS.map((target) => packBinary(target, work))]);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  tell(`in ${RELEASE}; nothing was published`);
}

try {
  release();
} catch (error) {
  process.stderr.write(`release:dry: ${error.message}\n`);
  process.exitCode = 1;
}
