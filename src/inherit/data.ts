/** `data` of the report: the part scripts read. Add keys, never change them. */
import { decodeText } from '../kernel/text.ts';
import type { InheritLook, Listener } from './model.ts';

export interface InheritData {
  old: number | null;
  new: number | null;
  /** The new one was forked and has not run exec since. */
  forked: boolean;
  listeners: ListenerRow[];
  /** Only the new one listens there. */
  added: Pick<ListenerRow, 'address' | 'port' | 'inode' | 'newFds'>[];
  accidental: { fd: number; target: string; listening: boolean; proven: boolean }[];
  context: { name: string; aspect: string; old: string | null; new: string | null; lost: boolean }[];
  /** Things that were compared and are equal. */
  equal: number;
  exe: { old: string | null; new: string | null; same: boolean | null };
  /** LISTEN_PID of the new one names another process; LISTEN_FDS with it. */
  listenPid?: { names: number; fds: number };
}

export interface ListenerRow {
  address: string;
  /** null: a unix socket. */
  port: number | null;
  inode: string;
  status: 'handed-over' | 'new-socket' | 'lost';
  oldFds: number[];
  newFds: number[];
  /** The worker that holds it, where the process itself does not. */
  oldPid?: number;
  newPid?: number;
  /** The network namespace of the listener, where the process that holds it is in another one. */
  netns?: string;
}

const textOf = (bytes: string | undefined): string | null => (bytes === undefined ? null : decodeText(bytes).text);

export function emptyData(): InheritData {
  return { old: null, new: null, forked: false, listeners: [], added: [], accidental: [], context: [], equal: 0, exe: { old: null, new: null, same: null } };
}

export function buildData(look: InheritLook): InheritData {
  const { old, new: now, forked, listeners, added, accidental, differences, equal, exe, listenPid } = look;
  return {
    old: old.pid,
    new: now.pid,
    forked,
    listeners: listeners.map(({ address, port, inode, status, fds, newFds, worker, newWorker, netns }) => ({ address, port, inode, status, oldFds: fds, newFds, ...(worker !== undefined && { oldPid: worker }), ...(newWorker !== undefined && { newPid: newWorker }), ...(netns !== undefined && { netns }) })),
    added: added.map(({ address, port, inode, fds }: Listener) => ({ address, port, inode, newFds: fds })),
    accidental: accidental.map(({ fd, target, listening, proven }) => ({ fd: fd.fd, target: decodeText(target).text, listening, proven })),
    context: differences.map(({ name, aspect, old: was, new: is, lost }) => ({ name, aspect, old: was, new: is, lost })),
    equal,
    exe: { old: textOf(exe.old), new: textOf(exe.new), same: exe.same },
    ...(listenPid && { listenPid }),
  };
}
