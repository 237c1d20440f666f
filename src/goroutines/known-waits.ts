/** Places of well-known packages where one waits, and what for: the stack says so, the state does not. */
import type { Site } from './sites.ts';

export interface KnownWait {
  /** In a title, behind `12 goroutines`. */
  cause: string;
  reason: string;
  /** What ends it, where that is no matter of a context. */
  remedy?: string;
  /** The same where nothing tells that it lasts. */
  perhaps?: string;
  /** Who waits there for long waits for ever: nothing of the outside can end it; or only where most do. */
  leak?: 'if old' | 'if most';
  /** It lasts as long as the body of a request is on its way. */
  withBody?: true;
  /** Programs that are well wait there for so many minutes. */
  usualMinutes?: number;
}

const LIST: readonly (KnownWait & { pattern: RegExp })[] = [
  // context.go, propagateCancel: one for each, until it or its parent is cancelled.
  { pattern: /^context\.\(\*cancelCtx\)\.propagateCancel\.func\d+$/, cause: 'keep contexts alive whose cancel was not called yet', reason: 'a context whose parent is of a type of the program\'s own costs a goroutine until its cancel is called: living ones are meant to be here', remedy: 'call the cancel of each context in a defer, or derive them from one of the context package, which keeps no goroutine', usualMinutes: Infinity },
  { pattern: /^io\.\(\*pipe\)\.write$/, cause: 'write into an io.Pipe that nobody reads', perhaps: 'write into an io.Pipe, and its reader may be slow or gone', reason: 'a write to an io.Pipe ends when its reader has read all of it or was closed', remedy: 'let whoever stops reading close the reader of the pipe (CloseWithError): each write to it returns then; no context ends one', leak: 'if old', withBody: true },
  { pattern: /^io\.\(\*pipe\)\.read$/, cause: 'read from an io.Pipe that nobody has written to', perhaps: 'read from an io.Pipe that is quiet', reason: 'a read of an io.Pipe ends when its writer writes or is closed', remedy: 'close the writer of the pipe in a defer of whoever writes (CloseWithError where that failed): each read of it returns then; no context ends one', leak: 'if most' },
  { pattern: /^github\.com\/fsnotify\/fsnotify\.\(\*\w+\)\.send(Event|Error)$/, cause: 'have an event of a file watch that nobody reads', perhaps: 'have an event of a file watch that is not read yet', reason: 'a watcher that is no longer needed must be closed: it keeps a descriptor and an inotify instance, too', remedy: 'receive from Events and from Errors until Close was called, and close a watcher that is no longer needed', leak: 'if old' },
  { pattern: /^database\/sql\.\(\*DB\)\.conn$/, cause: 'wait for a free connection of a database/sql pool', reason: 'all connections of the pool are taken: rows that are not closed and transactions that are not ended keep theirs' },
  { pattern: /^net\/http\.\(\*Transport\)\.(getConn|queueForDial)$/, cause: 'wait for a connection of an HTTP client', reason: 'the connection is being made, or MaxConnsPerHost is reached and bodies that are not closed keep theirs' },
  { pattern: /^net\/http\.\(\*(persistConn\)\.roundTrip|http2ClientConn\)\.(RoundTrip|roundTrip))/, cause: 'wait for the answer to an HTTP request', reason: 'a client without Timeout, and a request without a deadline in its context, wait for ever; long polls wait for minutes on purpose', withBody: true, usualMinutes: 15 },
  { pattern: /^golang\.org\/x\/sync\/semaphore\.\(\*Weighted\)\.Acquire$/, cause: 'wait for a semaphore', reason: 'who holds it does not release it, or holds it for long' },
  { pattern: /^golang\.org\/x\/sync\/singleflight\.\(\*Group\)\.(Do|doCall)$/, cause: 'wait for one call that others made, too', reason: 'singleflight lets all wait for the first caller: look for it' },
  // Reads take turns by design; a write waits for its turn only while the one before it does not get on.
  { pattern: /^internal\/poll\.\(\*FD\)\.writeLock$/, cause: 'wait for their turn to write to a connection or file whose other end does not read', perhaps: 'wait for their turn to write to a connection or file', reason: 'writes to one descriptor go one by one: the first waits until the other end (a peer, a pipe of a log) reads' },
];

export function knownWait({ groups }: Site): KnownWait | undefined {
  return LIST.find(({ pattern }) => groups.every(({ frames }) => frames.some(({ func }) => pattern.test(func))));
}
