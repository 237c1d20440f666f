/** What the quick way does for each kind of call: first it looks whether it may, and changes nothing; then it does. */
import type { ByteString } from '../../evidence/types.ts';
import { runWith, stealing } from '../calls/dup.ts';
import { bringsEvents } from '../calls/fanotify.ts';
import { PEER_PIDFD } from '../calls/sockets.ts';
import { ROW } from '../lexer/lexer.ts';
import type { Block } from '../read/block.ts';
import type { Model } from '../tables/model.ts';
import type { Pending, Slot, Thread } from '../tables/types.ts';
import type { Follower } from './follow.ts';
import { LANE } from './lanes.ts';
import { numberAt } from './number-at.ts';
import { behindFd, COMMAND, commandAt, hasHighBytes, hasQuote, hasReuse, hasShared, hexAt, inodeBefore, mayBeOfFds } from './quick-bytes.ts';
import { readPeer, type Peer } from './quick-peer.ts';

const COMMA = 44;
const SLASH = 47;
const GREATER = 62;
/** A path that is not told. */
const NAMELESS = -2;

export class QuickCalls {
  private readonly follower: Follower;
  private readonly model: Model;
  private readonly getsockopt: number;
  // What `mayTake` found for `take`.
  private slot: Slot | undefined;
  /** Place of the path in its table; -1 without. */
  private path = -1;
  private flag = false;
  private lane = 0;
  private inode = 0;
  private epoll = -1;
  private command = 0;
  private args: ByteString = '';
  /** What waits on descriptors: where its list lies. */
  private buf: Uint8Array | undefined;
  private from = 0;
  private to = 0;
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
      if (slot === undefined) return false;
      if (!(value >= 16) || !bringsEvents(slot.description.kind)) return true;
      return slot.description.kind === 'inotify' && !hasHighBytes(block.buf, words[row + ROW.argsFrom]!, words[row + ROW.argsTo]!);
    }
    if (lane === LANE.close) {
      if (isError || value !== 0) return false;
      if (half !== undefined) return (this.slot = half.closed) !== undefined;
      return (this.slot = thread.table.slots.get(words[row + ROW.fd]!)) !== undefined;
    }
    // Calls that failed do little, and most of those that ask for paths do.
    if (isError && lane !== LANE.accept && lane !== LANE.epollControl && (half === undefined || half.window === block)) {
      this.path = -1;
      this.args = '';
      this.to = this.from;
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
        return this.follower.paths.changes === 0 && isTogether && this.mayOpen(thread, block, value, half);
      case LANE.look:
        return this.mayLook(block, argsFrom, argsTo, half) && (this.path >= 0 || half === undefined || !hasQuote(block.buf, from, to));
      case LANE.epollWait:
        this.args = value > 0 && thread.table.polled !== undefined && this.follower.epolls.mayHold(thread, block.view, from, to) ? block.slice(from, to) : '';
        return true;
      case LANE.epollControl:
        return !isError && value === 0 && isTogether && this.mayRegister(thread, block.buf, argsFrom, argsTo);
      case LANE.accept:
        return this.mayAccept(thread, name, block, value, isError, half);
      case LANE.fcntl:
        return isTogether && this.mayControl(thread, block.buf, argsFrom, argsTo, value);
      case LANE.setsockopt:
        return isTogether && !hasReuse(block.buf, argsFrom, argsTo);
      case LANE.message:
        return !((half !== undefined && block.slice(argsFrom, argsTo).includes('cmsg_type=')) || block.slice(from, to).includes('cmsg_type='));
      case LANE.ownPid:
        return thread.tid !== 0;
      case LANE.poll:
        this.buf = block.buf;
        this.from = argsFrom;
        this.to = argsTo;
        return true;
      case LANE.map:
        return isTogether && !hasShared(block.buf, argsFrom, argsTo);
      case LANE.unmap:
        return isTogether && !this.follower.mappings.mayBeAt(hexAt(block.buf, argsFrom, argsTo));
      case LANE.limit:
        // Which limit it is stands in the first half.
        return !mayBeOfFds(block.buf, argsFrom, argsTo);
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
        if (!isError && this.path >= 0) {
          const { fds } = this.model;
          follower.paths.look(this.path, thread.pid, follower.names.text[name]!, half === undefined ? fds.line : half.line, half === undefined ? fds.time : half.time);
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
      case LANE.poll:
        this.useListed(thread);
        return;
      case LANE.fcntl:
        if (slot === undefined) return;
        this.model.fds.use(slot, thread);
        if (this.command === COMMAND.mark) slot.cloexec = true;
        else this.model.fds.dup(thread, slot, value, this.command === COMMAND.copyCloexec, follower.names.text[name]!, false);
        return;
      default:
        if (slot !== undefined) this.model.fds.use(slot, thread);
    }
  }

  /** `[{fd=5</a>, events=POLLIN}, ...` */
  private useListed(thread: Thread): void {
    const { from, to } = this;
    const buf = this.buf!;
    for (let i = from; i < to - 4; i++) {
      // {fd=
      if (buf[i] !== 123 || buf[i + 1] !== 102 || buf[i + 3] !== 61) continue;
      const slot = thread.table.slots.get(numberAt(buf, i + 4, to));
      if (slot !== undefined) this.model.fds.use(slot, thread);
    }
  }

  /** `AT_FDCWD</srv>, "/srv/a", O_RDONLY|O_CLOEXEC`, and `3</srv/a>` or `3` */
  private mayOpen(thread: Thread, block: Block, value: number, half: Pending | undefined): boolean {
    if (thread.table.slots.has(value)) return false;
    const { buf, row } = block;
    const { words } = block.rows;
    const start = half === undefined ? words[row + ROW.pathFrom]! : half.pathFrom;
    if (start === 0) return half === undefined && this.mayOpenNameless(buf, words[row + ROW.argsFrom]!, words[row + ROW.argsTo]!, words[row + ROW.resultTo]!);
    const pathTo = half === undefined ? words[row + ROW.pathTo]! : half.pathTo;
    if (buf[pathTo + 1] !== COMMA || buf[pathTo + 3] !== 79) return false;
    this.flag = (half === undefined ? words[row + ROW.cloexec]! : half.pathCloexec) === 1;
    const isAbsolute = buf[start] === SLASH;
    if (isAbsolute && buf[start + 1] === 100 && buf[start + 2] === 101 && buf[start + 3] === 118) return false;
    const { table } = this.follower.paths;
    const inner = words[row + ROW.resultTo]! - 1;
    if (buf[inner] === GREATER) {
      const target = words[row + ROW.targetFrom]!;
      if (target === 0) return false;
      this.path = table.at(block, target, inner, words[row + ROW.targetId]!);
      return table.isFile[this.path] === 1;
    }
    if (!isAbsolute || buf[inner] === 41) return false;
    this.path = table.at(block, start, pathTo, half === undefined ? words[row + ROW.pathId]! : half.pathId);
    return table.isFile[this.path] === 1;
  }

  /** `AT_FDCWD, 0x7f00, O_RDONLY|O_CLOEXEC`, and `3`: a trace of the kernel tells where a name lies, and not what it is. */
  private mayOpenNameless(buf: Uint8Array, from: number, to: number, resultTo: number): boolean {
    // AT_FDCWD, 0x
    if (buf[from] !== 65 || buf[from + 8] !== COMMA || buf[from + 10] !== 48 || buf[from + 11] !== 120 || buf[resultTo - 1]! < 48 || buf[resultTo - 1]! > 57) return false;
    let i = from + 12;
    while (i < to && buf[i] !== COMMA) i++;
    // O_RDONLY, O_WRONLY, O_RDWR: they end there, or with |O_CLOEXEC, which no other one does as short.
    if (buf[i + 2] !== 79 || buf[i + 3] !== 95) return false;
    const length = to - i - 2;
    const isCloexec = length > 8 && buf[to - 1] === 67 && buf[to - 9] === 79 && buf[to - 10] === 124;
    if ((isCloexec ? length - 10 : length) > 8) return false;
    this.flag = isCloexec;
    this.path = NAMELESS;
    return true;
  }

  /** fcntl: flags are asked for, FD_CLOEXEC is set and no fork can have come between, or a number is copied to one that is free. */
  private mayControl({ table }: Thread, buf: Uint8Array, from: number, to: number, value: number): boolean {
    const command = commandAt(buf, behindFd(buf, from, to), to);
    if (command === COMMAND.flags) return true;
    if (command === COMMAND.other || (command === COMMAND.mark ? value !== 0 : table.slots.has(value))) return false;
    const slot = table.slots.get(numberAt(buf, from, to));
    if (slot === undefined || slot.assumed || slot.how === 'pre-existing' || (command === COMMAND.mark && table.forks > slot.forks)) return false;
    this.slot = slot;
    this.command = command;
    return true;
  }

  private open(thread: Thread, name: number, fd: number, isWhole: boolean): void {
    const { fds } = this.model;
    const { paths, names } = this.follower;
    const { table } = paths;
    const at = this.path;
    const call = names.text[name]!;
    if (at === NAMELESS) {
      if (isWhole && fd >= thread.table.known) fds.inferBelow(thread, fd);
      fds.opened(thread, fd, fds.describeFlat('file', ''), this.flag, 'opened', call, fds.sites.at(call, 'file', '').id);
      return;
    }
    const path = table.texts[at]!;
    if (isWhole && fd >= thread.table.known) fds.inferBelow(thread, fd);
    if (table.openedBy[at] !== name) {
      table.sites[at] = fds.sites.at(call, 'file', path).id;
      table.openedBy[at] = name;
    }
    fds.opened(thread, fd, fds.describeFlat('file', path), this.flag, 'opened', call, table.sites[at]!);
  }

  private mayLook(block: Block, from: number, to: number, half: Pending | undefined): boolean {
    const { buf, row } = block;
    const { words } = block.rows;
    this.path = -1;
    const start = half === undefined ? words[row + ROW.pathFrom]! : half.pathFrom;
    // Without a path, or with one that must be unescaped: only the first is plain.
    if (start === 0) return !hasQuote(buf, from, to);
    const pathTo = half === undefined ? words[row + ROW.pathTo]! : half.pathTo;
    if (start < pathTo && buf[start] === SLASH) this.path = this.follower.paths.table.at(block, start, pathTo, half === undefined ? words[row + ROW.pathId]! : half.pathId);
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
      fds.opened(thread, fd, made, this.flag, 'opened', call, description.acceptSite.id);
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
