/** Two generations side by side. Pure but for `same`, which asks whether two descriptors are one open file description. */
import { closesOnExec, LAST_STANDARD_FD } from '../kernel/inheritance.ts';
import type { SocketDetail } from '../kernel/kinds/socket.ts';
import type { Fd } from '../kernel/types.ts';
import { isLoss } from './losses.ts';
import type { Accidental, ComparedListener, Difference, Generation, InheritLook, Listener } from './model.ts';

/** Undefined: cannot be told. */
export type Same = (old: Fd, now: Fd) => boolean | undefined;

export function compare(old: Generation, now: Generation, same: Same): InheritLook {
  const forked = isForked(old, now);
  const listeners = old.listeners.map((listener) => comparedTo(listener, now.listeners));
  const { differences, equal } = contextDifferences(old, now, forked);
  const taken = new Set(listeners.flatMap(({ newFds }) => newFds));
  const names = Number(now.context.environ?.get('LISTEN_PID'));
  const isMeant = names === now.process.pid || now.announced.length > 0;
  return {
    type: 'inherit',
    old: old.process,
    new: now.process,
    forked,
    listeners,
    added: now.listeners.filter(({ fds }) => !fds.some((fd) => taken.has(fd))),
    accidental: forked ? [] : accidentalOf(old, now, same),
    differences: [...differences, ...listenerDifferences(listeners), ...flips(listeners, now.listeners)],
    equal,
    exe: {
      ...(old.process.exe !== undefined && { old: old.process.exe }),
      ...(now.process.exe !== undefined && { new: now.process.exe }),
      same: old.exe && now.exe ? old.exe.stat.dev === now.exe.stat.dev && old.exe.stat.ino === now.exe.stat.ino : null,
      newIsDeleted: now.exe?.deleted ?? false,
    },
    ...(names > 0 && !isMeant && { listenPid: { names, fds: Number(now.context.environ?.get('LISTEN_FDS') ?? 0) } }),
  };
}

/** Each exec places a program anew at random; two that lie at the same addresses are copies of one by fork. */
function isForked(old: Generation, now: Generation): boolean {
  return old.context.placed !== '' && old.context.placed === now.context.placed && old.process.exe === now.process.exe;
}

function comparedTo(listener: Listener, all: readonly Listener[]): ComparedListener {
  const handed = all.find(({ inode }) => inode === listener.inode);
  if (handed) return { ...listener, status: 'handed-over', newFds: handed.fds };
  const anew = all.find(({ address, port }) => address === listener.address && port === listener.port);
  return { ...listener, status: anew ? 'new-socket' : 'lost', newFds: anew?.fds ?? [] };
}

/** Open across exec in both, one description, and neither announced nor in use in the new one. */
function accidentalOf(old: Generation, now: Generation, same: Same): Accidental[] {
  const before = new Map<string, Fd[]>();
  for (const fd of old.table.fds) before.set(fd.link, [...(before.get(fd.link) ?? []), fd]);
  const isAsked = (fd: Fd): boolean => now.announced.includes(fd.fd) || now.used.has(fd.fd);
  // A program that copies what it was handed uses the copy.
  const asked = new Set(now.table.fds.filter((fd) => fd.kind === 'socket' && (isAsked(fd) || (fd.info !== undefined && closesOnExec(fd)))).map(({ link }) => link));
  return now.table.fds.flatMap((fd): Accidental[] => {
    if (fd.fd <= LAST_STANDARD_FD || (fd.kind !== 'socket' && fd.kind !== 'file') || closesOnExec(fd) || isAsked(fd) || asked.has(fd.link)) return [];
    for (const origin of before.get(fd.link) ?? []) {
      const told = same(origin, fd);
      if (told === false || (told === undefined && fd.kind === 'file' && origin.fd !== fd.fd)) continue;
      const listening = (fd.detail as Partial<SocketDetail> | null)?.row?.state === 'LISTEN';
      return [{ fd, old: origin, target: fd.link, listening, proven: !now.useUnknown && (told === true || fd.kind === 'socket') }];
    }
    return [];
  });
}

function contextDifferences(old: Generation, now: Generation, forked: boolean): { differences: Difference[]; equal: number } {
  const differences: Difference[] = [];
  const rest = new Map(now.context.items.map((item) => [item.name, item]));
  let equal = 0;
  for (const { aspect, name, value, source } of old.context.items) {
    const other = rest.get(name);
    rest.delete(name);
    if (other?.value === value) equal++;
    else {
      const pair = { aspect, name, old: value, new: other?.value ?? null };
      // Workers give up rights of their master by design.
      differences.push({ ...pair, source: other?.source ?? source, lost: isLoss(pair) && !(forked && aspect === 'rights') });
    }
  }
  for (const { aspect, name, value, source } of rest.values()) differences.push({ aspect, name, old: null, new: value, source, lost: false });
  return { differences: [...differences, ...environmentDifferences(old, now)], equal };
}

/** Names only: a value is "set", whatever it is. */
function environmentDifferences(old: Generation, now: Generation): Difference[] {
  const [before, after] = [old.context.environ, now.context.environ];
  if (!before || !after) return [];
  const source = `/proc/${now.process.pid}/environ`;
  return [...new Set([...before.keys(), ...after.keys()])].sort().flatMap((variable): Difference[] => {
    const [was, is] = [before.get(variable), after.get(variable)];
    if (was === is) return [];
    const changed = was !== undefined && is !== undefined;
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
