/** Tables as data: of all processes alive, or of one at a moment. */
import { decodeText } from '../../kernel/text.ts';
import type { Slot } from '../tables/types.ts';
import type { Analysis } from './analysis.ts';

export interface TableFd {
  fd: number;
  path?: string;
  /** Base64, where the path is no UTF-8. */
  pathBytes?: string;
  /** null: opened before the log, or by a call that does not tell. */
  cloexec: boolean | null;
  kind: string;
  how: Slot['how'];
  site?: string;
  /** Where it was opened: `app.strace:12`. */
  source?: string;
  /** Taken for granted (0 to 2), never seen in the log. */
  assumed?: true;
}

export interface TableRow {
  /** Of the thread group. */
  pid: number;
  program: string;
  /** Calls that must have happened are not in the log. */
  repairs: number;
  fds: TableFd[];
}

/** One row per process that is alive; processes that share a table have a row each. */
export function tableRows(analysis: Analysis, nameOf: (site: string) => string, only?: number): TableRow[] {
  const byPid = new Map<number, TableRow>();
  const threads = [...analysis.model.threads.values()].sort((a, b) => Number(b.tid === b.pid) - Number(a.tid === a.pid));
  for (const thread of threads) {
    const { pid, table } = thread;
    if (byPid.has(pid) || (only !== undefined && only !== pid && only !== thread.tid)) continue;
    const fds = table.slots.values().sort((a, b) => a.fd - b.fd).map((slot) => rowOf(analysis, slot, nameOf));
    byPid.set(pid, { pid, program: decodeText(thread.program).text, repairs: table.repairs, fds });
  }
  return [...byPid.values()].sort((a, b) => a.pid - b.pid);
}

function rowOf(analysis: Analysis, slot: Slot, nameOf: (site: string) => string): TableFd {
  const { description, fd, cloexec, how } = slot;
  const path = analysis.targetOf(description);
  const { base64 } = decodeText(description.target);
  const told = analysis.context.tell(slot);
  return {
    fd, ...(path !== '' && { path }), ...(base64 !== undefined && { pathBytes: base64 }), cloexec, kind: description.kind, how,
    ...(told.site !== '' && { site: nameOf(told.site) }), ...(told.opened && { source: told.opened.source }), ...(slot.assumed && { assumed: true as const }),
  };
}
