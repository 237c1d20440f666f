/** Groups of whole tables, with their plain descriptors: these are counted where they are, without making one of each. */
import { tidyHeap } from '../evidence/own-heap.ts';
import { ByShape, looksAlike } from '../kernel/fixed-shapes.ts';
import { fdsByKind } from '../kernel/fd-index.ts';
import { KindKeys } from '../kernel/groups.ts';
import { file, kindOf, socket } from '../kernel/kinds/index.ts';
import type { OtherEnds } from '../kernel/other-ends.ts';
import { decodeText } from '../kernel/text.ts';
import type { Fd, FdTable } from '../kernel/types.ts';

/** Examples of each that are enough to find the lowest of a group. */
const MOST_EXAMPLES = 3;

/** Descriptors with one key. */
export interface Cluster {
  kind: string;
  key: string;
  single: Fd[];
  plain: number;
  /** The lowest plain ones. */
  examples: Fd[];
  /** Of the plain ones: how often each was the first holder of the other end. */
  ends: Map<string, number>;
}

/** In no order. */
export function clustersOf(tables: readonly FdTable[], ends: OtherEnds): Cluster[] {
  const kinds = new Set(tables.flatMap(({ fds }) => [...fdsByKind(fds).keys()]));
  if (tables.some(({ plain }) => plain)) for (const { name } of [file, socket]) kinds.add(name);
  return [...kinds].flatMap((kind) => new KindClusters(kind, ends).of(tables));
}

class KindClusters {
  readonly #kind: string;
  readonly #keys: KindKeys;
  readonly #ends: OtherEnds;
  /** By number of a key. */
  readonly #clusters: Cluster[] = [];
  /** By class of a plain socket. */
  readonly #classes = new Map<number, Cluster>();

  constructor(kind: string, ends: OtherEnds) {
    this.#kind = kind;
    this.#keys = new KindKeys(kindOf({ kind } as Fd));
    this.#ends = ends;
  }

  of(tables: readonly FdTable[]): Cluster[] {
    for (const table of tables) {
      for (const fd of fdsByKind(table.fds).get(this.#kind) ?? []) this.#clusterAt(this.#keys.add(fd)).single.push(fd);
      if (this.#kind === file.name) this.#addFiles(table);
      // The numbers of classes are those of one network namespace.
      this.#classes.clear();
      if (this.#kind === socket.name) this.#addSockets(table);
    }
    const keys = this.#keys.made();
    for (const [number, cluster] of this.#clusters.entries()) cluster.key = keys[number]!;
    return this.#clusters;
  }

  #clusterAt(number: number): Cluster {
    let cluster = this.#clusters[number];
    if (!cluster) this.#clusters[number] = cluster = { kind: this.#kind, key: '', single: [], plain: 0, examples: [], ends: new Map() };
    return cluster;
  }

  #addFiles({ plain }: FdTable): void {
    tidyHeap(plain?.size ?? 0);
    if (!plain) return;
    const clusterOf = (position: number): Cluster => this.#clusterAt(this.#keys.addPath(decodeText(plain.linkAt(position)).text));
    const byShape = new ByShape((position) => {
      const isShared = looksAlike(plain.shapeText(plain.shapeAt(position)));
      return { cluster: isShared ? clusterOf(position) : undefined, first: position, several: false };
    });
    for (let position = 0; position < plain.size; position++) {
      if (plain.inodeAt(position) !== 0) continue;
      const known = byShape.at(plain.shapeAt(position), position);
      let { cluster } = known;
      // One more of another path tells that there are several.
      if (!cluster || (!known.several && !plain.isSameFile(known.first, position))) {
        known.several = true;
        cluster = clusterOf(position);
      }
      cluster.plain++;
      if (cluster.examples.length < MOST_EXAMPLES) cluster.examples.push(plain.fdAt(position));
    }
  }

  #addSockets(table: FdTable): void {
    const { plain } = table;
    for (let position = 0; position < (plain?.size ?? 0); position++) {
      if (plain!.inodeAt(position) === 0) continue;
      const id = plain!.classAt(position);
      let cluster = this.#classes.get(id);
      if (!cluster) this.#classes.set(id, (cluster = this.#clusterAt(this.#keys.add(plain!.fdAt(position)))));
      cluster.plain++;
      if (cluster.examples.length < MOST_EXAMPLES) cluster.examples.push(plain!.fdAt(position));
      const holder = this.#ends.firstHolderOfPlain(table, position);
      if (holder !== undefined) cluster.ends.set(holder, (cluster.ends.get(holder) ?? 0) + 1);
    }
  }
}
