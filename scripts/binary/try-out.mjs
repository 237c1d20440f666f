// Is a single file what its name says, and does it run?
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './run.mjs';
import { LOADERS, waysToRun } from './runners.mjs';

/** e_machine of ELF (include/uapi/linux/elf-em.h). */
const MACHINES = { 62: 'x86_64', 183: 'aarch64' };
const PT_INTERP = 3;

/** What it must find there. */
const TAPE = join(ROOT, 'fixtures/tapes/full/fd-near-limit.rctl');
const FOUND = 'fd/near-limit';

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

/** Starts, reads what is embedded, analyses a tape, and makes native calls, of which kcmp is one that emulators pass on. */
function check({ how, ask }, tape, version) {
  const said = ask('--version');
  if (said !== version) throw new Error(`--version says ${said}, not ${version} (${how})`);
  if (!ask('explain', FOUND).startsWith(`# ${FOUND}`)) throw new Error(`explain ${FOUND} does not (${how})`);
  const { findings } = JSON.parse(ask('fds', '--from', tape, '--json', '--fail-on', 'never'));
  if (!findings.some(({ id }) => id === FOUND)) throw new Error(`${FOUND} is not found on its tape (${how})`);
  const { data } = JSON.parse(ask('doctor', '--json'));
  const kcmp = data.capabilities.find(({ name }) => name === 'kcmp');
  if (kcmp?.status !== 'ok') throw new Error(`no native calls: ${JSON.stringify(kcmp)} (${how})`);
}

/**
 * Runs it in every way that this machine has, with an empty environment where there is nothing else. Throws when it is not what its target says,
 * or does not work.
 * @returns {string} what was done, for people
 */
export function tryOut(target, binary, version) {
  const { machine, libc } = target;
  const elf = readElf(binary);
  const loader = LOADERS[`${machine} ${libc}`];
  if (elf.machine !== machine || elf.loader !== loader) throw new Error(`${binary} is for ${elf.machine} with ${elf.loader}, not for ${machine} ${libc}`);
  let runs;
  try {
    runs = waysToRun(target, binary, TAPE);
  } catch (error) {
    return `for ${machine} ${libc}; not run: ${error.message.split('\n')[0]}`;
  }
  const { ways, place, end } = runs;
  let left;
  try {
    for (const way of ways) check(way, place, version);
  } finally {
    left = end();
  }
  if (left.length > 0) throw new Error(`${binary} leaves files behind: ${left.join(', ')}`);
  return `for ${machine} ${libc}; ${ways.length === 0 ? 'not run: this machine cannot' : `run ${ways.map(({ how }) => how).join(', and ')}`}`;
}
