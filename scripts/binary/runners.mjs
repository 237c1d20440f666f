// The ways in which this machine can run a single file: by itself, by an emulator, in a root folder of another C library.
import { copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { muslRoot } from './musl-root.mjs';
import { run } from './run.mjs';

export const LOADERS = {
  'x86_64 glibc': '/lib64/ld-linux-x86-64.so.2',
  'aarch64 glibc': '/lib/ld-linux-aarch64.so.1',
  'x86_64 musl': '/lib/ld-musl-x86_64.so.1',
  'aarch64 musl': '/lib/ld-musl-aarch64.so.1',
};
/** Of Debian: qemu-user-static and libc6-arm64-cross. */
const QEMU = '/usr/bin/qemu-aarch64-static';
const ARM_LIBRARIES = '/usr/aarch64-linux-gnu';
const QEMU_X64 = '/usr/bin/qemu-x86_64-static';
/** The last processors of servers that had neither AVX nor BMI. */
const OLD_X64 = 'Nehalem';
/** An emulator starts in seconds where the processor takes a hundredth. */
const PATIENCE_MS = 120_000;

/**
 * @typedef {{ how: string, ask: (...args: string[]) => string }} Way `ask` returns what it printed, without blanks around it; throws when it fails
 * @param {string} binary path
 * @param {string} tape path of a file that it is asked about
 * @returns {{ ways: Way[], place: string, end: () => string[] }} `place` of the tape for whom is asked; `end` names files that it left behind
 */
export function waysToRun(target, binary, tape) {
  return needsRoot(target) ? inRoot(target, binary, tape) : inEmptyFolder(target, binary, tape);
}

function needsRoot({ cpu, libc, machine }) {
  if (libc === 'glibc') return false;
  return cpu !== process.arch || !existsSync(LOADERS[`${machine} musl`]) || !hasMuslLibraries();
}

/** A loader of musl alone, as Debian has it, is no Alpine: the C++ library is not there. */
function hasMuslLibraries() {
  return ['/lib', '/usr/lib'].some((folder) => existsSync(folder) && readdirSync(folder).some((name) => name.startsWith('libc.musl-')));
}

function inEmptyFolder({ cpu, libc, machine }, binary, tape) {
  const empty = mkdtempSync(join(tmpdir(), 'reloadctl-empty-'));
  const way = (how, words) => ({ how, ask: (...args) => ask([...words, binary, ...args], empty) });
  const ways = [];
  if (cpu === process.arch && existsSync(LOADERS[`${machine} ${libc}`])) ways.push(way('by this machine', []));
  if (cpu === 'x64' && libc === 'glibc' && process.arch === 'x64' && existsSync(QEMU_X64)) ways.push(way('by qemu as a processor without AVX', [QEMU_X64, '-cpu', OLD_X64]));
  if (cpu === 'arm64' && process.arch !== 'arm64' && libc === 'glibc' && existsSync(QEMU) && existsSync(ARM_LIBRARIES)) ways.push(way('by qemu', [QEMU, '-L', ARM_LIBRARIES]));
  const end = () => {
    const left = readdirSync(empty);
    rmSync(empty, { recursive: true });
    return left;
  };
  return { ways, place: tape, end };
}

/** Throws where there is no such root to be had. */
function inRoot(target, binary, tape) {
  if (process.getuid() !== 0) throw new Error('chroot needs root');
  const isForeign = target.cpu !== process.arch;
  if (isForeign && (target.cpu !== 'arm64' || !existsSync(QEMU))) throw new Error(`${QEMU} is not there`);
  const root = muslRoot(target);
  const copied = [binary, tape, ...(isForeign ? [QEMU] : [])];
  const before = new Set(readdirSync(root));
  for (const path of copied) copyFileSync(path, join(root, basename(path)));
  // What is mounted in a mount namespace of its own goes with it.
  const start = ['unshare', '--mount', '/bin/sh', '-c', 'mount -t proc proc "$0/proc" && exec /usr/sbin/chroot "$0" "$@"', root];
  const words = [...start, ...(isForeign ? [`/${basename(QEMU)}`] : []), `/${basename(binary)}`];
  const end = () => {
    for (const path of copied) rmSync(join(root, basename(path)));
    return readdirSync(root).filter((name) => !before.has(name));
  };
  return { ways: [{ how: isForeign ? 'by qemu in a chroot with musl' : 'in a chroot with musl', ask: (...args) => ask([...words, ...args]) }], place: `/${basename(tape)}`, end };
}

function ask([command, ...rest], cwd) {
  return run(command, rest, { cwd, env: {}, timeout: PATIENCE_MS }).trim();
}
