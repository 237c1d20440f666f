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
import { QuickAccept } from './quick-accept.ts';
import { behindFd, COMMAND, commandAt, hasHighBytes, hasReuse, hasShared, hexAt, mayBeOfFds } from './quick-bytes.ts';
import { QuickPaths } from './quick-paths.ts';

const COMMA = 44;

export class QuickCalls {
  private readonly follower: Follower;
  private readonly model: Model;
  private readonly getsockopt: number;
  private readonly paths: QuickPaths;
  private readonly accepts: QuickAccept;
  // What `mayTake` found for `take`.
  private slot: Slot | undefined;
  private lane = 0;
  private epoll = -1;
  private command = 0;
  private args: ByteString = '';
  /** What waits on descriptors: where its list lies. */
  private buf: Uint8Array | undefined;
  private from = 0;
  private to = 0;

  constructor(follower: Follower, model: Model) {
    this.follower = follower;
    this.model = model;
    this.getsockopt = follower.names.text.indexOf('getsockopt');
    this.paths = new QuickPaths(follower.paths, follower.names, model.fds);
    this.accepts = new QuickAccept(follower, model.fds);
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
        return isTogether && this.paths.mayOpen(thread, block, value, half);
      case LANE.look:
        return this.paths.mayLook(block, half);
      case LANE.epollWait:
        this.args = value > 0 && thread.table.polled !== undefined && this.follower.epolls.mayHold(thread, block.view, from, to) ? block.slice(from, to) : '';
        return true;
      case LANE.epollControl:
        return !isError && value === 0 && isTogether && this.mayRegister(thread, block.buf, argsFrom, argsTo);
      case LANE.accept:
        return this.accepts.may(thread, name, block, value, isError, half);
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
        if (!isError) this.paths.open(thread, name, value, half === undefined);
        return;
      case LANE.look:
        if (!isError) this.paths.look(thread, name, half);
        return;
      case LANE.epollWait:
        if (this.args !== '') follower.epolls.waited(thread, value, this.args, half === undefined ? this.model.fds.time + micros : this.model.fds.time);
        return;
      case LANE.epollControl:
        this.model.fds.use(slot!, thread);
        slot!.polledBy = this.epoll;
        return;
      case LANE.accept:
        this.accepts.take(thread, name, value, isError, half);
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
}

/** The arguments on this line, as text. */
function argsAt(block: Block): ByteString {
  const { words } = block.rows;
  return block.slice(words[block.row + ROW.argsFrom]!, words[block.row + ROW.argsTo]!);
}
