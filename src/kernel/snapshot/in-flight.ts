/** Descriptors in flight through unix sockets: what a busy program receives a moment later is no fault. */
import type { Evidence } from '../../evidence/types.ts';
import { fdsOf } from '../fd-index.ts';
import { infoNumber } from '../kinds/anon.ts';
import { socket } from '../kinds/socket.ts';
import { parseFdInfo } from '../proc/fdinfo.ts';
import type { Snapshot } from '../types.ts';

/** Fewer, in all sockets together, are not worth a wait. */
const MANY_IN_FLIGHT = 16;

export interface InFlight {
  /** One descriptor of the socket. */
  pid: number;
  fd: number;
  inode: string;
  inFlight: number;
}

/** Each socket once, however many hold it. */
export function socketsWithInFlight(snapshot: Snapshot): InFlight[] {
  const found = new Map<string, InFlight>();
  for (const { fds } of snapshot.tables) {
    for (const fd of fdsOf(fds, socket)) {
      if (fd.detail.inFlight)
        found.set(fd.detail.inode, { pid: fd.pid, fd: fd.fd, inode: fd.detail.inode, inFlight: fd.detail.inFlight });
    }
  }
  return [...found.values()];
}

/** Do so many descriptors wait in these sockets that they are worth a second look? */
export function isCrowded(sockets: readonly InFlight[]): boolean {
  return sockets.reduce((sum, { inFlight }) => sum + inFlight, 0) >= MANY_IN_FLIGHT;
}

/** What of it is still there: the number was not given to another file, and the counts are the smaller of both looks. */
export function readInFlight(evidence: Evidence, sockets: readonly InFlight[]): InFlight[] {
  return sockets.flatMap((known) => {
    const { value } = evidence.read(`/proc/${known.pid}/fdinfo/${known.fd}`);
    const info = value === undefined ? null : parseFdInfo(value);
    const now = info && (info.ino ?? known.inode) === known.inode ? infoNumber(info, 'scm_fds') : undefined;
    return now ? [{ ...known, inFlight: Math.min(known.inFlight, now) }] : [];
  });
}
