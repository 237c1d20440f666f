/** The descriptor table of a process with its sockets, and no more: what is joined with handles. */
import type { Evidence } from '../evidence/types.ts';
import { type CoverageLog, errnoWords, statusOf } from '../kernel/coverage.ts';
import { decodeTable, readRawTable } from '../kernel/fd-table.ts';
import { readProcess, stillThere } from '../kernel/process.ts';
import { readSockets } from '../kernel/snapshot/sockets.ts';
import type { Fd, Process } from '../kernel/types.ts';

export interface TableOptions {
  rerun: string;
  isRoot: boolean;
  signal: AbortSignal;
}

/** Undefined when it has ended. */
export function readNodeProcess(evidence: Evidence, pid: number): Process | undefined {
  const process = readProcess(evidence, pid) ?? undefined;
  // Node 24 and later name their main thread; people know the program by its own name.
  if (process && /^(?:node-)?MainThread$/.test(process.comm)) process.comm = process.exe?.replace(/ \(deleted\)$/, '').replace(/^.*\//, '') ?? 'node';
  return process;
}

/** Undefined when the process has ended. A table that may not be read is empty, and the coverage says so. */
export async function readTable(evidence: Evidence, pid: number, options: TableOptions, coverage: CoverageLog): Promise<{ process: Process; fds: Fd[] } | undefined> {
  const process = readNodeProcess(evidence, pid);
  if (!process) return undefined;
  const raw = await readRawTable(evidence, process, { infos: false, stats: true, signal: options.signal });
  const sockets = readSockets(evidence, [raw], { ...options, allOwners: false, everything: false }, coverage);
  const refused = raw.errno;
  coverage.note({
    source: 'fd table', status: statusOf(refused), seen: raw.links.size, total: raw.numbers.length - raw.vanished, needed: false,
    ...(refused !== undefined && { detail: `/proc/${pid}/fd: ${errnoWords(refused)}`, fix: `sudo ${options.rerun}` }),
  });
  if (stillThere(evidence, process) !== 'same') coverage.note({ source: 'processes', status: 'absent', seen: 0, total: 1, detail: `process ${pid} ended while it was read`, needed: true });
  return { process, fds: decodeTable(raw, sockets.of(process)) };
}
