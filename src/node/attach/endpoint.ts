import type { Endpoint } from '../../effects/inspector/transport.ts';
import type { Evidence } from '../../evidence/types.ts';
import { isDeno } from '../gate/index.ts';
import type { Listener } from '../listeners.ts';

export interface Helper {
  file: string;
  args: readonly string[];
}

/** Where to connect to: through nsenter when the target is in another network namespace than we. */
export function endpointOf(evidence: Evidence, pid: number, { host, port }: Pick<Listener, 'host' | 'port'>, helper: Helper): Endpoint {
  const theirs = evidence.readlink(`/proc/${pid}/ns/net`).value;
  const ours = evidence.readlink('/proc/self/ns/net').value;
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  const exe = evidence.readlink(`/proc/${pid}/exe`).value ?? '';
  return { host: reachable, port, ...(isDeno(exe) && { whole: true as const }), ...(theirs !== undefined && theirs !== ours && { relay: { pid, file: helper.file, args: [...helper.args, 'relay'] } }) };
}

export function isLoopback(host: string): boolean {
  return /^127\./.test(host) || host === '::1' || host === '::ffff:127.0.0.1';
}
