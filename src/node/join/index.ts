/** Joins what JavaScript holds with what the kernel holds, both ways: handle to descriptor to socket, and descriptor to handle. */
import { fdAt } from '../../kernel/fd-index.ts';
import { endpoint, type SocketDetail } from '../../kernel/kinds/socket.ts';
import { decodeText } from '../../kernel/text.ts';
import type { Fd } from '../../kernel/types.ts';
import type { MapFrame } from '../maps/index.ts';
import type { Frame, Handle, OrphanFd } from '../model.ts';
import type { RawHandle } from '../probe/raw.ts';
import type { ThreadList } from '../read/index.ts';
import { kindOf, kindOfRequest } from './kinds.ts';
import { orphansOf } from './orphans.ts';
import { pathOf, placeText, siteFrame, withoutQuery } from './sites.ts';
import { nameInotify, namePaths, nameWatches } from './watch-paths.ts';

export interface Joined {
  handles: Handle[];
  orphans: OrphanFd[];
}

/** @param before what was open earlier, by number: a descriptor without a handle must have been there all the time; absent: none is looked for */
export function join(pid: number, threads: readonly ThreadList[], fds: readonly Fd[], before?: ReadonlyMap<number, string>, written: MapFrame = (frame) => frame): Joined {
  const handles: Handle[] = [];
  for (const thread of threads) {
    const own = thread.list.handles.map((raw) => handleOf(pid, thread.thread, raw, thread.places, fds, written));
    namePaths(own, thread.uv);
    handles.push(...own);
    for (const raw of thread.served ?? []) handles.push(handleOf(pid, thread.thread, raw, thread.servedPlaces ?? new Map(), fds, written));
    for (const raw of thread.timers ?? []) {
      const timer = handleOf(pid, thread.thread, raw, thread.timerPlaces, fds, written);
      // The runtime's own clocks hold nothing alive. Of functions that were too many to ask for nobody knows whose they are.
      if (timer.ref !== false || timer.callback !== undefined || timer.site !== undefined || raw.fn === undefined) handles.push(timer);
    }
    for (const name of thread.list.requests) handles.push({ pid, thread: thread.thread, kind: kindOfRequest(name), ref: true });
  }
  nameInotify(handles, fds);
  const extras = threads.flatMap(({ thread, list }) => list.extras.map((raw) => ({ thread, raw })));
  handles.push(...workersOf(pid, threads, extras.map(({ raw }) => raw), written));
  for (const { thread, raw } of extras) {
    // A number may have been closed by native code, and be something else by now.
    const isOpen = fdAt(fds, raw.fd ?? -1)?.link.startsWith('/');
    if (isOpen && /^File(?:Handle|Stream)$/.test(raw.c)) handles.push({ ...handleOf(pid, thread, raw, new Map(), fds, written), ref: false });
  }
  nameWatches(handles, extras.map(({ raw }) => raw), written);
  if (!before) return { handles, orphans: [] };
  const lasting = fds.filter(({ fd, link }) => before.get(fd) === link);
  return { handles, orphans: orphansOf(pid, threads, handles, lasting, extras.map(({ raw }) => raw), written) };
}

/** Those that answered, and those that the preload knows. */
function workersOf(pid: number, threads: readonly ThreadList[], extras: readonly RawHandle[], written: MapFrame): Handle[] {
  const known = new Map<number, Handle>();
  for (const { thread, name } of threads) if (thread !== 0) known.set(thread, { pid, thread: 0, kind: 'worker', ref: true, workerId: thread, ...(name !== '' && { path: name }) });
  for (const raw of extras) {
    if (raw.c !== 'Worker' || raw.thread === undefined) continue;
    const made = handleOf(pid, 0, raw, new Map(), [], written);
    known.set(raw.thread, { ...(known.get(raw.thread) ?? { workerId: raw.thread }), ...made, ref: true });
  }
  return [...known.values()];
}

function handleOf(pid: number, thread: number, raw: RawHandle, places: ReadonlyMap<number, Frame>, fds: readonly Fd[], written: MapFrame): Handle {
  const handle: Handle = { pid, thread, kind: kindOf(raw) };
  const { fd, ref, stack, age, http } = raw;
  if (raw.id !== undefined) handle.id = raw.id;
  if (ref !== undefined) handle.ref = ref;
  if (fd !== undefined) {
    handle.fd = fd;
    if (fd <= 2) handle.stdio = true;
    addDescriptor(handle, fdAt(fds, fd));
  }
  const made = raw.ask ? siteFrame(raw.ask) : undefined;
  const frame = made ?? (stack && siteFrame(stack));
  if (frame) handle.site = placeText(written(frame));
  if (stack) handle.stack = stack.map((one) => written({ ...one, file: pathOf(one.file) }));
  if (age !== undefined) handle.ageMs = Math.round(age);
  const callback = raw.fn?.map((index) => places.get(index)).find((place) => place !== undefined);
  if (callback) handle.callback = placeText(written(callback));
  if (http && (http.method !== '' || http.url !== '')) {
    handle.http = { method: http.method, url: withoutQuery(http.url), side: http.side, ...(http.status !== undefined && { status: http.status }), ...(http.unread && { unread: true }) };
  }
  if (raw.acc) handle.accepted = true;
  if (raw.held !== undefined) handle.held = raw.held;
  if (raw.rlen !== undefined && raw.rlen > 0) handle.buffered = raw.rlen;
  if (typeof raw.flow === 'boolean') handle.flowing = raw.flow;
  if (raw.reads !== undefined) handle.reads = raw.reads;
  if (raw.rend) handle.ended = true;
  if (raw.half) handle.halfOpen = true;
  if (raw.unread) handle.unread = true;
  if (raw.conns !== undefined) handle.connections = raw.conns;
  if (raw.shared) handle.shared = raw.shared;
  if (raw.at !== undefined) handle.local ??= raw.at;
  if (raw.streams !== undefined) handle.streams = raw.streams;
  if (raw.path !== undefined && raw.path !== '') handle.path = raw.path;
  if (raw.pid !== undefined) handle.childPid = raw.pid;
  if (raw.file !== undefined && raw.file !== '') handle.command = raw.file;
  const interval = raw.repeat ?? raw.once;
  if (interval !== undefined) handle.intervalMs = interval;
  if (raw.due !== undefined) handle.dueMs = Math.round(raw.due);
  return handle;
}

function addDescriptor(handle: Handle, fd: Fd | undefined): void {
  const row = fd?.kind === 'socket' ? (fd.detail as SocketDetail).row : undefined;
  if (!row) return;
  const local = endpoint(row.localAddress, row.localPort);
  const remote = endpoint(row.remoteAddress, row.remotePort);
  if (local !== undefined) handle.local = local;
  if (remote !== undefined && row.state !== 'LISTEN' && row.remotePort !== 0) handle.remote = remote;
  if (row.path !== undefined) handle.path = decodeText(row.path).text;
  if (row.protocol.startsWith('tcp')) {
    handle.state = row.state;
    if (row.state !== 'LISTEN' && row.receiveQueue) handle.receiveQueue = row.receiveQueue;
  }
}
