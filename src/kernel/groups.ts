/** The default grouping: by kind, and inside a kind by what its key says; paths become templates, too many keys a wider one. */
import { fdsByKind } from './fd-index.ts';
import { kindOf } from './kinds/index.ts';
import type { Kind } from './kinds/kind.ts';
import { PathLooks } from './templates.ts';
import type { Fd } from './types.ts';

/** More different keys below one wide key than this, and the wide one is taken. */
const TOO_MANY_KEYS = 8;

/** Descriptors of one kind, and beside each the key of its group. */
export interface Grouped {
  members: readonly Fd[];
  keys: string[];
}

/** Kind by kind; the keys are made over all descriptors together. */
export function grouped(fds: readonly Fd[]): Grouped[] {
  return [...fdsByKind(fds).values()].map((members) => {
    const keys = new KindKeys(kindOf(members[0]!));
    const numbers = members.map((fd) => keys.add(fd));
    const made = keys.made();
    return { members, keys: numbers.map((number) => made[number]!) };
  });
}

/** The group key of each descriptor, made over all of them together. */
export function groupKeys(fds: readonly Fd[]): Map<Fd, string> {
  const byFd = new Map<Fd, string>();
  for (const { members, keys } of grouped(fds)) for (const [index, fd] of members.entries()) byFd.set(fd, keys[index]!);
  return byFd;
}

/** The keys of descriptors of one kind: first each is added, then the keys are made over all of them together. */
export class KindKeys {
  readonly #kind: Kind;
  readonly #paths: PathLooks | undefined;
  /** Number of each narrow key. */
  readonly #numbers = new Map<string, number>();
  readonly #wide: string[] = [];

  constructor(kind: Kind) {
    this.#kind = kind;
    this.#paths = kind.keyIsPath ? new PathLooks() : undefined;
  }

  /** A number for its key. */
  add(fd: Fd): number {
    const key = this.#kind.key(fd);
    if (this.#paths) return this.#paths.add(key);
    let number = this.#numbers.get(key);
    if (number === undefined) {
      this.#numbers.set(key, (number = this.#numbers.size));
      // A narrow key is in one wide key: of each only one member is asked.
      if (this.#kind.wideKey) this.#wide.push(this.#kind.wideKey(fd));
    }
    return number;
  }

  /** The same of a path that is the key of its kind. */
  addPath(path: string): number {
    return this.#paths!.add(path);
  }

  /** By number. */
  made(): string[] {
    if (this.#paths) return this.#paths.templates();
    const narrow = [...this.#numbers.keys()];
    if (!this.#kind.wideKey || narrow.length <= TOO_MANY_KEYS) return narrow;
    const below = new Map<string, number>();
    for (const wider of this.#wide) below.set(wider, (below.get(wider) ?? 0) + 1);
    return narrow.map((key, number) => {
      const wider = this.#wide[number]!;
      return below.get(wider)! > TOO_MANY_KEYS ? wider : key;
    });
  }
}
