// The Bun that single files are made with and of, by the lock file of fixtures/runtimes/bun; fetched when it is not there.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, readJson, run } from './run.mjs';

const FOLDER = join(ROOT, 'fixtures/runtimes/bun');
/** Of targets that this machine cannot run, whose packages npm would not install. */
const CACHE = join(ROOT, 'release/cache');

/** What a single file is made for. `cpu` as npm and Node name it, `machine` as ELF and Bun's packages do. */
export const TARGETS = [
  { cpu: 'x64', libc: 'glibc', machine: 'x86_64', package: '@oven/bun-linux-x64', bun: 'bun-linux-x64' },
  { cpu: 'arm64', libc: 'glibc', machine: 'aarch64', package: '@oven/bun-linux-aarch64', bun: 'bun-linux-arm64' },
  { cpu: 'x64', libc: 'musl', machine: 'x86_64', package: '@oven/bun-linux-x64-musl', bun: 'bun-linux-x64-musl' },
  { cpu: 'arm64', libc: 'musl', machine: 'aarch64', package: '@oven/bun-linux-aarch64-musl', bun: 'bun-linux-arm64-musl' },
];

/** The target that this machine is. Throws where there is no Bun for it. */
export function ownTarget() {
  const libc = process.report.getReport().header.glibcVersionRuntime === undefined ? 'musl' : 'glibc';
  const target = TARGETS.find((one) => one.cpu === process.arch && one.libc === libc);
  if (process.platform !== 'linux' || !target) throw new Error(`there is no Bun to build with for ${process.platform} ${process.arch} ${libc}`);
  return target;
}

/** Path of the Bun of this machine, fetched when it is not there or is another one. */
export function ownBun() {
  const { package: name } = ownTarget();
  const wanted = versionOf(name);
  if (installed(name) !== wanted) {
    process.stderr.write(`fetching ${name} ${wanted}\n`);
    run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: FOLDER });
    if (installed(name) !== wanted) throw new Error(`npm ci in ${FOLDER} did not bring ${name} ${wanted}`);
  }
  return join(FOLDER, 'node_modules', name, 'bin/bun');
}

/** Path of the Bun that a target runs: held against the digest of the lock file. */
export function bunFor(target) {
  const { package: name } = target;
  if (name === ownTarget().package) return ownBun();
  const wanted = versionOf(name);
  const folder = join(CACHE, `${name.replace('@oven/', '')}-${wanted}`);
  const path = join(folder, 'package/bin/bun');
  if (existsSync(path)) return path;
  process.stderr.write(`fetching ${name} ${wanted}\n`);
  mkdirSync(folder, { recursive: true });
  const [{ filename }] = JSON.parse(run('npm', ['pack', '--json', `${name}@${wanted}`], { cwd: folder, maxBuffer: 1 << 26 }));
  const archive = join(folder, filename);
  const digest = `sha512-${createHash('sha512').update(readFileSync(archive)).digest('base64')}`;
  const { integrity } = readJson(join(FOLDER, 'package-lock.json')).packages[`node_modules/${name}`];
  if (digest !== integrity) {
    rmSync(folder, { recursive: true });
    throw new Error(`${name} ${wanted} is not what the lock file has: ${digest}, not ${integrity}`);
  }
  run('tar', ['xzf', archive], { cwd: folder });
  rmSync(archive);
  return path;
}

function versionOf(name) {
  return readJson(join(FOLDER, 'package.json')).optionalDependencies[name];
}

function installed(name) {
  const folder = join(FOLDER, 'node_modules', name);
  return existsSync(join(folder, 'bin/bun')) ? readJson(join(folder, 'package.json')).version : undefined;
}
