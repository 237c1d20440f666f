/** The quick way of accept and accept4: first it looks whether it may, and changes nothing; then it does. */
import { ROW } from '../lexer/lexer.ts';
import type { Block } from '../read/block.ts';
import type { Fds } from '../tables/fds.ts';
import { inferBelow } from '../tables/lowest.ts';
import type { Pending, Slot, Thread } from '../tables/types.ts';
import type { Follower } from './follow.ts';
import { inodeBefore } from './quick-bytes.ts';
import { readPeer, type Peer } from './quick-peer.ts';

const COMMA = 44;

export class QuickAccept {
  private readonly follower: Follower;
  private readonly fds: Fds;
  // What `may` found for `take`.
  private listener: Slot | undefined;
  private isCloexec = false;
  private inode = 0;
  private readonly peer: Peer = { host: 0, port: 0 };

  constructor(follower: Follower, fds: Fds) {
    this.follower = follower;
    this.fds = fds;
  }

  may(thread: Thread, name: number, { buf, view, row, rows: { words } }: Block, value: number, isError: boolean, half: Pending | undefined): boolean {
    const from = words[row + ROW.argsFrom]!;
    const to = words[row + ROW.argsTo]!;
    const fd = half === undefined ? words[row + ROW.fd]! : half.fd;
    const listener = thread.table.slots.get(fd);
    if (listener === undefined || listener.assumed || (listener.how === 'pre-existing' && listener.description.target === '')) return false;
    this.listener = listener;
    if (isError) return true;
    if (thread.table.slots.has(value) || !readPeer(this.peer, buf, view, from, to)) return false;
    let isCloexec = false;
    if (this.follower.names.text[name] === 'accept4') {
      for (let i = to - 1; i > from && buf[i] !== COMMA; i--) {
        if (buf[i] === 88 && buf[i + 1] === 69) isCloexec = true;
        // A flag by its number.
        if (buf[i] === 120) return false;
      }
    }
    this.isCloexec = isCloexec;
    this.inode = inodeBefore(buf, words[row + ROW.resultTo]!);
    return true;
  }

  take(thread: Thread, name: number, fd: number, isError: boolean, half: Pending | undefined): void {
    const { follower, peer } = this;
    const fds = this.fds;
    const listener = this.listener!;
    const { description } = listener;
    fds.use(listener, thread);
    if (!isError) {
      const call = follower.names.text[name]!;
      const address = description.listening ?? description.bound;
      if (description.acceptSite === undefined || description.acceptSite.call !== call) {
        description.acceptSite = fds.sites.at(call, 'socket', address === undefined ? '' : `on ${follower.context.shown(address)}`);
      }
      if (half === undefined && fd >= thread.table.known) inferBelow(fds, thread, fd);
      const made = fds.describeFlat('socket', '');
      made.setPeer(peer.host, peer.port);
      made.accepted = true;
      made.inode = this.inode;
      fds.opened(thread, fd, made, this.isCloexec, 'opened', call, description.acceptSite.id);
    }
    if (thread.table.polled !== undefined) follower.epolls.accepted(follower.context, thread, listener.fd, half === undefined ? fds.time : half.time);
    if (!isError) follower.listener?.accepted(thread, listener.fd);
  }
}

