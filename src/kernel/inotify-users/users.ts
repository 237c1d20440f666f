/** Puts instances down to the users who are charged for them, at every level where the kernel counts them. */
import type { Evidence } from '../../evidence/types.ts';
import { parseMountOptions } from '../proc/mountinfo.ts';
import { parseStatus } from '../proc/status.ts';
import { countInstances } from './instances.ts';
import { type Chain, FIRST_PID_NAMESPACE, FIRST_USER_NAMESPACE, Namespaces } from './levels.ts';
import { scanProcesses, userNamespaceOf } from './scan.ts';
import type { Blindness, HiddenProcess, InotifyUser, InotifyUsers, Instance, Level, Use } from './types.ts';

/**
 * Objects in the cache that the marks of all watches of the host come from, and those of other things of their size: never fewer than
 * there are watches. Only for root.
 */
const MARKS = '/sys/kernel/slab/inotify_inode_mark/objects';

export interface UsersOptions {
  signal: AbortSignal;
  /** Ask for this user, or for the one of this process, instead of the one we are. */
  of?: { uid: number } | { pid: number };
  /** Where what is seen does not tell whether so many instances are left, make them and close them at once. */
  tryInstances?: number;
}

/** Reads links of all processes, and fdinfo of inotify instances once each. Null when it cannot be told who we are. */
export async function readInotifyUsers(evidence: Evidence, options: UsersOptions): Promise<InotifyUsers | null> {
  const self = parseStatus(evidence.read('/proc/self/status').value ?? '');
  const ownNamespace = userNamespaceOf(evidence, 'self');
  if (!self || ownNamespace === undefined) return null;
  const namespaces = new Namespaces(evidence, ownNamespace);
  await namespaces.add(ownNamespace, self.tgid);
  const process = options.of && 'pid' in options.of ? readOwner(evidence, options.of.pid) : undefined;
  if (process?.userns !== undefined) await namespaces.add(process.userns, process.pid);
  const scan = await scanProcesses(evidence, options.signal, ownNamespace);
  const counted = await countInstances(evidence, scan.held, options.signal);
  for (const { userns, held: [one] } of counted.instances) await namespaces.add(userns, one!.watcher.pid);

  const marks = evidence.read(MARKS).value;
  const blindness: Blindness = { ...whatHides(evidence, self.euid === 0), hidden: scan.hidden, stopped: scan.stopped, notRecorded: scan.notRecorded };
  const ledger = new Ledger(namespaces, counted.instances, blindness, self.euid, marks === undefined ? null : Number.parseInt(marks, 10));
  const caller = ledger.userOf(ownNamespace, self.euid);
  const meant = options.of && 'uid' in options.of ? options.of.uid : process?.uid;
  const asked = meant === undefined ? caller : ledger.userOf(process?.userns ?? ownNamespace, meant);
  const users = new Map([caller, asked].map((user) => [keyOf(user), user]));
  for (const { userns, uid } of counted.instances) {
    // Who is above is told of too: its own counter may be the one that is full.
    for (const step of namespaces.chainOf(userns, uid).steps) {
      if (!users.has(keyOf(step))) users.set(keyOf(step), ledger.userOf(step.userns, step.uid));
    }
  }
  const { instances, uncounted, unmerged } = counted;
  const wanted = options.tryInstances ?? 0;
  const mayBecome = ({ userns }: InotifyUser): boolean => self.euid === 0 && userns === ownNamespace;
  if (asked === caller) {
    // Whom daemons that we may not look at have been once, nobody tells: trying costs nothing.
    if (isInDoubt(caller, wanted) || (evidence.origin === 'live' && scan.hidden.length > 0 && mayFit(caller, wanted))) tryOut(evidence, caller, wanted);
  } else if (mayBecome(asked) && isInDoubt(asked, wanted)) tryOut(evidence, asked, wanted, asked.uid);
  // Full by those that may be charged to somebody else.
  for (const user of users.values()) if (user !== caller && !user.tried && mayBecome(user) && isPerhapsFull(user)) tryOut(evidence, user, 1, user.uid);
  return { users: [...users.values()], self: caller, asked, instances, seen: scan.seen, blindness, uncounted, unmerged };
}

/** More than that is not tried: others of the same user could not make one meanwhile. */
const MOST_TRIED = 256;

function isInDoubt({ levels, isComplete }: InotifyUser, wanted: number): boolean {
  const surelyLeft = ({ instances: { limit, atMost } }: Level): number => (limit === null || atMost === null ? 0 : limit - atMost);
  return mayFit({ levels }, wanted) && (!isComplete || levels.some((level) => surelyLeft(level) < wanted));
}

/** By what is seen for sure. */
function mayFit({ levels }: Pick<InotifyUser, 'levels'>, wanted: number): boolean {
  const left = ({ instances: { used, atLeast = used, limit } }: Level): number => (limit === null ? wanted : limit - atLeast);
  return wanted > 0 && wanted <= MOST_TRIED && levels.every((level) => left(level) >= wanted);
}

function isPerhapsFull({ levels: [own] }: InotifyUser): boolean {
  const { used, atLeast = used, limit } = own!.instances;
  return limit !== null && atLeast < limit && used >= limit;
}

function tryOut(evidence: Evidence, user: InotifyUser, wanted: number, as?: number): void {
  const made = evidence.users?.tryInstances(wanted, as).value;
  if (made !== undefined) user.tried = { wanted, made };
}

/** More than that are not tried: the inodes stay in memory meanwhile, 100 MB of them at most. */
const MOST_WATCHES_TRIED = 65_536;

/** Where what is seen does not tell whether so many watches are left: adds them to instances of our own, and closes these. */
export function tryWatches(evidence: Evidence, { asked, self }: Pick<InotifyUsers, 'asked' | 'self'>, wanted: number): void {
  const isSelf = asked === self;
  if (wanted > MOST_WATCHES_TRIED || (!isSelf && (self.uid !== 0 || asked.userns !== self.userns))) return;
  const made = (isSelf ? evidence.users?.tryWatches(wanted) : evidence.users?.tryWatches(wanted, asked.uid))?.value;
  if (made !== undefined) asked.triedWatches = { wanted, made };
}

function readOwner(evidence: Evidence, pid: number): { pid: number; uid: number; userns?: string } | undefined {
  const status = parseStatus(evidence.read(`/proc/${pid}/status`).value ?? '');
  const userns = userNamespaceOf(evidence, pid);
  return status ? { pid, uid: status.euid, ...(userns !== undefined && { userns }) } : undefined;
}

function whatHides(evidence: Evidence, isRoot: boolean): Pick<Blindness, 'ownPids' | 'hidepid'> {
  const pids = /^pid:\[(\d+)\]$/.exec(evidence.readlink('/proc/self/ns/pid').value ?? '')?.[1];
  const ownPids = pids !== undefined && pids !== FIRST_PID_NAMESPACE;
  if (isRoot) return { ownPids };
  const proc = parseMountOptions(evidence.read('/proc/self/mountinfo').value ?? '', '/proc');
  const hidepid = proc?.superOptions.find((text) => /^hidepid=(?!0$|off$)/.test(text));
  return { ownPids, ...(hidepid !== undefined && { hidepid }) };
}

function keyOf({ userns, uid }: { userns: string; uid: number }): string {
  return `${userns} ${uid}`;
}

class Ledger {
  private readonly namespaces: Namespaces;
  private readonly blindness: Blindness;
  private readonly selfUid: number;
  /** Watches of the whole host, at most; null when not known. */
  private readonly marks: number | null;
  /** Of processes that have changed their user. */
  private readonly floating: readonly Instance[];
  /** Watches that were seen. */
  private readonly all: number;
  /** What counts at a level, namespaces below it included. */
  private readonly charged = new Map<string, Instance[]>();

  constructor(namespaces: Namespaces, instances: readonly Instance[], blindness: Blindness, selfUid: number, marks: number | null) {
    this.marks = marks;
    this.all = sumOf(instances);
    this.floating = instances.filter(({ held: [one] }) => one!.watcher.changedUser);
    this.selfUid = selfUid;
    this.namespaces = namespaces;
    this.blindness = blindness;
    for (const instance of instances) {
      for (const step of namespaces.chainOf(instance.userns, instance.uid).steps) {
        const key = keyOf(step);
        const list = this.charged.get(key);
        if (list) list.push(instance);
        else this.charged.set(key, [instance]);
      }
    }
  }

  userOf(userns: string, uid: number): InotifyUser {
    const { steps, isComplete }: Chain = this.namespaces.chainOf(userns, uid);
    const instances = (this.charged.get(keyOf({ userns, uid })) ?? []).filter((one) => one.userns === userns && one.uid === uid);
    return { userns, uid, levels: steps.map((step) => this.levelOf(step.userns, step.uid)), isComplete, instances };
  }

  private levelOf(userns: string, uid: number): Level {
    const instances = this.charged.get(keyOf({ userns, uid })) ?? [];
    const limits = this.namespaces.limitsOf(userns);
    const unseen = this.unseenOf(userns, uid);
    const asMany = instances.reduce((sum, one) => sum + (one.sharedAssumed ? one.held.length - 1 : 0), 0);
    const counts = instances.map(({ watches }) => watches);
    // A descriptor that is not seen may be an instance, and an instance may have any number of watches.
    const isWatchesKnown = unseen === 0 && asMany === 0 && !counts.includes(null);
    const watches = sumOf(instances);
    // What processes made that have changed their user counts for one of their namespace, whoever that is: at the levels above for sure.
    const ofNamespace = this.floating.filter((one) => one.userns === userns);
    const here = ofNamespace.filter((one) => one.uid === uid);
    const elsewhere = ofNamespace.filter((one) => one.uid !== uid);
    const isElsewhereKnown = !elsewhere.some((one) => one.watches === null);
    return {
      userns,
      uid,
      isFirst: userns === FIRST_USER_NAMESPACE,
      instances: useOf(instances.length, here.length, unseen === null ? null : instances.length + asMany + unseen + elsewhere.length, limits.instances),
      watches: useOf(watches, sumOf(here), isWatchesKnown && isElsewhereKnown ? watches + sumOf(elsewhere) : this.watchesAtMost(watches), limits.watches),
    };
  }

  /** All watches of the host, without those that were seen elsewhere. They may have become fewer while we looked. */
  private watchesAtMost(here: number): number | null {
    return this.marks === null || Number.isNaN(this.marks) ? null : Math.max(here, this.marks - (this.all - here));
  }

  /** Descriptors of processes that may not be looked at and that may belong to the user; null when even their number is not known. */
  private unseenOf(userns: string, uid: number): number | null {
    const { hidden, ownPids, hidepid, stopped, notRecorded } = this.blindness;
    if (stopped || notRecorded > 0 || (ownPids && userns === FIRST_USER_NAMESPACE)) return null;
    const mayBe = ({ uids }: HiddenProcess): boolean => uids.length === 0 || uids.includes(uid);
    // Our own processes are never hidden from us.
    if (hidepid !== undefined && uid !== this.selfUid) return null;
    let open = 0;
    for (const one of hidden.filter(mayBe)) {
      if (one.open === null) return null;
      open += one.open;
    }
    return open;
  }
}

function sumOf(instances: readonly Instance[]): number {
  return instances.reduce((sum, { watches }) => sum + (watches ?? 0), 0);
}

function useOf(used: number, unsure: number, atMost: number | null, limit: number | null): Use {
  return { used, ...(unsure > 0 && { atLeast: used - unsure }), atMost, limit };
}
