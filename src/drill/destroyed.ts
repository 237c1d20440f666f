/** Listeners of the service that the kernel destroyed while it was drilled: what two looks show only by what is missing, with its moment. */
import type { Evidence, ListenerEvents } from '../evidence/types.ts';
import type { Listening } from './listening.ts';
import type { DrillSeen, ReloadSeen } from './model.ts';

export interface DestroyedSeen {
  /** Of the service; `address` is `127.0.0.1:8080`, `atMs` is as in ReloadSeen, some ms too late. */
  listeners: { inode: string; address: string; atMs: number }[];
  /** The kernel had more to tell than it could. */
  isLossy: boolean;
}

export interface DestroyedRow {
  inode: string;
  address: string;
  /** Since the reload began, ms. */
  afterMs: number;
}

/** Between this reload and the next. Null: nobody tells. */
export function destroyedIn({ destroyed, reloads }: Pick<DrillSeen, 'destroyed' | 'reloads'>, { index, atMs: from }: ReloadSeen): DestroyedRow[] | null {
  if (!destroyed) return null;
  const to = reloads.find((reload) => reload.index === index + 1)?.atMs ?? Number.POSITIVE_INFINITY;
  return destroyed.listeners.filter(({ atMs }) => atMs >= from && atMs < to).map(({ inode, address, atMs }) => ({ inode, address, afterMs: Math.round((atMs - from) * 10) / 10 }));
}

/** Between two questions; each takes some microseconds where nothing happened. */
const EVERY_MS = 10;

export class DestroyedWatch {
  /** Why nothing is told: errno; undefined: it is. */
  readonly denied: string | undefined;
  readonly #events: ListenerEvents | undefined;
  readonly #known = new Set<string>();
  readonly #found: { inode: string; address: string; at: number }[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** @param pid who is in the network namespace that is meant */
  constructor(evidence: Evidence, pid: number) {
    const { value, errno = 'ENOTSUP' } = evidence.network?.watchListeners?.(pid) ?? {};
    this.#events = value;
    if (value) this.#timer = setInterval(() => this.#read(), EVERY_MS).unref();
    else this.denied = errno;
  }

  /** Of these it is told from now on. */
  learn(listeners: readonly Listening[]): void {
    if (!this.#events || listeners.every(({ inode }) => this.#known.has(inode))) return;
    try {
      this.#events.learn();
    } catch {
      // Not understood, or not in time: at the next look again.
      return;
    }
    for (const { inode } of listeners) this.#known.add(inode);
  }

  /** All of them, from a moment of performance.now() on; it ends with this. Null: nobody tells. */
  end(startedAt: number): DestroyedSeen | null {
    clearInterval(this.#timer);
    if (!this.#events) return null;
    this.#read();
    this.#events.close();
    return { isLossy: this.#events.isLossy, listeners: this.#found.map(({ inode, address, at }) => ({ inode, address, atMs: at - startedAt })) };
  }

  #read(): void {
    const at = performance.now();
    for (const { inode, local } of this.#events?.read() ?? []) if (this.#known.has(inode)) this.#found.push({ inode, address: local, at });
  }
}
