/** Which stacks are requests that a server runs the program's code for, whatever the protocol. */
import type { Frame, Group } from '../kernel/goroutines.ts';

/** HTTP/2 has a goroutine for each request of a connection (net/http's own copy of it, and golang.org/x/net/http2). */
const RUNNING = /^net\/http\.\(\*(conn\)\.serve|http2serverConn\)\.runHandler)$|^golang\.org\/x\/net\/http2\.\(\*serverConn\)\.runHandler$|^google\.golang\.org\/grpc\.\(\*Server\)\.(handleStream|processUnaryRPC|processStreamingRPC)$/;

export function isRequest(frames: readonly Frame[]): boolean {
  return frames.some(({ func }) => RUNNING.test(func));
}

/** Who sends the body of a request, as it comes out of whatever the program gave: a file, a pipe. */
export const SENDS_BODY = /^net\/http\.\(\*transferWriter\)\.writeBody$/;

/** Loops that accept are methods of what has a lock, and started beside what sends, but hold and receive nothing while they wait for the next connection. */
export function isServing({ frames }: Pick<Group, 'frames'>): boolean {
  return frames.some(({ func }) => /^net\.\(\*\w*Listener\)\.Accept|^net\/http\.\(\*Server\)\.Serve$/.test(func));
}
