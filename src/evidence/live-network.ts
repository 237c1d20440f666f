/** The questions about network namespaces and about who holds which socket, on this machine. */
import { readlinkSync } from 'node:fs';
import { answering } from './answering.ts';
import { errnoOf } from './errno.ts';
import type { Native, NativeNetwork } from './native/types.ts';
import { PackedLinks } from './packed-links.ts';
import { listDirectory, packLinks, readLink, readWhole } from './procfs.ts';
import type { Answer, ByteString, Evidence, HoldersFound, NetworkQuestions, SocketHolder } from './types.ts';

/** Descriptors between two chances for a signal to be handled: about 20 ms. */
const CHUNK = 4000;
/** Of fewer each link is read by itself: packing has its own price. */
const WORTH_PACKING = 64;

/** @param native the calls, or null; asked for at the first question that needs them */
export function liveNetwork(world: Pick<Evidence, 'now'>, native: () => Native | null): NetworkQuestions {
  const { answer, ask } = answering(world);
  const call = <T>(source: string, question: (calls: NativeNetwork) => T): Answer<T> => {
    const calls = native()?.network;
    return calls ? ask(source, () => question(calls)) : answer<T>({ errno: 'ENOTSUP' }, source);
  };
  return {
    sockDiagOf: (pid, part) => call(`sock_diag ${part}`, (calls) => calls.sockDiagOf(pid, part)),
    connectionsOf: (pid) => call('sock_diag tcp', (calls) => calls.connectionsOf(pid)),
    heldInodesOf: (pid, protocol) => call(`sock_diag ${protocol}`, (calls) => calls.heldInodesOf(pid, protocol)),
    readAsNetOf: (pid, paths) => {
      if (isOurs(pid)) return paths.map((path) => ask(path, () => readWhole(path)));
      const all = call('setns', (calls) => calls.inNetworkOf(pid, () => paths.map((path) => ask(path, () => readWhole(path)))));
      return all.value ?? paths.map((path) => answer<ByteString>({ errno: all.errno ?? 'EIO' }, path));
    },
    reusesPort: (pid, fd) => call(`pidfd_getfd(${pid}, ${fd})`, (calls) => calls.reusesPort(pid, fd)),
    watchListeners: (pid) => call('sock_diag destroy events', (calls) => calls.watchListeners(pid)),
    holdersOf: async (inodes, signal) => answer({ value: await holdersOf(new Set(inodes.map(Number)), signal) }, '/proc/PID/fd'),
  };
}

/** What cannot be read is asked for as another one, and refused there. */
function isOurs(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/net`) === readlinkSync('/proc/self/ns/net');
  } catch {
    return false;
  }
}

async function holdersOf(inodes: ReadonlySet<number>, signal: AbortSignal | undefined): Promise<HoldersFound> {
  const found: HoldersFound = { holders: [], seen: 0, denied: 0 };
  if (inodes.size === 0) return found;
  let sinceBreak = 0;
  for (const name of listDirectory('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    if (sinceBreak > CHUNK) {
      sinceBreak = 0;
      await new Promise((resolve) => setImmediate(resolve));
      if (signal?.aborted) return { ...found, stopped: true };
    }
    try {
      sinceBreak += addHolders(Number(name), inodes, found.holders);
      found.seen++;
    } catch (error) {
      // What ended meanwhile holds nothing.
      if (!['ENOENT', 'ESRCH'].includes(errnoOf(error))) found.denied++;
    }
  }
  return found;
}

/** CAP_DAC_OVERRIDE, as root has it in containers, lists the numbers of any process; their links want CAP_SYS_PTRACE. */
const REFUSALS: ReadonlySet<string> = new Set(['EACCES', 'EPERM']);

/** @returns how many descriptors the process has @throws with `code` an errno name when they may not be seen */
function addHolders(pid: number, inodes: ReadonlySet<number>, holders: SocketHolder[]): number {
  const directory = `/proc/${pid}/fd`;
  const numbers = listDirectory(directory).map(Number);
  if (numbers.length < WORTH_PACKING) {
    for (const fd of numbers) {
      const link = linkOf(`${directory}/${fd}`);
      const inode = link?.startsWith('socket:[') ? link.slice(8, -1) : undefined;
      if (inode !== undefined && inodes.has(Number(inode))) holders.push({ pid, fd, inode });
    }
    return numbers.length;
  }
  const packed = new PackedLinks(numbers.length);
  const refused = [...packLinks(directory, numbers.sort((a, b) => a - b), packed).values()].find((errno) => REFUSALS.has(errno));
  if (refused !== undefined) throw Object.assign(new Error(`${directory}: ${refused}`), { code: refused });
  for (let index = 0; index < packed.size; index++) {
    const inode = packed.inodeAt(index);
    if (inode !== 0 && inodes.has(inode)) holders.push({ pid, fd: packed.numbers[index]!, inode: String(inode) });
  }
  return numbers.length;
}

/** Undefined for one that was closed meanwhile. @throws when it may not be read */
function linkOf(path: string): ByteString | undefined {
  try {
    return readLink(path);
  } catch (error) {
    if (REFUSALS.has(errnoOf(error))) throw error;
    return undefined;
  }
}
