/** Two generations side by side. Pure but for `same`, which asks whether two descriptors are one open file description. */
import { closesOnExec, LAST_STANDARD_FD } from '../kernel/inheritance.ts';
import type { SocketDetail } from '../kernel/kinds/socket.ts';
import type { Fd } from '../kernel/types.ts';
import { isLoss } from './losses.ts';
import type { Accidental, Aspect, ComparedListener, Difference, Generation, InheritLook, Listener } from './model.ts';
import { lostVariables } from './variables.ts';

/** Workers give up rights of their master, have a CPU of their own each, and leave signals to it. */
const BY_DESIGN = new Set<Aspect>(['rights', 'scheduling', 'signals']);

/** Undefined: cannot be told. */
export type Same = (old: Fd, now: Fd) => boolean | undefined;

export function compare(old: Generation, now: Generation, worlds: Worlds, same: Same): InheritLook {
  const { pseudonyms } = worlds;
  const forked = isForked(old, now);
  const all = old.listeners.flatMap((listener) => comparedTo(listener, now.listeners, pseudonyms) ?? []);
  // What was not seen is not lost.
  const isTold = ({ status }: Compared): boolean => status !== 'lost' || now.table.errno === undefined;
  const listeners = all.filter(isTold);
  const { differences, equal } = contextDifferences(old, now, forked, pseudonyms);
  const taken = new Set(listeners.map(({ status, inode, anew }) => (status === 'handed-over' ? inode : anew)));
  const names = Number(now.context.environ?.get('LISTEN_PID'));
  return {
    type: 'inherit',
    old: old.process,
    new: now.process,
    forked,
    listeners: listeners.map(({ anew: _anew, ...listener }) => listener),
    untold: all.filter((listener) => !isTold(listener)),
    added: now.listeners.filter(({ inode }) => !taken.has(inode)),
    accidental: forked ? [] : accidentalOf(old, now, same),
    differences: [...differences, ...listenerDifferences(listeners), ...flips(listeners, now.listeners)],
    equal,
    exe: compareExe(old, now, worlds),
    lostVariables: lostVariables(old.context, now.context),
    // A fork has the variables of its master, which were for that.
    ...(names > 0 && !forked && !now.ownPids.includes(names) && { listenPid: { names, fds: Number(now.context.environ?.get('LISTEN_FDS') ?? 0) } }),
    tableUnread: old.table.errno !== undefined,
    pseudonyms,
  };
}

export interface Worlds {
  /** Names of the old one are pseudonyms. */
  pseudonyms: boolean;
  /** Both live now: no inode was used again. */
  isOneWorld: boolean;
}

function compareExe(old: Generation, now: Generation, { isOneWorld }: Worlds): InheritLook['exe'] {
  const [was, is] = [old.exe?.stat, now.exe?.stat];
  const sameInode = was && is ? was.dev === is.dev && was.ino === is.ino : null;
  // The number of a file that was removed is that of the next one that is made. Another name for a file changes its ctime, too.
  const changed = sameInode === true && !isOneWorld && (was!.size !== is!.size || (was!.changedMs ?? is!.changedMs) !== (is!.changedMs ?? was!.changedMs));
  return {
    ...(old.process.exe !== undefined && { old: old.process.exe }),
    ...(now.process.exe !== undefined && { new: now.process.exe }),
    same: changed ? (was!.size === is!.size ? null : false) : sameInode,
    newIsDeleted: now.exe?.deleted ?? false,
    inodeUsedAgain: changed,
  };
}

/** Each exec places a program anew at random; two that lie at the same addresses are copies of one by fork. */
function isForked(old: Generation, now: Generation): boolean {
  return old.context.placed !== '' && old.context.placed === now.context.placed && old.process.exe === now.process.exe;
}

/** With the inode of what was bound in its place. */
type Compared = ComparedListener & { anew?: string };

/** Undefined where it cannot be told. */
function comparedTo(listener: Listener, all: readonly Listener[], pseudonyms: boolean): Compared | undefined {
  const handed = all.find(({ inode }) => inode === listener.inode);
  if (handed) return { ...listener, status: 'handed-over', newFds: handed.fds, ...(handed.worker !== undefined && { newWorker: handed.worker }) };
  const anew = all.find(({ address, port, netns }) => address === listener.address && port === listener.port && netns === listener.netns) ?? all.find((one) => takesFor(one, listener, pseudonyms));
  if (!anew) return pseudonyms && listener.port === null ? undefined : { ...listener, status: 'lost', newFds: [] };
  return { ...listener, status: 'new-socket', newFds: anew.fds, anew: anew.inode, ...(anew.worker !== undefined && { newWorker: anew.worker }), ...(anew.address !== listener.address && !pseudonyms && { wider: anew.name }) };
}

/** Bound to all addresses it takes what came to one of them; `::` does for IPv4, too, unless it was told not to. */
function takesFor({ address, port, netns, v6Only }: Listener, old: Listener, pseudonyms: boolean): boolean {
  if (port === null || port !== old.port || netns !== old.netns) return false;
  const isV6 = old.address.includes(':');
  return pseudonyms || (address === '::' && (isV6 || !v6Only)) || (address === '0.0.0.0' && !isV6);
}

/** Open across exec in both, one description, and neither announced nor in use in the new one. */
function accidentalOf(old: Generation, now: Generation, same: Same): Accidental[] {
  const before = new Map<string, Fd[]>();
  for (const fd of old.table.fds) before.set(fd.link, [...(before.get(fd.link) ?? []), fd]);
  const isAsked = (fd: Fd): boolean => now.announced.includes(fd.fd) || now.used.has(fd.fd);
  // A program that copies what it was handed uses the copy; it may have closed the number that was announced.
  const copied = now.table.fds.filter((fd) => fd.kind === 'socket' && (isAsked(fd) || (fd.info !== undefined && closesOnExec(fd))));
  const handed = old.table.fds.filter((fd) => fd.kind === 'socket' && now.announced.includes(fd.fd));
  const asked = new Set([...copied, ...handed].map(({ link }) => link));
  return now.table.fds.flatMap((fd): Accidental[] => {
    if (fd.fd <= LAST_STANDARD_FD || closesOnExec(fd) || isAsked(fd) || asked.has(fd.link)) return [];
    for (const origin of before.get(fd.link) ?? []) {
      const told = same(origin, fd);
      // A socket is one; a file may have been opened twice, the ends of a pipe have one name, and so have all of a kind that has no file.
      const isOne = told ?? (fd.kind === 'socket' || (fd.kind === 'file' && origin.fd === fd.fd));
      if (!isOne) continue;
      const { row, probe } = (fd.detail ?? {}) as Partial<SocketDetail>;
      const listening = row?.state === 'LISTEN' || probe?.listening === true;
      return [{ fd, old: origin, target: fd.link, listening, proven: !now.useUnknown && (told === true || fd.kind === 'socket') }];
    }
    return [];
  });
}

function contextDifferences(old: Generation, now: Generation, forked: boolean, pseudonyms: boolean): { differences: Difference[]; equal: number } {
  const differences: Difference[] = [];
  const rest = new Map(now.context.items.map((item) => [item.name, item]));
  let equal = 0;
  for (const { aspect, name, value, source, named, isHost } of old.context.items) {
    const other = rest.get(name);
    rest.delete(name);
    if (pseudonyms && (named || other?.named)) continue;
    if (other?.value === value) equal++;
    else {
      const pair = { aspect, name, old: value, new: other?.value ?? null };
      const isByDesign = (forked && BY_DESIGN.has(aspect)) || (isHost !== undefined && isHost === other?.isHost);
      differences.push({ ...pair, source: other?.source ?? source, lost: isLoss(pair) && !isByDesign });
    }
  }
  for (const { aspect, name, value, source } of rest.values()) differences.push({ aspect, name, old: null, new: value, source, lost: false });
  return { differences: [...differences, ...environmentDifferences(old, now, pseudonyms)], equal };
}

/** Names only: a value is "set", whatever it is. */
function environmentDifferences(old: Generation, now: Generation, pseudonyms: boolean): Difference[] {
  const [before, after] = [old.context.environ, now.context.environ];
  if (!before || !after) return [];
  const source = `/proc/${now.process.pid}/environ`;
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((variable): Difference[] => {
    const [was, is] = [before.get(variable), after.get(variable)];
    const changed = was !== undefined && is !== undefined;
    if (was === is || (pseudonyms && changed)) return [];
    return [{ aspect: 'environment', name: `variable ${variable}`, old: was === undefined ? null : 'set', new: is === undefined ? null : changed ? 'set to another value' : 'set', source, lost: false }];
  });
}

function listenerDifferences(listeners: readonly ComparedListener[]): Difference[] {
  return listeners.filter(({ status }) => status === 'lost').map(({ name, inode }) => ({ aspect: 'listeners', name: `listener ${name}`, old: `socket ${inode}`, new: null, source: `socket:[${inode}]`, lost: true }));
}

/** The flag belongs to the open file description: who clears it in one generation clears it in both, and a loop that expects it stands still. */
function flips(listeners: readonly ComparedListener[], now: readonly Listener[]): Difference[] {
  return listeners.flatMap(({ name, inode, status, nonBlocking }): Difference[] => {
    const after = now.find((listener) => listener.inode === inode)?.nonBlocking;
    if (status !== 'handed-over' || nonBlocking === undefined || after === undefined || nonBlocking === after) return [];
    const words = (value: boolean): string => (value ? 'set' : 'clear');
    return [{ aspect: 'descriptors', name: `O_NONBLOCK of listener ${name}`, old: words(nonBlocking), new: words(after), source: `socket:[${inode}]`, lost: nonBlocking }];
  });
}
