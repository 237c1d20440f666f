/** What a reload waits for: goroutines that keep an old process from ending. */
import type { Frame, Group } from '../kernel/goroutines.ts';
import { ownerOf, placeOf, siteOf } from './names.ts';

export interface Keeper {
  kind: 'request' | 'shutdown';
  count: number;
  state: string;
  /** Where it is: `main.slowBackend (blocked.go:268)`. */
  place: string;
  wait?: { min: number; max: number };
}

const SHUTDOWN = /^net\/http\.\(\*Server\)\.Shutdown$|^google\.golang\.org\/grpc\.\(\*Server\)\.GracefulStop$|^golang\.org\/x\/net\/http2\..*Shutdown$/;
const SERVE = /^net\/http\.\(\*(conn|http2serverConn)\)\.(serve|runHandler)$|^golang\.org\/x\/net\/http2\.\(\*serverConn\)\.runHandler$|^google\.golang\.org\/grpc\.\(\*Server\)\.(handleStream|serveStreams)/;

/** Requests under way, largest group first, and whoever waits for them. */
export function keepersOf(groups: readonly Group[]): Keeper[] {
  const keepers = groups.filter(({ system }) => !system).flatMap((group) => keeperOf(group) ?? []);
  const merged = new Map<string, Keeper>();
  for (const keeper of keepers) {
    const key = `${keeper.kind}\0${keeper.state}\0${keeper.place}`;
    const known = merged.get(key);
    if (!known) merged.set(key, { ...keeper });
    else {
      known.count += keeper.count;
      if (keeper.wait) known.wait = known.wait ? { min: Math.min(known.wait.min, keeper.wait.min), max: Math.max(known.wait.max, keeper.wait.max) } : keeper.wait;
    }
  }
  return [...merged.values()].sort((a, b) => b.count - a.count);
}

function keeperOf(group: Group): Keeper | undefined {
  const { frames, state, count, wait } = group;
  const waits = wait && { wait: { min: wait.min, max: wait.max } };
  const closing = frames.find(({ func }) => SHUTDOWN.test(func));
  if (closing) return { kind: 'shutdown', count, state, place: placeOf(closing), ...waits };
  const serving = frames.findIndex(({ func }) => SERVE.test(func));
  if (serving < 0) return undefined;
  // Between requests a connection is closed at once; what runs somebody's code is a request.
  const handler = frames.slice(0, serving).filter(isHandlerCode);
  if (handler.length === 0) return undefined;
  return { kind: 'request', count, state, place: placeOf(siteOf(handler) ?? handler[0]!), ...waits };
}

function isHandlerCode(frame: Frame): boolean {
  return ownerOf(frame) !== 'stdlib';
}
