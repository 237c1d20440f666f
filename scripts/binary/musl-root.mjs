// A root folder with what a single file for musl needs, where Alpine is not at hand: musl itself of Debian 13, the C++ library as Alpine
// compiles it, which packages of Python for musl carry. Fetched by apt-get and pip into release/cache, and kept there.
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, run } from './run.mjs';

const CACHE = join(ROOT, 'release/cache');
/** Its wheels for musl hold libstdc++ and libgcc_s of GCC 13; by the digests of PyPI. */
const CARRIER = 'kiwisolver==1.4.7';
const DIGESTS = {
  x64: '90da3b5f694b85231cf93586dad5e90e2d71b9428f9aad96952c99055582f520',
  arm64: '4e77f2126c3e0b0d055f44513ed349038ac180371ed9b52fe96a32aa071a5107',
};
/** musl of Debian 12 does not know DT_RELR, which the libraries of Alpine use. */
const SUITE = 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie main\n';

/** Settings of an apt of its own: of one suite and one processor, which leaves that of this machine as it is. */
function aptOptions(work, cpu) {
  for (const name of ['lists/partial', 'cache/archives/partial']) mkdirSync(join(work, name), { recursive: true });
  writeFileSync(join(work, 'sources.list'), SUITE);
  const architecture = cpu === 'x64' ? 'amd64' : cpu;
  const settings = { 'Dir::Etc::sourcelist': join(work, 'sources.list'), 'Dir::Etc::sourceparts': '/dev/null', 'Dir::State': work, 'Dir::State::status': '/dev/null', 'Dir::Cache': join(work, 'cache'), 'APT::Architecture': architecture, 'APT::Architectures': architecture, 'APT::Sandbox::User': 'root' };
  return Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
}

/** @returns {string} path of musl, which is its own loader */
function fetchMusl(work, cpu) {
  const options = aptOptions(work, cpu);
  run('apt-get', ['-qq', ...options, 'update'], { cwd: work });
  run('apt-get', ['-qq', ...options, 'download', 'musl'], { cwd: work });
  const archive = readdirSync(work).find((name) => name.endsWith('.deb'));
  run('dpkg-deb', ['-x', archive, 'musl'], { cwd: work });
  const path = readdirSync(join(work, 'musl'), { recursive: true }).find((name) => name.endsWith('-linux-musl/libc.so'));
  return join(work, 'musl', path);
}

/** @returns {string} folder with libstdc++ and libgcc_s */
function fetchLibraries(work, { cpu, machine }) {
  writeFileSync(join(work, 'wanted.txt'), `${CARRIER} --hash=sha256:${DIGESTS[cpu]}\n`);
  run('python3', ['-m', 'pip', 'download', '--quiet', '--disable-pip-version-check', '--require-hashes', '--no-deps', '--only-binary=:all:', '--python-version=312', `--platform=musllinux_1_2_${machine}`, '--requirement=wanted.txt'], { cwd: work });
  const wheel = readdirSync(work).find((name) => name.endsWith('.whl'));
  run('python3', ['-m', 'zipfile', '-e', wheel, 'wheel'], { cwd: work });
  return join(work, 'wheel/kiwisolver.libs');
}

/**
 * Throws where apt-get of Debian, pip or the network are not there.
 * @returns {string} path of the root, with folders proc and dev in which something may be mounted
 */
export function muslRoot(target) {
  const { cpu, machine } = target;
  const root = join(CACHE, `musl-${cpu}`);
  if (existsSync(root)) return root;
  mkdirSync(CACHE, { recursive: true });
  const work = mkdtempSync(join(CACHE, 'work-'));
  try {
    const made = join(work, 'root');
    for (const name of ['lib', 'proc', 'dev']) mkdirSync(join(made, name), { recursive: true });
    copyFileSync(fetchMusl(work, cpu), join(made, `lib/ld-musl-${machine}.so.1`));
    symlinkSync(`ld-musl-${machine}.so.1`, join(made, `lib/libc.musl-${machine}.so.1`));
    const libraries = fetchLibraries(work, target);
    for (const name of readdirSync(libraries)) copyFileSync(join(libraries, name), join(made, 'lib', name.startsWith('libstdc++') ? 'libstdc++.so.6' : name));
    renameSync(made, root);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return root;
}
