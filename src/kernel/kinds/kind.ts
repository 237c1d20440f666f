/** What a kind of descriptor is: one file per kind, registered in index.ts. */
import type { ByteString, FileStat } from '../../evidence/types.ts';
import type { Fd, FdInfo, Identity, SocketRow } from '../types.ts';

export interface DecodeInput {
  link: ByteString;
  /** Of a socket, where it was cut out of the link before. */
  inode?: string | undefined;
  info?: FdInfo | undefined;
  stat?: FileStat | undefined;
  /** Looks a socket inode up in the tables of the process's network namespace (then in the others). */
  socket(inode: string): SocketRow | undefined;
  /** Is this local TCP port listened on in the same namespace? Then a connection on it came from outside. */
  isListening(port: number): boolean;
}

/** Values of --where, --columns, --sort, --group-by and of `fds[]` in JSON. */
export type AttributeValue = string | number | boolean | undefined;

export interface Kind<D = unknown> {
  /** As in JSON and --where: `file`, `socket`, `eventfd`. */
  name: string;
  /** For texts: `files`, `sockets`, `eventfds`. */
  plural: string;
  /** Is this one mine? Asked in registry order, so cheap and by prefix. `stat` is there for path-like links when it was answered. */
  matches(link: ByteString, info?: FdInfo, stat?: FileStat): boolean;
  /** True when fdinfo of this kind takes a lock of the target: it is then a class B read. */
  infoBlocks?: boolean;
  decode(input: DecodeInput): D;
  identity(fd: Fd<D>): Identity;
  /** Group key inside the kind, without pid, fd number or temp suffix: `/var/tmp/upload-*.part`, `tcp CLOSE_WAIT to 10.0.0.7:5432`. Path kinds return the path; templates are made over the whole group set. */
  key(fd: Fd<D>): string;
  /** A wider key, taken when a look has too many different key()s below it: `tcp ESTABLISHED to *:443`. */
  wideKey?(fd: Fd<D>): string;
  /** True when key() is a path that templates.ts shall generalise. */
  keyIsPath?: boolean;
  attributes(fd: Fd<D>): Record<string, AttributeValue>;
  /** One line for people, control characters not yet escaped. */
  describe(fd: Fd<D>): string;
}

/** Narrows a descriptor to a kind, and with it the type of its detail. */
export function isKind<D>(fd: Fd, kind: Kind<D>): fd is Fd<D> {
  return fd.kind === kind.name;
}
