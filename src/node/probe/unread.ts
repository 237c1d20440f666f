/** Runs inside the target, as the text of these functions: see list.ts. */
import type { Ways } from './ways.ts';

/** Streams that nobody reads, kept by their descriptors for a second look at the very same. */
export interface Unread {
  suspects: { fd: number; stream: WeakRef<object> }[];
  isUnread(stream: unknown): boolean;
  /** Nobody reads it, and it is remembered. */
  suspect(fd: number | undefined, stream: unknown): boolean;
}

export function unreadOf({ get, hears }: Ways): Unread {
  const suspects: Unread['suspects'] = [];
  /** Neither a pipe nor a listener is there, and an iterator is one, too, between its turns: back pressure is reading. Of a pipe into a transformation its end counts. */
  const isUnread = (stream: unknown, steps = 0): boolean => {
    const state = get(stream, '_readableState');
    if (typeof state !== 'object' || state === null || get(stream, 'destroyed') === true || get(state, 'endEmitted') === true) return false;
    const pipes = get(state, 'pipes');
    if (Array.isArray(pipes) && pipes.length > 0) {
      const into: unknown = pipes[0];
      return pipes.length === 1 && steps < 5 && typeof get(into, '_transform') === 'function' && isUnread(into, steps + 1);
    }
    return get(state, 'flowing') !== true && !hears(stream, 'data') && !hears(stream, 'readable');
  };
  const suspect = (fd: number | undefined, stream: unknown): boolean => {
    if (!isUnread(stream)) return false;
    if (fd !== undefined && suspects.length < 500) suspects.push({ fd, stream: new WeakRef(stream as object) });
    return true;
  };
  return { suspects, isUnread: (stream) => isUnread(stream), suspect };
}

/** The descriptors of those that nobody reads still, as JSON. On what listHandles() left. */
export function stillUnread(this: { unread?: Unread }): string {
  const { suspects = [], isUnread } = this.unread ?? {};
  return JSON.stringify(suspects.filter(({ stream }) => isUnread?.(stream.deref()) === true).map(({ fd }) => fd));
}
