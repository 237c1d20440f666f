/** Connections: bodies of answers that nobody reads, and reads of peers that say nothing. */
import type { Group } from '../kernel/goroutines.ts';
import { ownerOf } from './names.ts';
import { SENDS_BODY } from './requests.ts';
import type { Site } from './sites.ts';

/** net/http's client reads an answer in one goroutine and lets it wait until its body was read to the end, or closed. */
export function holdsBodies({ state, frame }: Site): boolean {
  return state === 'select' && frame.func === 'net/http.(*persistConn).readLoop';
}

/** Of so many bodies, as many as nobody is reading now, or may be about to. */
export function unreadBodies({ count }: Site, groups: readonly Group[]): number {
  const readers = groups.filter((group) => isRunning(group) || group.frames.some(({ func }) => READERS.test(func)));
  return count - readers.reduce((sum, group) => sum + group.count, 0);
}

/** How many bodies of requests are on their way: until one was sent, its pipe is read, and no answer can come. */
export function bodiesOnTheWay(groups: readonly Group[]): number {
  return groups.filter(({ frames }) => frames.some(({ func }) => SENDS_BODY.test(func))).reduce((sum, { count }) => sum + count, 0);
}

/** A proxy that writes what it has read goes on reading afterwards. */
const READERS = /^net\/http\.\(\*(bodyEOFSignal|body|persistConn)\)\.(Read|readLocked|roundTrip)$|\.copyResponse$/;

function isRunning({ state, system }: Group): boolean {
  return !system && /^(running|runnable|unknown)$/.test(state);
}

/** Does it read from a connection, or a stream of one, in code that is not the standard library's? */
export function readsPeer({ state, frame, groups, benign }: Site): boolean {
  if (benign !== undefined || ownerOf(frame) === 'stdlib') return false;
  const reads = state === 'IO wait' ? READS : state === 'sync.Cond.Wait' ? READS_STREAM : undefined;
  return reads !== undefined && groups.every(({ frames }) => frames.some(({ func }) => reads.test(func)));
}

/** Streams of HTTP/2 are handed on by the goroutine that reads the connection, under a Cond (h2_bundle.go, http2pipe). */
const READS_STREAM = /^(net\/http\.\(\*http2pipe\)|golang\.org\/x\/net\/http2\.\(\*pipe\))\.Read$/;
const READS = /^net\.\(\*(conn|netFD|TCPConn|UnixConn|UDPConn)\)\.Read$|^crypto\/tls\.\(\*Conn\)\.Read$/;

/** Nearly every one has a companion that was started in the same function and reads from the network. */
export function growsWithConnections({ creators, count }: Site, groups: readonly Group[]): boolean {
  const starts = new Set(creators.map(({ func }) => func));
  const readers = groups.filter(({ state, creator }) => state === 'IO wait' && creator !== undefined && starts.has(creator.func));
  return readers.reduce((sum, group) => sum + group.count, 0) >= count * NEARLY_ALL;
}

const NEARLY_ALL = 0.8;
