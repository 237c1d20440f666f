/** From classes of the runtime to kinds in our words. */
import type { RawHandle } from '../probe/raw.ts';
import type { HandleKind } from '../model.ts';

const REQUESTS: Record<string, HandleKind> = {
  GetAddrInfoReqWrap: 'dns-request', GetNameInfoReqWrap: 'dns-request', QueryReqWrap: 'dns-request', ChannelWrap: 'dns-request',
};

export function kindOfRequest(name: string): HandleKind {
  return REQUESTS[name] ?? `other:${name.slice(0, 60)}`;
}

/** Deno's names of its resources (ext/net, ext/fs, ext/http, ext/process). */
const DENO: Record<string, HandleKind> = {
  tcpListener: 'tcp-server', tlsListener: 'tcp-server', http: 'tcp-server', tcpStream: 'tcp-socket', tlsStream: 'tcp-socket', unixListener: 'pipe-server', unixStream: 'pipe-socket',
  udpSocket: 'udp-socket', fsEvents: 'fs-watcher', fsFile: 'file-handle', child: 'child-process',
};

/** By the names of the prototype chain and the class of the native handle. */
export function kindOf({ c, n, repeat, once, h2 }: RawHandle): HandleKind {
  const chain = c.split(' ');
  if (chain[0] === 'DenoResource') return DENO[chain[1] ?? ''] ?? `other:${(chain[1] ?? '?').slice(0, 60)}`;
  const has = (name: string): boolean => chain.includes(name);
  if (has('Timeout')) return repeat !== undefined ? 'timer-interval' : once !== undefined ? 'timer-timeout' : 'other:Timeout';
  if (has('Immediate')) return 'immediate';
  if (h2 || chain.some((name) => /Http2Session$/.test(name))) return 'http2-session';
  if (has('ChildProcess') || chain[0] === 'Process') return 'child-process';
  if (has('Worker')) return 'worker';
  if (has('FileHandle')) return 'file-handle';
  if (has('FileStream')) return 'file-stream';
  if (has('FSWatcher') || has('FSEvent')) return 'fs-watcher';
  if (has('StatWatcher')) return 'stat-watcher';
  if (has('MessagePort') || has('BroadcastChannel')) return 'message-port';
  if (n === 'TTY' || has('TTY')) return 'tty';
  if (n === 'UDP' || has('UDP') || c.startsWith('Socket EventEmitter')) return 'udp-socket';
  if (has('Duplex')) return n === 'Pipe' ? 'pipe-socket' : has('ReadStream') || has('WriteStream') ? 'tty' : 'tcp-socket';
  if (chain.some((name) => /Server$/.test(name))) return n === 'Pipe' ? 'pipe-server' : 'tcp-server';
  if (has('Pipe')) return 'pipe-socket';
  if (has('TCP')) return 'tcp-socket';
  return `other:${chain[0] ?? '?'}`;
}
