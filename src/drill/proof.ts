/** Did a reload happen? Told by what changed between two looks, never by the signal that was sent. */
import type { Generation, Member } from './generation.ts';

export interface Proof {
  happened: boolean;
  /** What shows it, or why it cannot be said to have happened. */
  what: string;
  /** Processes of the generation before that are still there, and should not be. */
  old: Member[];
}

const list = (members: readonly Member[]): string => members.map(({ pid }) => pid).slice(0, 5).join(', ');
const of = (generation: Generation, want: (member: Member) => boolean): Member[] => [...generation.members.values()].filter(want);

/** Of a reload that replaces processes, or the socket that they listen on. */
export function proofOf(before: Generation, now: Generation, handsTell = false): Proof {
  const isOld = ({ key }: Member): boolean => before.members.has(key);
  const knowsListeners = of(now, ({ listens }) => listens).length > 0;
  const mains = of(now, ({ isMain }) => isMain);
  const isAlike = ({ comm }: Member): boolean => of(before, (member) => member.isMain && member.comm === comm && !now.members.has(member.key)).length > 0;
  const fresh = mains.filter((member) => !isOld(member) && (knowsListeners ? servesWith(member, now) : isAlike(member)));
  if (fresh.length > 0) {
    const [main] = fresh;
    const oldMains = of(before, ({ isMain }) => isMain);
    const what = oldMains.some(({ pid }) => pid === main!.pid) ? `process ${main!.pid} runs its program anew (exec)` : `process ${list(fresh)} is the new generation`;
    return { happened: true, what, old: of(now, (member) => isOld(member) && (member.listens || isWorker(before, member) || (member.isMain && (!knowsListeners || servesWith(before.members.get(member.key)!, before))))) };
  }
  const listening = of(before, (member) => !member.isMain && member.listens);
  const areHands = listening.length === 0 && handsTell;
  const workersBefore = areHands ? handsOf(before) : listening;
  const workers = areHands ? handsOf(now) : of(now, (member) => !member.isMain && member.listens);
  const come = workers.filter((member) => !isOld(member));
  const stay = workers.filter(isOld);
  const there = of(now, (member) => workersBefore.some(({ key }) => key === member.key));
  if (workersBefore.length > 0 && come.length > 0) {
    if (stay.length === 0) return { happened: true, what: `${come.length === 1 ? 'worker' : 'workers'} ${list(come)} took the place of ${list(workersBefore)}`, old: there };
    return { happened: false, what: `${come.length} new ${come.length === 1 ? 'worker' : 'workers'}, but ${stay.length} of ${workersBefore.length} old ones still ${areHands ? (stay.length === 1 ? 'is there' : 'are there') : stay.length === 1 ? 'listens' : 'listen'} (${list(stay)})`, old: there };
  }
  if (before.listeners.length > 0 && now.listeners.length > 0 && isAnew(before, now)) return { happened: true, what: 'the same process listens on a new socket', old: [] };
  if (mains.length === 0) return { happened: false, what: 'its process has ended, and no other one listens on the port', old: [] };
  return { happened: false, what: `the same ${workersBefore.length > 0 ? 'processes' : 'process'} (${list(mains)}), the same program image${now.listeners.length > 0 ? ', the same listener' : ''}: nothing was replaced`, old: [] };
}

/** Workers to whom their parent, which listens, hands each connection (node:cluster): the same program, and no listener of their own. */
export function handsOf(one: Generation): Member[] {
  const parents = new Map(of(one, ({ listens, isMain }) => listens && isMain).map((member) => [member.pid, member]));
  return of(one, ({ ppid, listens, comm }) => !listens && parents.get(ppid)?.comm === comm);
}

/** It listens itself, or a worker of it does. */
export function servesWith(main: Member, now: Generation): boolean {
  const all = [...now.members.values()];
  const family = new Set([main.pid]);
  for (const pid of family) for (const member of all) if (member.ppid === pid && !member.isMain) family.add(member.pid);
  return all.some(({ pid, listens }) => listens && family.has(pid));
}

function isWorker(before: Generation, { key }: Member): boolean {
  return before.members.get(key)?.listens === true;
}

function isAnew(before: Generation, now: Generation): boolean {
  const inodes = new Set(before.listeners.map(({ inode }) => inode));
  return now.listeners.every(({ inode }) => !inodes.has(inode));
}

/** `kept`: every socket that listened still does, so that no connection waiting there was lost. */
export function continuity(before: Generation, now: Generation): 'kept' | 'changed' | 'unknown' {
  if (before.listeners.length === 0 || now.listeners.length === 0) return before.listeners.length === now.listeners.length ? 'unknown' : 'changed';
  const inodes = new Set(now.listeners.map(({ inode }) => inode));
  return before.listeners.every(({ inode }) => inodes.has(inode)) ? 'kept' : 'changed';
}

/** Sockets of both generations listen on one port, or of several on one address some were closed: what waits in such a queue is reset. */
export function overlap(before: Generation, now: Generation): boolean {
  const stays = (one: Generation) => {
    const inodes = new Set(one.listeners.map(({ inode }) => inode));
    return ({ inode }: { inode: string }): boolean => inodes.has(inode);
  };
  const remain = now.listeners.filter(stays(before));
  if (remain.length > 0 && remain.length < now.listeners.length) return true;
  return before.listeners.some((gone) => !stays(now)(gone) && remain.some(({ local }) => local === gone.local));
}
