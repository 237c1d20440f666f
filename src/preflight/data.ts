/** `data` of the report: the part scripts read. Add keys, never change them. */
import { decodeText } from '../kernel/text.ts';
import type { Binary, Delivery, PreflightLook, Room, Swap } from './model.ts';

export interface PreflightData {
  pid: number | null;
  /** Of the whole generation. */
  processes: number[];
  /** A program whose way of reloading is known; null: it is not. */
  program: string | null;
  signal: SignalRow | null;
  /** `exec`: it starts a program file; `fork`: new processes of what runs; `within`: neither; null: not known. */
  effect: 'exec' | 'fork' | 'within' | null;
  binary: BinaryRow | null;
  room: RoomRow[];
  pidFiles: { path: string; pid: number | null; matches: boolean; oldbin: number | null }[];
  locks: { path: string; kind: string; write: boolean; pid: number; alive: boolean }[];
  /** TCP listeners of the generation: a backlog made anew is at most `somaxconn`. */
  backlogs: { address: string; port: number; queue: number; backlog: number; somaxconn: number }[];
  /** With --replace. */
  swap?: SwapRow;
}

export interface SwapRow {
  file: string;
  /** What would be replaced, without symbolic links; those that lead there. */
  target: string;
  links: { path: string; to: string }[];
  /** A rename would be one step. null: not known. */
  sameFilesystem: boolean | null;
  exists: boolean;
  regular: boolean | null;
  executable: boolean | null;
  size: number | null;
  /** Of the mount of the target. */
  noexec: boolean | null;
  /** Both are one file. */
  alreadyThere: boolean | null;
  /** Who has the file open for writing. */
  writers: number[];
}

export interface SignalRow {
  name: string;
  number: number;
  caught: boolean;
  ignored: boolean;
  /** At every look, by every thread. */
  blocked: boolean;
  threads: number;
  readBy: 'signalfd' | 'sigwait' | null;
  /** Of a Go program: it asks for it (signal.Notify). Absent: not known. */
  asked?: boolean;
  /** What the kernel does with it where there is no handler. */
  defaultAction: Delivery['action'];
}

export interface BinaryRow {
  argument: string | null;
  by: Binary['by'];
  /** Without symbolic links; null: nothing is there. */
  path: string | null;
  exe: string | null;
  /** null: not known. */
  sameAsRunning: boolean | null;
  executable: boolean | null;
  inPath: string | null;
}

export type RoomRow = Pick<Room, 'resource' | 'used' | 'limit' | 'left' | 'need' | 'source'>;

const textOf = (bytes: string | undefined): string | null => (bytes === undefined ? null : decodeText(bytes).text);

export function emptyData(): PreflightData {
  return { pid: null, processes: [], program: null, signal: null, effect: null, binary: null, room: [], pidFiles: [], locks: [], backlogs: [] };
}

export function buildData(look: PreflightLook): PreflightData {
  const { process, pids, program, delivery, effect, binary, room, pidFiles, locks, backlogs, swap } = look;
  return {
    pid: process.pid,
    processes: pids,
    program: program?.name ?? null,
    signal: delivery ? signalRow(delivery) : null,
    effect: effect ?? null,
    binary: {
      argument: textOf(binary.argument),
      by: binary.by,
      path: binary.found?.stat ? textOf(binary.found.path) : null,
      exe: textOf(binary.exe),
      sameAsRunning: binary.same ?? null,
      executable: binary.executable ?? null,
      inPath: textOf(binary.inPath),
    },
    room: room.map(({ resource, used, limit, left, need, source }) => ({ resource, used, limit, left, need, source })),
    pidFiles: pidFiles.map(({ path, pid, matches, oldbin }) => ({ path, pid, matches, oldbin: oldbin ?? null })),
    locks: locks.map(({ path, kind, write, pid, alive }) => ({ path: textOf(path)!, kind, write, pid, alive })),
    backlogs,
    ...(swap && { swap: swapRow(swap) }),
  };
}

function swapRow({ file, target, found, links, sameFilesystem, regular, executable, size, noexec, alreadyThere, writers }: Swap): SwapRow {
  return {
    file: textOf(file)!,
    target: textOf(target)!,
    links: links.map(({ path, to }) => ({ path: textOf(path)!, to: textOf(to)! })),
    sameFilesystem: sameFilesystem ?? null,
    exists: found.stat !== undefined,
    regular: regular ?? null,
    executable: executable ?? null,
    size: size ?? null,
    noexec: noexec ?? null,
    alreadyThere: alreadyThere ?? null,
    writers,
  };
}

function signalRow({ name, number, caught, ignored, blockedLooks, looks, threads, readBy, action, asked }: Delivery): SignalRow {
  const reader = readBy === undefined ? null : 'fd' in readBy ? 'signalfd' : 'sigwait';
  return { name, number, caught, ignored, blocked: blockedLooks === looks, threads, readBy: reader, ...(asked !== undefined && { asked }), defaultAction: action };
}
