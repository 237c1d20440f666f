/** Goroutines that wait by design: servers, idle connections, libraries' own workers. Waiting is their work. */
import type { Frame, Group } from '../kernel/goroutines.ts';
import { ownerOf } from './names.ts';
import { isRequest, SENDS_BODY } from './requests.ts';

interface Benign {
  /** A frame that waits itself, or what created it: see `waitingFrames`. */
  pattern: RegExp;
  why: string;
  /** Benign up to so many. */
  most?: number;
  /** Benign in other states only. */
  unless?: string;
}

export const SLEEPING = 'sleeping';

const LIST: readonly Benign[] = [
  // In a select it waits for somebody to read the body of an answer.
  { pattern: /^net\/http\.\(\*persistConn\)\.readLoop$/, why: 'idle connections of an HTTP client', most: 1000, unless: 'select' },
  { pattern: SENDS_BODY, why: 'an HTTP client that sends the body of a request' },
  { pattern: /^net\/http\.\(\*persistConn\)\.writeLoop$|^net\/http\.\(\*http2ClientConn\)\.readLoop$/, why: 'idle connections of an HTTP client', most: 1000 },
  // One for each stream, as long as that lasts, also when the answer has begun (h2_bundle.go, RoundTrip).
  { pattern: /^net\/http\.\(\*http2clientStream\)\.doRequest$/, why: 'streams of an HTTP/2 client' },
  { pattern: /^net\/http\.\(\*http2serverConn\)\.(serve|readFrames)$|^golang\.org\/x\/net\/http2\./, why: 'connections of an HTTP/2 server or client' },
  { pattern: /^net\/http\.\(\*connReader\)\.(backgroundRead|startBackgroundRead)/, why: 'an HTTP server watching for the end of a connection' },
  { pattern: /^(os\/signal\.(loop|signal_recv)|os\/signal\.Notify)/, why: 'waiting for signals' },
  { pattern: /^(runtime\/pprof|net\/http\/pprof)\./, why: 'the answer to this very question' },
  { pattern: /^database\/sql\.\(\*DB\)\.(connectionOpener|connectionResetter|connectionCleaner)$|^database\/sql\.\(\*(Tx|Rows)\)\.awaitDone$/, why: 'workers of database/sql' },
  { pattern: /^google\.golang\.org\/grpc\/internal\/transport\.\(\*(loopyWriter|controlBuffer|http2Client|http2Server)\)\.|^google\.golang\.org\/grpc\.\(\*(ccBalancerWrapper|ccResolverWrapper|addrConn|ClientConn)\)\.|^google\.golang\.org\/grpc\/internal\/grpcsync\./, why: 'transport and keepalive of gRPC' },
  { pattern: /^k8s\.io\/(apimachinery\/pkg\/(util\/wait|watch)|client-go\/(tools\/cache|util\/workqueue|tools\/record)|klog)/, why: 'loops of Kubernetes libraries' },
  { pattern: /^(go\.opencensus\.io|go\.opentelemetry\.io)\//, why: 'telemetry workers' },
  { pattern: /^(github\.com\/golang\/glog|gopkg\.in\/natefinch\/lumberjack|go\.uber\.org\/zap|github\.com\/natefinch\/lumberjack)/, why: 'workers of a logging library' },
  { pattern: /^testing\.(\(\*T\)\.(Parallel|Run)|\(\*(testState|testContext)\)\.waitParallel|tRunner)$/, why: 'tests that wait for their turn, or for their parts' },
  { pattern: /^internal\/poll\.\(\*FD\)\.readLock$/, why: 'waiting for their turn to read or accept at one descriptor' },
  { pattern: /^time\.Sleep$/, why: SLEEPING },
  { pattern: /^(github\.com\/fsnotify\/fsnotify|gopkg\.in\/fsnotify)/, why: 'readers of a file watch', most: 100, unless: 'select' },
];

/** Why a group waits by design; undefined when it is not known to. */
export function benignReason({ frames, creator, count, leaked, state }: Group): string | undefined {
  if (leaked > 0) return undefined;
  const waiting = waitingFrames(frames);
  // What a library started to run the program's own code waits in that.
  const started = creator !== undefined && waiting.every((frame) => ownerOf(frame) !== 'own') ? creator.func : undefined;
  const isAnswer = isRequest(frames);
  for (const { pattern, why, most = Infinity, unless } of LIST) {
    if (count > most || state === unless) continue;
    const found = waiting.find(({ func }) => pattern.test(func));
    // A library that a request waits in does not do its own work there, but the request's.
    if (found ? !isAnswer || ownerOf(found) === 'stdlib' : started !== undefined && !isAnswer && pattern.test(started)) return why;
  }
  // The main goroutine may wait for ever: select {} at the end of main is an idiom.
  return frames.some(({ func }) => func === 'main.main') ? 'the main goroutine' : undefined;
}

/** From the innermost to the first that is not the standard library's: wrappers around the program's own code (middleware, labels) are outside. */
function waitingFrames(frames: readonly Frame[]): readonly Frame[] {
  const site = frames.findIndex((frame) => ownerOf(frame) !== 'stdlib');
  return site < 0 ? frames : frames.slice(0, site + 1);
}
