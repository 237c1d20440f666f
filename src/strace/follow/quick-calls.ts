/** What the quick way does for each kind of call: first it looks whether it may, and changes nothing; then it does. */
import type { ByteString } from '../../evidence/types.ts';
import { runWith, stealing } from '../calls/dup.ts';
import { PEER_PIDFD } from '../calls/sockets.ts';
import { ROW } from '../lexer/lexer.ts';
import type { Block } from '../read/block.ts';
import type { Model } from '../tables/model.ts';
import type { PathEntry } from '../tables/path-table.ts';
import type { Pending, Slot, Thread } from '../tables/types.ts';
import type { Follower } from './follow.ts';
import { LANE } from './lanes.ts';
import { numberAt } from './number-at.ts';
import { behindFd, getsFlags, hasHighBytes, hasQuote, hasReuse, inodeBefore, marksCloexec, mayBeOfFds } from './quick-bytes.ts';
import { readPeer, type Peer } from './quick-peer.ts';

const COMMA = 44;
const SLASH = 47;
const GREATER = 62;

export class QuickCalls {
  private readonly follower: Follower;
  private readonly model: Model;
  private readonly getsockopt: number;
  // What `mayTake` found for `take`.
  private slot: Slot | undefined;
  private entry: PathEntry | undefined;
  private flag = false;
  private lane = 0;
  private inode = 0;
  private epoll = -1;
  private args: ByteString = '';
  private readonly peer: Peer = { host: 0, port: 0 };

  constructor(follower: Follower, model: Model) {
    this.follower = follower;
    this.model = model;
    this.getsockopt = follower.names.text.indexOf('getsockopt');
  }

  /** Looks at the line of `block.row`. @param half the first half of its call, which is then all that this line does not have of the arguments */
  mayTake(thread: Thread, name: number, lane: number, block: Block, value: number, isError: boolean, half: Pending | undefined): boolean {
    const { row } = block;
    const { words } = block.rows;
    this.lane = lane;
    this.slot = undefined;
    if (lane === LANE.touch) {
      if (isError) return true;
      if (name === this.getsockopt && (half !== undefined || PEER_PIDFD.test(argsAt(block)))) return false;
      const fd = half === undefined ? words[row + ROW.fd]! : half.fd;
      if (!(fd >= 0)) return true;
      const slot = thread.table.slots.get(fd);
      this.slot = slot;
      return slot !== undefined && !(value >= 16 && slot.description.kind === 'inotify' && hasHighBytes(block.buf, words[row + ROW.argsFrom]!, words[row + ROW.argsTo]!));
    }
    if (lane === LANE.close) {
      if (isError || value !== 0) return false;
      if (half !== undefined) return (this.slot = half.closed) !== undefined;
      return (this.slot = thread.table.slots.get(words[row + ROW.fd]!)) !== undefined;
    }
    // Calls that failed do little, and most of those that ask for paths do.
    if (isError && lane !== LANE.accept && lane !== LANE.epollControl && (half === undefined || half.window === block)) {
      this.entry = undefined;
      this.args = '';
      return true;
    }
    // Where the arguments begin: in the first half, when it lies in the same window.
    const from = words[row + ROW.argsFrom]!;
    const to = words[row + ROW.argsTo]!;
    let argsFrom = from;
    let argsTo = to;
    if (half !== undefined) {
      if (half.window !== block) return false;
      argsFrom = half.from;
      argsTo = half.to;
    }
    // Arguments of which the second half has some are for the other way.
    const isTogether = half === undefined || from === to;
    switch (lane) {
      case LANE.open:
        return this.follower.paths.changes === 0 && isTogether && this.mayOpen(thread, block, argsTo, value, half);
      case LANE.look:
        return this.mayLook(block, argsFrom, argsTo, half) && (this.entry !== undefined || half === undefined || !hasQuote(block.buf, from, to));
      case LANE.epollWait:
        this.args = value > 0 && thread.table.polled !== undefined && this.follower.epolls.mayHold(thread, block.view, from, to) ? block.slice(from, to) : '';
        return true;
      case LANE.epollControl:
        return !isError && value === 0 && isTogether && this.mayRegister(thread, block.buf, argsFrom, argsTo);
      case LANE.accept:
        return this.mayAccept(thread, name, block, value, isError, half);
      case LANE.fcntl:
        return isTogether && (getsFlags(block.buf, argsFrom, argsTo) || (value === 0 && this.mayMark(thread, block.buf, argsFrom, argsTo)));
      case LANE.setsockopt:
        return isTogether && !hasReuse(block.buf, argsFrom, argsTo);
      case LANE.message:
        return !((half !== undefined && block.slice(argsFrom, argsTo).includes('cmsg_type=')) || block.slice(from, to).includes('cmsg_type='));
      case LANE.ownPid:
        return thread.tid !== 0;
      case LANE.limit:
        return isTogether && !mayBeOfFds(block.buf, argsFrom, argsTo);
      default:
        return false;
    }
  }

  take(thread: Thread, name: number, value: number, isError: boolean, half: Pending | undefined, micros: number): void {
    const { follower, slot } = this;
    switch (this.lane) {
      case LANE.close:
        runWith(follower.context, thread, slot!.fd);
        if (half !== undefined) slot!.closing = false;
        else {
          stealing(thread, slot!);
          this.model.fds.close(thread, slot!, 'close');
        }
        return;
      case LANE.open:
        if (!isError) this.open(thread, name, value, half === undefined);
        return;
      case LANE.look:
        if (!isError && this.entry !== undefined) {
          const { fds } = this.model;
          follower.paths.look(this.entry, thread.pid, follower.names.text[name]!, half === undefined ? fds.line : half.line, half === undefined ? fds.time : half.time);
        }
        return;
      case LANE.epollWait:
        if (this.args !== '') follower.epolls.waited(thread, value, this.args, half === undefined ? this.model.fds.time + micros : this.model.fds.time);
        return;
      case LANE.epollControl:
        this.model.fds.use(slot!, thread);
        slot!.polledBy = this.epoll;
        return;
      case LANE.accept:
        this.accept(thread, name, value, isError, half);
        return;
      case LANE.fcntl:
        if (slot === undefined) return;
        this.model.fds.use(slot, thread);
        slot.cloexec = true;
        return;
      default:
        if (slot !== undefined) this.model.fds.use(slot, thread);
    }
  }

  /** `AT_FDCWD</srv>, "/srv/a", O_RDONLY|O_CLOEXEC`, and `3</srv/a>` or `3` */
  private mayOpen(thread: Thread, block: Block, to: number, value: number, half: Pending | undefined): boolean {
    if (thread.table.slots.has(value)) return false;
    const { buf, row } = block;
    const { words } = block.rows;
    const start = half === undefined ? words[row + ROW.pathFrom]! : half.pathFrom;
    if (start === 0) return false;
    const pathTo = half === undefined ? words[row + ROW.pathTo]! : half.pathTo;
    if (buf[pathTo + 1] !== COMMA || buf[pathTo + 3] !== 79) return false;
    // O_CLOEXEC, mostly the last one
    let isCloexec = buf[to - 3] === 88 && buf[to - 2] === 69;
    for (let i = pathTo + 4; !isCloexec && i < to; i++) if (buf[i] === 88 && buf[i + 1] === 69) isCloexec = true;
    this.flag = isCloexec;
    const isAbsolute = buf[start] === SLASH;
    if (isAbsolute && buf[start + 1] === 100 && buf[start + 2] === 101 && buf[start + 3] === 118) return false;
    const { table } = this.follower.paths;
    const inner = words[row + ROW.resultTo]! - 1;
    if (buf[inner] === GREATER) {
      const target = words[row + ROW.targetFrom]!;
      if (target === 0) return false;
      this.entry = table.at(block, target, inner, words[row + ROW.targetHash]!);
      return this.entry.kind === 'file';
    }
    if (!isAbsolute || buf[inner] === 41) return false;
    this.entry = table.at(block, start, pathTo, half === undefined ? words[row + ROW.pathHash]! : half.pathHash);
    return this.entry.kind === 'file';
  }

  /** FD_CLOEXEC is set, and no fork can have come between. */
  private mayMark({ table }: Thread, buf: Uint8Array, from: number, to: number): boolean {
    if (!marksCloexec(buf, from, to)) return false;
    const slot = table.slots.get(numberAt(buf, from, to));
    if (slot === undefined || slot.assumed || slot.how === 'pre-existing' || table.forks > slot.forks) return false;
    this.slot = slot;
    return true;
  }

  private open(thread: Thread, name: number, fd: number, isWhole: boolean): void {
    const { fds } = this.model;
    const entry = this.entry!;
    const call = this.follower.names.text[name]!;
    if (isWhole && fd >= thread.table.known) fds.inferBelow(thread, fd);
    if (entry.site === undefined || entry.site.call !== call) entry.site = fds.sites.at(call, 'file', entry.text);
    fds.opened(thread, fd, fds.describeFlat('file', entry.text), this.flag, 'opened', call, entry.site);
  }

  private mayLook(block: Block, from: number, to: number, half: Pending | undefined): boolean {
    const { buf, row } = block;
    const { words } = block.rows;
    this.entry = undefined;
    const start = half === undefined ? words[row + ROW.pathFrom]! : half.pathFrom;
    // Without a path, or with one that must be unescaped: only the first is plain.
    if (start === 0) return !hasQuote(buf, from, to);
    const pathTo = half === undefined ? words[row + ROW.pathTo]! : half.pathTo;
    if (start < pathTo && buf[start] === SLASH) this.entry = this.follower.paths.table.at(block, start, pathTo, half === undefined ? words[row + ROW.pathHash]! : half.pathHash);
    return true;
  }

  /** `8<anon_inode:[eventpoll]>, EPOLL_CTL_ADD, 9<socket:[5]>, {...}` */
  private mayRegister(thread: Thread, buf: Uint8Array, from: number, to: number): boolean {
    let i = behindFd(buf, from, to);
    if (buf[i] !== COMMA || buf[i + 2] !== 69) return false;
    i += 2;
    // EPOLL_CTL_DEL
    this.epoll = buf[i + 10] === 68 ? -1 : numberAt(buf, from, to);
    while (i < to && buf[i] !== COMMA) i++;
    const slot = thread.table.slots.get(numberAt(buf, i + 2, to));
    if (slot === undefined || slot.description.listening !== undefined || slot.assumed || slot.how === 'pre-existing') return false;
    this.slot = slot;
    return true;
  }

  private mayAccept(thread: Thread, name: number, { buf, view, row, rows: { words } }: Block, value: number, isError: boolean, half: Pending | undefined): boolean {
    const from = words[row + ROW.argsFrom]!;
    const to = words[row + ROW.argsTo]!;
    const fd = half === undefined ? words[row + ROW.fd]! : half.fd;
    const listener = thread.table.slots.get(fd);
    if (listener === undefined || listener.assumed || (listener.how === 'pre-existing' && listener.description.target === '')) return false;
    this.slot = listener;
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
    this.flag = isCloexec;
    this.inode = inodeBefore(buf, words[row + ROW.resultTo]!);
    return true;
  }

  private accept(thread: Thread, name: number, fd: number, isError: boolean, half: Pending | undefined): void {
    const { follower, model, peer } = this;
    const { fds } = model;
    const listener = this.slot!;
    const { description } = listener;
    this.model.fds.use(listener, thread);
    if (!isError) {
      const call = follower.names.text[name]!;
      const address = description.listening ?? description.bound;
      if (description.acceptSite === undefined || description.acceptSite.call !== call) {
        description.acceptSite = fds.sites.at(call, 'socket', address === undefined ? '' : `on ${follower.context.shown(address)}`);
      }
      if (half === undefined && fd >= thread.table.known) fds.inferBelow(thread, fd);
      const made = fds.describeFlat('socket', '');
      made.setPeer(peer.host, peer.port);
      made.accepted = true;
      made.inode = this.inode;
      fds.opened(thread, fd, made, this.flag, 'opened', call, description.acceptSite);
    }
    if (thread.table.polled !== undefined) follower.epolls.accepted(follower.context, thread, listener.fd, half === undefined ? fds.time : half.time);
    if (!isError) follower.listener?.accepted(thread, listener.fd);
  }
}

/** The arguments on this line, as text. */
function argsAt(block: Block): ByteString {
  const { words } = block.rows;
  return block.slice(words[block.row + ROW.argsFrom]!, words[block.row + ROW.argsTo]!);
}
