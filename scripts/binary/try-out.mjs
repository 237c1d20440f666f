// Is a single file what its name says, and does it run?
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './run.mjs';

/** e_machine of ELF (include/uapi/linux/elf-em.h). */
const MACHINES = { 62: 'x86_64', 183: 'aarch64' };
const PT_INTERP = 3;

const LOADERS = {
  'x86_64 glibc': '/lib64/ld-linux-x86-64.so.2',
  'aarch64 glibc': '/lib/ld-linux-aarch64.so.1',
  'x86_64 musl': '/lib/ld-musl-x86_64.so.1',
  'aarch64 musl': '/lib/ld-musl-aarch64.so.1',
};
/** Of Debian: qemu-user-static and libc6-arm64-cross. */
const QEMU = '/usr/bin/qemu-aarch64-static';
const ARM_LIBRARIES = '/usr/aarch64-linux-gnu';

/** Machine and loader as a 64-bit little-endian ELF file tells them. Throws for any other. */
function readElf(path) {
  const file = openSync(path);
  try {
    const read = (position, length) => {
      const bytes = Buffer.alloc(length);
      readSync(file, bytes, 0, length, position);
      return bytes;
    };
    const header = read(0, 64);
    if (header.toString('latin1', 0, 6) !== '\x7fELF\x02\x01') throw new Error(`${path} is no ELF file of 64 bits`);
    const [at, size, count] = [Number(header.readBigUInt64LE(32)), header.readUInt16LE(54), header.readUInt16LE(56)];
    const segments = Array.from({ length: count }, (_none, index) => read(at + index * size, size));
    const interpreter = segments.find((segment) => segment.readUInt32LE(0) === PT_INTERP);
    const loader = interpreter && read(Number(interpreter.readBigUInt64LE(8)), Number(interpreter.readBigUInt64LE(32)) - 1).toString('latin1');
    return { machine: MACHINES[header.readUInt16LE(18)], loader };
  } finally {
    closeSync(file);
  }
}

/** The words before the file with which this machine runs it; undefined when it cannot. */
function runner({ cpu, libc, machine }) {
  if (cpu === process.arch) return existsSync(LOADERS[`${machine} ${libc}`]) && (libc === 'glibc' || hasMuslLibraries()) ? [] : undefined;
  return cpu === 'arm64' && libc === 'glibc' && existsSync(QEMU) && existsSync(ARM_LIBRARIES) ? [QEMU, '-L', ARM_LIBRARIES] : undefined;
}

/** A loader of musl alone, as Debian has it, is no Alpine: the C++ library is not there. */
function hasMuslLibraries() {
  return ['/lib', '/usr/lib'].some((folder) => existsSync(folder) && readdirSync(folder).some((name) => name.startsWith('libc.musl-')));
}

/**
 * Runs it in an empty folder with an empty environment. Throws when it is not what its target says, or does not work.
 * @returns {string} what was done, for people
 */
export function tryOut(target, binary, version) {
  const { machine, libc } = target;
  const elf = readElf(binary);
  if (elf.machine !== machine || elf.loader !== LOADERS[`${machine} ${libc}`]) throw new Error(`${binary} is for ${elf.machine} with ${elf.loader}, not for ${machine} ${libc}`);
  const words = runner(target);
  if (words === undefined) return `for ${machine} ${libc}; not run: this machine cannot`;
  const empty = mkdtempSync(join(tmpdir(), 'reloadctl-empty-'));
  try {
    const [command, ...rest] = [...words, binary];
    const ask = (...args) => run(command, [...rest, ...args], { cwd: empty, env: {}, timeout: 120_000 }).trim();
    const said = ask('--version');
    if (said !== version) throw new Error(`${binary} --version says ${said}, not ${version}`);
    if (!ask('explain', 'fd/near-limit').startsWith('# fd/near-limit')) throw new Error(`${binary} explain fd/near-limit does not`);
    if (readdirSync(empty).length > 0) throw new Error(`${binary} leaves files behind`);
  } finally {
    rmSync(empty, { recursive: true, force: true });
  }
  return `for ${machine} ${libc}; run${words.length > 0 ? ' by qemu' : ''} in an empty folder`;
}
