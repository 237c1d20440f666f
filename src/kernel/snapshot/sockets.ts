/** Socket tables for a set of processes: one read per network namespace, foreign namespaces only when something is missing. */
import type { Evidence } from '../../evidence/types.ts';
import { type CoverageLog, errnoWords } from '../coverage.ts';
import type { SocketLookup } from '../fd-decode.ts';
import type { RawTable } from '../fd-table.ts';
import type { PackedRows } from '../plain-fds.ts';
import { HeldInodes } from '../held-inodes.ts';
import { listPids } from '../process.ts';
import { readSocketTable } from '../socket-tables.ts';
import type { Process, SocketRow, SocketTable } from '../types.ts';
import type { SnapshotOptions } from './options.ts';

export interface SocketIndex {
  /** Is this the inode of a socket that a target holds? */
  isHeld(inode: string): boolean;
  tables: Map<string, SocketTable>;
  /** The row of an inode: of the process's own namespace, else of any other that was read. */
  find(netns: string | undefined, inode: string): SocketRow | undefined;
  /** The same for one process. */
  of(process: Process): SocketLookup;
  /** The plain rows of a table with packed links. */
  packed(raw: Pick<RawTable, 'process' | 'links'>): PackedRows | undefined;
}

interface WantedSockets {
  /** One of the processes of the namespace. */
  pid: number;
  inodes: HeldInodes;
}

function rowOf(table: SocketTable | undefined, inode: string): SocketRow | undefined {
  return table?.byInode.get(inode) ?? table?.plain?.row(inode);
}

function rowsIn({ byInode, plain }: SocketTable): number {
  return byInode.size + (plain?.size ?? 0);
}

/** The socket tables of every network namespace that these processes are in, each read once; what could not be read is in `coverage`. */
export function readSockets(evidence: Evidence, raws: readonly Pick<RawTable, 'process' | 'links'>[], options: SnapshotOptions, coverage: CoverageLog): SocketIndex {
  const tables = new Map<string, SocketTable>();
  const wantedOf = new Map<string, WantedSockets>();
  for (const netns of new Set(raws.map(({ process }) => process.netns ?? ''))) {
    const inside = raws.filter(({ process }) => (process.netns ?? '') === netns);
    const inodes = new HeldInodes(inside.map(({ links }) => links));
    if (inodes.size > 0) wantedOf.set(netns, { pid: inside[0]!.process.pid, inodes });
  }
  // What a tape is made of, and made for, is the text of the tables.
  const ours = evidence.origin === 'live' && !options.everything ? evidence.readlink('/proc/self/ns/net').value?.slice(5, -1) : undefined;
  for (const [netns, { pid, inodes }] of wantedOf) {
    const { packed } = inodes;
    tables.set(netns, readSocketTable(evidence, pid, netns, { inodes, own: netns === ours, ...(packed && { packed }) }));
  }
  const index = indexOf(tables, wantedOf);
  const missing = new Set<string>();
  for (const [netns, { inodes }] of wantedOf) {
    // Only rows of wanted inodes are kept: as many rows, and none is missing.
    if (rowsIn(tables.get(netns)!) < inodes.size) for (const inode of inodes) if (!index.find(netns, inode)) missing.add(inode);
  }
  if (missing.size > 0) readOtherNamespaces(evidence, tables, missing);
  noteCoverage(wantedOf, tables, coverage);
  return index;
}

function indexOf(tables: Map<string, SocketTable>, wantedOf: ReadonlyMap<string, WantedSockets>): SocketIndex {
  const held = [...wantedOf.values()].map(({ inodes }) => inodes);
  const index: SocketIndex = {
    isHeld: (inode) => held.some((inodes) => inodes.has(inode)),
    tables,
    find: (netns, inode) => {
      const own = rowOf(tables.get(netns ?? ''), inode);
      if (own) return own;
      for (const table of tables.values()) {
        const row = rowOf(table, inode);
        if (row) return row;
      }
      return undefined;
    },
    of: ({ netns }) => {
      const own = tables.get(netns ?? '');
      return {
        socket: (inode) => rowOf(own, inode) ?? index.find(netns, inode),
        isListening: (port) => own?.pending.has(port) ?? false,
      };
    },
    packed: ({ process: { netns = '' }, links }) => {
      const places = wantedOf.get(netns)?.inodes.places.get(links);
      const plain = tables.get(netns)?.plain;
      return places && plain && { places, plain };
    },
  };
  return index;
}

/** A descriptor may belong to a socket of a namespace its process is not in (handed over, or made before setns). */
function readOtherNamespaces(evidence: Evidence, tables: Map<string, SocketTable>, missing: ReadonlySet<string>): void {
  const seen = new Set(tables.keys());
  for (const pid of listPids(evidence)) {
    const netns = evidence.readlink(`/proc/${pid}/ns/net`).value?.slice(5, -1);
    if (netns === undefined || seen.has(netns)) continue;
    seen.add(netns);
    tables.set(netns, readSocketTable(evidence, pid, netns, { inodes: missing }));
  }
}

function noteCoverage(
  wantedOf: ReadonlyMap<string, WantedSockets>,
  tables: Map<string, SocketTable>,
  coverage: CoverageLog,
): void {
  for (const [netns, { pid, inodes }] of wantedOf) {
    const refused = tables.get(netns)?.errno;
    const own = rowsIn(tables.get(netns)!);
    const found = own === inodes.size ? own : [...inodes].filter((inode) => [...tables.values()].some((table) => rowOf(table, inode))).length;
    coverage.note({
      source: 'socket tables',
      status: refused === undefined ? 'ok' : 'partial',
      seen: found,
      total: inodes.size,
      needed: refused !== undefined,
      ...(refused !== undefined && { detail: `/proc/${pid}/net${netns === '' ? '' : ` (network namespace ${netns})`}: ${errnoWords(refused)}` }),
    });
  }
}
