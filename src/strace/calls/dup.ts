/** Calls that close, copy and mark numbers. */
import { fdNumber, fdOf, hasFlag, splitArgs, unnamed } from '../parse/args.ts';
import type { CloseRun, Slot, Thread } from '../tables/types.ts';
import type { Call, Context, Handler } from './call.ts';
import { badFd } from './bad-fd.ts';
import { O_CLOEXEC } from './open.ts';

/** So many numbers in a row, closed one by one: a loop that closes whatever there is. */
const LOOP = 8;

/** The entry of a close is its effect: the number may be given out again before the call returns. */
export function closeAtEntry(context: Context, thread: Thread, fd: number): Slot | undefined {
  const slot = thread.table.slots.get(fd);
  if (!slot) return undefined;
  stealing(thread, slot);
  slot.closing = true;
  context.fds.close(thread, slot, 'close');
  return slot;
}

export function closeHandler(context: Context, thread: Thread, call: Call, entered: Slot | undefined): void {
  const fd = fdNumber(call.args);
  if (!(fd >= 0)) return;
  if (entered) entered.closing = false;
  const run = runWith(context, thread, fd);
  if (call.errno === 'EBADF') {
    const slot = thread.table.slots.get(fd);
    const last = entered ? undefined : thread.table.closed.get(fd);
    // Our table was wrong, or the close was done by somebody else while this one waited.
    if (slot) closed(context, thread, slot, call);
    // A script may close what it never opened, to be sure.
    else if (last && !thread.beforeExec && !SHELL.test(thread.program)) {
      last.isKept = true;
      (run.bad ??= []).push({ fd, line: call.line, time: call.time, slot: last });
    }
    return;
  }
  // Whatever else it says (EINTR, EIO), the number is free.
  if (entered || !(call.ok || call.errno !== '')) return;
  const slot = thread.table.slots.get(fd) ?? context.slot(thread, fd, fdOf(call.args).decoration);
  if (slot) closed(context, thread, slot, call);
}

function closed(context: Context, thread: Thread, slot: Slot, call: Call): void {
  stealing(thread, slot);
  context.fds.close(thread, slot, call.name);
}

/** Remembers that the closer had closed this number before and never used what it is now. */
export function stealing(thread: Thread, slot: Slot): void {
  if (slot.beforeTid !== thread.tid || slot.tid === thread.tid || slot.usedBy === thread.tid) slot.beforeTid = 0;
}

export function runWith(context: Context, thread: Thread, fd: number): CloseRun {
  const { run } = thread;
  if (run.length > 0) {
    const step = fd - run.last;
    if ((step === 1 || step === -1) && (run.step === 0 || run.step === step)) {
      run.last = fd | 0;
      run.step = step;
      run.length++;
      return run;
    }
    endRun(context, thread);
  }
  run.last = fd | 0;
  run.step = 0;
  run.length = 1;
  return run;
}

/** Another call, or another number: what was found is told, unless it was a loop. */
export function endRun(context: Context, thread: Thread): void {
  const { bad, length } = thread.run;
  thread.run.length = 0;
  if (!bad) return;
  thread.run.bad = undefined;
  if (length < LOOP) for (const { fd, line, time, slot } of bad) badFd(context, thread, { call: 'close', fd, errno: 'EBADF', slot, line, time });
}

const SHELL = /(?:^|\/)(?:ba|da|z|k|c|tc|fi|a)?sh$/;

function dup(context: Context, thread: Thread, call: Call): void {
  if (!call.ok) return;
  const args = splitArgs(call.args);
  const { fd, decoration } = fdOf(args[0] ?? '');
  const isChosen = call.name !== 'dup';
  const target = isChosen ? fdOf(args[1] ?? '').fd : call.value;
  const from = context.slot(thread, fd, decoration ?? fdOf(call.result).decoration);
  if (!from || (isChosen && target === fd)) return;
  const cloexec = call.name === 'dup3' && hasFlag(unnamed(args[2] ?? ''), 'O_CLOEXEC', O_CLOEXEC);
  const slot = context.fds.dup(thread, from, call.value, cloexec, call.name, !isChosen && call.isWhole);
  slot.intended = isChosen && !cloexec;
  if (isChosen && SHELL.test(thread.program)) slot.description.redirected = true;
}

const F = { DUPFD: 0, GETFD: 1, SETFD: 2, DUPFD_CLOEXEC: 1030 };

function fcntl(context: Context, thread: Thread, call: Call): void {
  if (!call.ok) return;
  const args = splitArgs(call.args);
  const command = unnamed(args[1] ?? '');
  const raw = /^(0x[0-9a-f]+|\d+)/.exec(command);
  const number = raw ? Number(raw[1]) : (F as Record<string, number>)[command.replace(/^F_/, '').replace(/ .*$/, '')];
  if (number === undefined) {
    if (/^F_(?:OFD_)?SETLKW?(?:64)?\b/.test(command)) lock(context, thread, args[0] ?? '', command.startsWith('F_OFD'), !/\bl_type=F_UNLCK\b/.test(call.args));
    return;
  }
  const { fd, decoration } = fdOf(args[0] ?? '');
  const slot = context.slot(thread, fd, decoration);
  if (!slot) return;
  if (number === F.SETFD) setCloexec(context, thread, slot, call, hasFlag(unnamed(args[2] ?? ''), 'FD_CLOEXEC', 1));
  else if (number === F.GETFD) slot.cloexec = (call.value & 1) === 1;
  else if (number === F.DUPFD || number === F.DUPFD_CLOEXEC) context.fds.dup(thread, slot, call.value, number === F.DUPFD_CLOEXEC, call.name, false);
}

function setCloexec(context: Context, thread: Thread, slot: Slot, call: Call, isOn: boolean): void {
  const { table } = thread;
  const fork = table.lastFork;
  // Opened without the flag, copied by a fork, and marked after that: the child has it unmarked.
  if (isOn && slot.cloexec === false && slot.how === 'opened' && table.forks > slot.forks && fork && fork.line > slot.line && slot.tid === thread.tid) {
    context.emit({ type: 'trace', at: context.moment(), actor: context.actor(thread), what: 'cloexec-race', fd: context.tell(slot), call: slot.call, fork: context.moment(fork.line, fork.time), child: fork.child, isOwn: fork.tid === thread.tid });
  }
  if (!isOn) slot.intended = true;
  slot.cloexec = isOn;
  if (context.fds.onStep) context.fds.step('cloexec', thread, slot, call.name);
}

/** @param isOfFile the lock goes with the open file, not with the process */
function lock(context: Context, thread: Thread, arg: string, isOfFile: boolean, isTaken: boolean): void {
  const { fd, decoration } = fdOf(arg);
  const slot = context.slot(thread, fd, decoration);
  if (!slot) return;
  if (isOfFile) slot.description.locked = isTaken;
  else slot.description.held = isTaken;
}

function flock(context: Context, thread: Thread, call: Call): void {
  const { fd, decoration } = fdOf(call.args);
  const slot = call.ok ? context.slot(thread, fd, decoration) : undefined;
  if (slot) slot.description.locked = !/LOCK_UN\b|, (?:operation=)?0?x?8\b/.test(call.args);
}

/** Requests that return a descriptor. */
const IOCTL_FDS = /\b(?:TIOCGPTPEER|0x5441|NS_GET_\w+|KVM_CREATE_\w+|SIOCGSKNS|UDMABUF_CREATE\w*|USERFAULTFD_IOC_NEW|VFIO_GROUP_GET_DEVICE_FD|LIRC_\w*GETFD)\b/;

/** An ioctl that succeeded. */
export function ioctl(context: Context, thread: Thread, call: Call): void {
  if (/\bFIOCLEX\b|, (?:request=)?0x5451\b/.test(call.args)) mark(context, thread, call, true);
  if (/\bFIONCLEX\b|, (?:request=)?0x5450\b/.test(call.args)) mark(context, thread, call, false);
  const { decoration } = fdOf(call.result);
  if (decoration === undefined && !(call.value > 2 && IOCTL_FDS.test(call.args))) return;
  const [, request = '', flags = ''] = splitArgs(call.args).map(unnamed);
  // The others mark what they make.
  const cloexec = /TIOCGPTPEER|0x5441/.test(request) ? hasFlag(flags, 'O_CLOEXEC', O_CLOEXEC) : IOCTL_FDS.test(request) ? true : null;
  context.fds.open(thread, call.value, { kind: 'other', target: decoration ?? '', cloexec, call: 'ioctl', siteWords: request, isLowest: call.isWhole });
}

function mark(context: Context, thread: Thread, call: Call, isOn: boolean): void {
  const { fd, decoration } = fdOf(call.args);
  const slot = context.slot(thread, fd, decoration);
  if (slot) setCloexec(context, thread, slot, call, isOn);
}

function closeRange(context: Context, thread: Thread, call: Call): void {
  if (!call.ok) return;
  const [first = '', last = '', flags = ''] = splitArgs(call.args).map(unnamed);
  const from = Number.parseInt(first, 10);
  const to = /^(?:-1|~0U?|0xffffffff|UINT_MAX)/.test(last) ? Infinity : Number(/^(?:0x[0-9a-f]+|\d+)/.exec(last)?.[0] ?? NaN);
  if (Number.isNaN(from) || Number.isNaN(to)) return;
  if (hasFlag(flags, 'CLOSE_RANGE_UNSHARE', 2)) context.model.unshare(thread);
  const isMark = hasFlag(flags, 'CLOSE_RANGE_CLOEXEC', 4);
  for (const slot of thread.table.slots.values()) {
    if (slot.fd < from || slot.fd > to) continue;
    if (isMark) slot.cloexec = true;
    else context.fds.close(thread, slot, call.name);
  }
  // Whatever nobody had seen there is gone too.
  if (!isMark && from <= thread.table.known) thread.table.known = Math.max(thread.table.known, Math.min(to + 1, from + 65_536)) | 0;
}

export const dupHandlers: Record<string, Handler> = {
  dup, dup2: dup, dup3: dup, fcntl, fcntl64: fcntl, flock, close_range: closeRange,
};
