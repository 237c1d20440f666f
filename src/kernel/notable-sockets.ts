/** Sockets that a rule may have something to say about: of 100,000 in a healthy program, few. */
import { fdsOf } from './fd-index.ts';
import { type SocketDetail, socket } from './kinds/socket.ts';
import type { Fd } from './types.ts';

/** Kept with the table: a look asks for them time and again. What is filled in later (flags, probes) makes none notable. */
const known = new WeakMap<readonly Fd[], readonly Fd<SocketDetail>[]>();

/** All but the plain ones, ascending as the table: listeners, what is in no table, unix sockets, those in other states, those with data in a queue. */
export function notableSockets(fds: readonly Fd[]): readonly Fd<SocketDetail>[] {
  let found = known.get(fds);
  if (!found) known.set(fds, (found = fdsOf(fds, socket).filter((fd) => !isPlain(fd.detail))));
  return found;
}

/** Connected or not, with nothing on its way. */
function isPlain({ row }: SocketDetail): boolean {
  if (row === undefined || row.receiveQueue || row.sendQueue || row.protocol === 'unix') return false;
  return row.state === 'ESTABLISHED' || row.state === 'UNCONNECTED';
}
