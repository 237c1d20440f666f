/** Kinds of descriptors, by what -y says of them. */
import type { ByteString } from '../../evidence/types.ts';

const DECORATIONS: readonly [RegExp, string][] = [
  [/^(?:socket:|TCP|UDP|UNIX|NETLINK|RAW|PING|PACKET|ICMP)/, 'socket'],
  [/^pipe:/, 'pipe'],
  [/^(?:anon_inode:)?\[?eventpoll\]?$/, 'epoll'],
  [/^anon_inode:\[?([a-z-]+)\]?/, ''],
  [/^\/memfd:/, 'memfd'],
  [/^pid:\d+$/, 'pidfd'],
  [/^\{eventfd/, 'eventfd'],
  [/^signalfd:/, 'signalfd'],
  [/^\/dev\//, 'device'],
];

/** What -y says of a descriptor, as a kind. */
export function kindOf(decoration: ByteString): string {
  if (decoration === '') return 'unknown';
  // Most are paths.
  if (decoration.charCodeAt(0) === 47 && !decoration.startsWith('/dev/') && !decoration.startsWith('/memfd:')) return 'file';
  for (const [pattern, kind] of DECORATIONS) {
    const match = pattern.exec(decoration);
    if (match) return kind === '' ? match[1]! : kind;
  }
  return decoration.startsWith('/') ? 'file' : 'other';
}
