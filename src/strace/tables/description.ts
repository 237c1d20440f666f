/** An open file: what dup, fork and SCM_RIGHTS share. */
import type { ByteString } from '../../evidence/types.ts';
import { flat } from './flat.ts';
import type { Site } from './types.ts';

export class Description {
  id: number;
  kind: string;
  /** Numbers in all tables. */
  holders = 0;
  /** It had several numbers once, or may get more: others may still speak of it when it has none. */
  isKept = false;
  /** Address it listens on. */
  listening: string | undefined = undefined;
  /** Address it is bound to. */
  bound: string | undefined = undefined;
  /** Network namespace of what it is bound in. */
  net = 0;
  reusePort = false;
  reuseAddress = false;
  /** Made by accept. */
  accepted = false;
  /** Held by flock or a lock of the open file. */
  locked = false;
  /** A lock of the process on it (F_SETLK). */
  held = false;
  /** Shared mappings of it. */
  mapped = 0;
  /** Tick in which the last of them ended, and how long ticks were then; -1 for none. */
  unmappedTick = -1;
  unmappedDoublings = 0;
  /** A shell gave it a number its script chose: what it starts gets it, and so does what that starts. */
  redirected = false;
  /** Process of a pidfd. */
  pid: number | undefined = undefined;
  /** Of fanotify: CLOEXEC of what its events bring; null when it was made before the log. */
  eventsCloexec: boolean | null = null;
  /** Of a socket or pipe, as -y shows it; 0 when it does not. */
  inode = 0;
  /** The other end of a pipe or pair. */
  peer: Description | undefined = undefined;
  /** Where the connections are opened that are accepted on it. */
  acceptSite: Site | undefined = undefined;
  private words: ByteString;
  private host = 0;
  private port = 0;

  constructor(id: number, kind: string, target: ByteString) {
    this.id = id;
    this.kind = kind;
    this.words = target;
  }

  /** Another file from now on. Only for what nobody speaks of any more: neither kept, nor listening, nor bound. */
  reset(id: number, kind: string, target: ByteString): void {
    this.id = id;
    this.kind = kind;
    this.words = target;
    this.port = 0;
    this.holders = 0;
    this.accepted = false;
    this.locked = false;
    this.held = false;
    this.mapped = 0;
    this.unmappedTick = -1;
    this.redirected = false;
    this.net = 0;
    this.reusePort = false;
    this.reuseAddress = false;
    this.pid = undefined;
    this.eventsCloexec = null;
    this.acceptSite = undefined;
    this.peer = undefined;
    this.inode = 0;
  }

  /** Path, address, ...; empty when the log does not tell. */
  get target(): ByteString {
    if (this.port !== 0) {
      const host = this.host;
      this.words = `${host >>> 24}.${(host >>> 16) & 255}.${(host >>> 8) & 255}.${host & 255}:${this.port}`;
      this.port = 0;
    }
    return this.words;
  }

  set target(words: ByteString) {
    this.words = flat(words);
    this.port = 0;
  }

  /** An address that is made text when it is asked for: a server accepts thousands that nobody will name. */
  setPeer(host: number, port: number): void {
    this.host = host;
    this.port = port;
  }
}

/** The inode in `socket:[5]`, `pipe:[5]`, `TCP:[5]`; 0 without. */
export function inodeOf(decoration: ByteString): number {
  const digits = /^[\w-]+:\[(\d+)\]$/.exec(decoration)?.[1];
  return digits === undefined ? 0 : Number(digits);
}
