/** What sockets are bound to: neither a trace of the kernel tells, nor a recording of what was bound before it began. */
import type { ByteString, Evidence } from '../../evidence/types.ts';
import { scanUnix } from '../../kernel/proc/net-unix.ts';
import { stringOf } from './tracefs/words.ts';

/** `12` of `socket:[12]`. */
export function inodeOf(link: ByteString): string | undefined {
  return /^socket:\[(\d+)\]$/.exec(link)?.[1];
}

/** By inode: `0.0.0.0:80`, `[::]:80`, `/run/app.sock`, `@abstract`, of what listens in the network namespace of a process. Never the whole tables: those of a busy host take seconds. */
export function listenersAt(evidence: Evidence, pid: number): Map<string, ByteString> {
  const found = unixNames(evidence, pid);
  for (const { inode, local } of evidence.network?.sockDiagOf(pid, 'tcp listeners').value ?? []) if (local !== undefined) found.set(inode, local);
  return found;
}

/** Of one socket; undefined where it is bound to nothing, gone, or may not be asked. */
export function addressAt(evidence: Evidence, pid: number, fd: number): ByteString | undefined {
  const inode = inodeOf(evidence.readlink(`/proc/${pid}/fd/${fd}`).value ?? '');
  if (inode === undefined) return undefined;
  return evidence.probeSocket(pid, fd).value?.local ?? unixNames(evidence, pid).get(inode);
}

function unixNames(evidence: Evidence, pid: number): Map<string, ByteString> {
  const found = new Map<string, ByteString>();
  scanUnix(evidence.read(`/proc/${pid}/net/unix`).value ?? '', ({ inode, path, state }) => void (path !== undefined && state !== 'CONNECTED' && found.set(inode, path)));
  return found;
}

/** As strace writes it. */
export function sockaddrOf(address: ByteString): string {
  const [, v6, v4, port] = /^(?:\[([0-9a-f:.]+)\]|([\d.]+)):(\d+)$/.exec(address) ?? [];
  if (v6 !== undefined) return `{sa_family=AF_INET6, sin6_port=htons(${port}), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "${v6}", &sin6_addr), sin6_scope_id=0}`;
  if (v4 !== undefined) return `{sa_family=AF_INET, sin_port=htons(${port}), sin_addr=inet_addr("${v4}")}`;
  return `{sa_family=AF_UNIX, sun_path=${address.startsWith('@') ? `@${stringOf(address.slice(1))}` : stringOf(address)}}`;
}
