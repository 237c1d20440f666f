/** Events of fanotify, which bring an open descriptor each: their bytes tell its number, as far as strace shows what was read. */
import type { ByteString } from '../../evidence/types.ts';
import { endOfString, fdOf, hasFlag, splitArgs, unescaped, unnamed } from '../parse/args.ts';
import type { Thread } from '../tables/types.ts';
import type { Call, Context } from './call.ts';

/** struct fanotify_event_metadata, include/uapi/linux/fanotify.h: u32 event_len, u8 vers, u8 reserved, u16 metadata_len, u64 mask, s32 fd, s32 pid. */
const METADATA = 24;
const VERSION = 3;
const AT = { version: 4, metadataLength: 6, fd: 16 };
/** struct fanotify_event_info_pidfd: u8 info_type, u8 pad, u16 len, s32 pidfd. */
const INFO_PIDFD = 4;
const INFO_HEADER = 4;

/** Of reads: what opens a descriptor for somebody, or counts as an event that is looked for. */
export const bringsEvents = (kind: string): boolean => kind === 'inotify' || kind === 'fanotify';

/** CLOEXEC of what events bring: `event_f_flags` of fanotify_init. @param args of it */
export function eventsCloexec(args: ByteString): boolean {
  return hasFlag(unnamed(splitArgs(args)[1] ?? ''), 'O_CLOEXEC', 0x80000);
}

/** What a read of it brought. Where strace did not show all of it (-s), that is noted. */
export function eventsIn(context: Context, thread: Thread, call: Call): void {
  const { fd } = fdOf(call.args);
  const slot = thread.table.slots.get(fd);
  if (!slot) return;
  const cloexec = slot.description.eventsCloexec;
  const open = call.args.indexOf('"');
  const bytes = open < 0 ? '' : unescaped(call.args.slice(open + 1, endOfString(call.args, open) - 1));
  let at = 0;
  for (; at + METADATA <= bytes.length && bytes.charCodeAt(at + AT.version) === VERSION; ) {
    const length = u32(bytes, at);
    const info = at + u16(bytes, at + AT.metadataLength);
    if (length < METADATA || info < at + METADATA) break;
    take(context, thread, call, s32(bytes, at + AT.fd), 'file', cloexec);
    for (let from = info; from + INFO_HEADER + 4 <= Math.min(at + length, bytes.length); from += Math.max(INFO_HEADER, u16(bytes, from + 2))) {
      if (bytes.charCodeAt(from) === INFO_PIDFD) take(context, thread, call, s32(bytes, from + INFO_HEADER), 'pidfd', true);
    }
    at += length;
  }
  // A last event whose tail is not shown may have a pidfd in there.
  if (at !== call.value || bytes.length < call.value) context.note('fanotify');
}

/** Below 0 there is none: FAN_NOFD, or an error. Several events of one read leave a number to be the lowest only for the first of them. */
function take({ fds }: Context, thread: Thread, { name, isWhole }: Call, fd: number, kind: string, cloexec: boolean | null): void {
  if (fd < 0) return;
  fds.open(thread, fd, { kind, target: '', cloexec, call: name, siteWords: 'event of fanotify', how: 'received', isLowest: isWhole });
}

function u16(bytes: ByteString, at: number): number {
  return bytes.charCodeAt(at) | (bytes.charCodeAt(at + 1) << 8);
}

function u32(bytes: ByteString, at: number): number {
  return s32(bytes, at) >>> 0;
}

function s32(bytes: ByteString, at: number): number {
  return u16(bytes, at) | (u16(bytes, at + 2) << 16);
}
