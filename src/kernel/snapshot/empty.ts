import type { FdTable, Snapshot } from '../types.ts';

/** A look at these tables and nothing beside them. */
export function snapshotOf(label: string, tables: FdTable[]): Snapshot {
  return {
    type: 'snapshot',
    label,
    tables,
    sockets: new Map(),
    foreign: new Map(),
    relatives: [],
    probes: new Map(),
    epollTargets: new Map(),
    sameDescription: new Map(),
    intendedFds: new Map(),
  };
}
