/** The descriptor table of a process with its sockets, and no more: what is joined with handles. */
import type { Evidence } from '../evidence/types.ts';
import { type CoverageLog, errnoWords, statusOf } from '../kernel/coverage.ts';
import { decodeTable, type SocketLookup } from '../kernel/fd-decode.ts';
import { type LinkTable, readLinkTable } from '../kernel/fd-links.ts';
import { readRawTable } from '../kernel/fd-table.ts';
import { programName } from '../kernel/program-name.ts';
import { readProcess, stillThere } from '../kernel/process.ts';
import { readSockets } from '../kernel/snapshot/sockets.ts';
import type { Fd, Process, SocketRow } from '../kernel/types.ts';

export interface TableOptions {
  rerun: string;
  isRoot: boolean;
  signal: AbortSignal;
}

/** Undefined when it has ended. */
export function readNodeProcess(evidence: Evidence, pid: number): Process | undefined {
  const process = readProcess(evidence, pid) ?? undefined;
  if (process) process.comm = programName(process.comm, () => process.exe);
  return process;
}

/** A table of which links and sockets are known, and what takes waiting is not. */
export interface OpenTable {
  /** How many descriptors were open. */
  open: number;
  /** Connections that somebody has to a port of it. */
  connectionsAt(port: number): number;
  /** Undefined when the process has ended. */
  finish(): Promise<{ process: Process; fds: Fd[] } | undefined>;
}

/** Undefined when the process has ended. A table that may not be read is empty, and the coverage says so. */
export async function openTable(evidence: Evidence, pid: number, options: TableOptions, coverage: CoverageLog): Promise<OpenTable | undefined> {
  const process = readNodeProcess(evidence, pid);
  if (!process) return undefined;
  const links = await readLinkTable(evidence, pid, options.signal);
  const sockets = readSockets(evidence, [{ process, links: links.links }], { ...options, allOwners: false, everything: false }, coverage);
  return {
    open: links.links.size,
    connectionsAt: (port) => rowsOf(links, sockets.of(process)).filter(({ state, localPort }) => state === 'ESTABLISHED' && localPort === port).length,
    finish: async () => {
      const raw = await readRawTable(evidence, process, { infos: false, stats: true, links, signal: options.signal });
      const refused = raw.errno;
      coverage.note({
        source: 'fd table', status: statusOf(refused), seen: raw.links.size, total: raw.listed - raw.vanished, needed: false,
        ...(refused !== undefined && { detail: `/proc/${pid}/fd: ${errnoWords(refused)}`, fix: `sudo ${options.rerun}` }),
      });
      const now = stillThere(evidence, process);
      if (now !== 'same') coverage.note({ source: 'processes', status: 'absent', seen: 0, total: 1, detail: `process ${pid} ended while it was read`, needed: true });
      return { process, fds: decodeTable(raw, sockets.of(process)) };
    },
  };
}

function rowsOf({ links }: LinkTable, { socket }: SocketLookup): SocketRow[] {
  return Array.from({ length: links.size }, (_, index) => links.socketInode(index)).flatMap((inode) => (inode === undefined ? [] : (socket(inode) ?? [])));
}

export async function readTable(evidence: Evidence, pid: number, options: TableOptions, coverage: CoverageLog): Promise<{ process: Process; fds: Fd[] } | undefined> {
  return await (await openTable(evidence, pid, options, coverage))?.finish();
}
