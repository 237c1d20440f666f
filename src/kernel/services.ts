/** Which processes are one program, and how they are called in texts. */
import { count } from '../report/words.ts';
import { decodeText } from './text.ts';
import type { FdTable, Process } from './types.ts';

const DELETED = ' (deleted)';

/** Processes of one program: the workers of one service. */
export interface Service {
  tables: FdTable[];
}

/** Every rule asks for them of the same look, and keeps by service what it made of it. */
const known = new WeakMap<readonly FdTable[], Service[]>();

/** Groups tables by executable, and by name where the executable is not known; in the order of first sight. */
export function servicesOf(tables: readonly FdTable[]): Service[] {
  const before = known.get(tables);
  if (before) return before;
  const services = new Map<string, Service>();
  for (const table of tables) {
    const key = programKey(table.process);
    const service = services.get(key);
    if (service) service.tables.push(table);
    else services.set(key, { tables: [table] });
  }
  const found = [...services.values()];
  known.set(tables, found);
  return found;
}

/** Equal for two processes of one program. A binary that was replaced on disk is still the same program. */
export function programKey(process: Process): string {
  const exe = process.exe?.endsWith(DELETED) ? process.exe.slice(0, -DELETED.length) : process.exe;
  return exe === undefined ? `comm ${process.comm}` : `exe ${exe}`;
}

/**
 * Is it certain that these are two programs? Neither when an executable is unknown, nor when both go by one name: that is how
 * the old and the new binary of an upgrade look.
 */
export function areTwoPrograms(a: Process, b: Process): boolean {
  return a.exe !== undefined && b.exe !== undefined && programKey(a) !== programKey(b) && a.comm !== b.comm;
}

/** comm, fit to be shown: at most 15 bytes, and whatever the program calls itself. */
export function programName(process: Process): string {
  return decodeText(process.comm).text;
}

/** `nginx (pid 42)`. */
export function processLabel(process: Process): string {
  return `${programName(process)} (pid ${process.pid})`;
}

/** `nginx (pid 42)`, or `nginx (8 processes, worst pid 42)` when there are more; the worst comes first. */
export function processesLabel(processes: readonly Process[]): string {
  const worst = processes[0]!;
  if (processes.length === 1) return processLabel(worst);
  return `${programName(worst)} (${count(processes.length)} processes, worst pid ${worst.pid})`;
}
