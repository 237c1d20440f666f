/** How bytes reach a port of 127.0.0.1 in the network namespace of the target. */
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { Duplex } from 'node:stream';

export interface Endpoint {
  /** Address as the target's namespace knows it. */
  host: string;
  port: number;
  /** A frame must come at once: the server of Deno waits for several things, and forgets what it has read of a frame when another comes first. */
  whole?: true;
  /** The target is in another network namespace: a program that, started in there, carries bytes between the port (its last argument) and its standard streams. */
  relay?: { pid: number; file: string; args: readonly string[] };
}

/** A new connection. Errors arrive at the stream. */
export function openStream({ host, port, relay }: Endpoint): Duplex {
  if (!relay) return connect({ host, port, noDelay: true });
  const child = spawn('nsenter', [`--net=/proc/${relay.pid}/ns/net`, '--', relay.file, ...relay.args, host, String(port)], { stdio: ['pipe', 'pipe', 'ignore'] });
  const stream = Duplex.from({ writable: child.stdin, readable: child.stdout });
  // nsenter may be absent, or refused.
  child.on('error', (error) => stream.destroy(error));
  child.stdin.on('error', () => undefined);
  child.on('exit', () => stream.destroy());
  return stream;
}

/** May the network namespace of this process be entered by us? It must be known before anything is opened in there. */
export function canEnter(pid: number): Promise<boolean> {
  return new Promise((resolve) => {
    const child = spawn('nsenter', [`--net=/proc/${pid}/ns/net`, '--', '/bin/sh', '-c', ':'], { stdio: 'ignore' });
    child.on('error', () => resolve(false)).on('exit', (code) => resolve(code === 0));
  });
}
