/** Who is in which code and waits for no lock, by the addresses and the types at hand: there may be as many locks as goroutines. */
import type { Frame, Group } from '../kernel/goroutines.ts';
import { type ContendedLock, type Holder, isNearBehind, isOnce, onceCode } from './locks.ts';
import { codeOf, ownerOf, packageOf, receiverOf, siteOf } from './names.ts';
import { isServing } from './requests.ts';
import { isBlocking, isForever, waitsForLock } from './states.ts';

export class Inside {
  private readonly byAddress = new Map<string, Holder[]>();
  private readonly byCode = new Map<string, Holder[]>();
  private readonly others: Holder[] = [];

  constructor(groups: readonly Group[]) {
    for (const group of groups) {
      if (!group.system && !waitsForLock(group) && group.state !== 'sync.Cond.Wait' && !isServing(group)) this.add(group);
    }
  }

  /**
   * Who may hold it: those that have it, or what it is part of, among their arguments, in code that takes it or is no method
   * (a method of another type that was given it need not lock it); else those that are in the code that takes it.
   */
  of(lock: ContendedLock): Holder[] {
    const { address, bases, codes, type } = lock;
    const proven = this.given(lock).filter(({ frame }) => type === undefined || codes.has(codeOf(frame.func)) || receiverOf(frame.func) === undefined);
    if (proven.length > 0) return unique(proven);
    return unique([...codes].flatMap((code) => this.byCode.get(code) ?? []).filter((holder) => mayBeIn(holder, address, bases)));
  }

  hasAtHand(lock: ContendedLock): boolean {
    return this.given(lock).length > 0;
  }

  private given({ address, bases }: ContendedLock): Holder[] {
    return [...(address === undefined ? [] : [address]), ...bases].flatMap((word) => this.byAddress.get(word) ?? []);
  }

  /** Those in the program's own code that nothing links to the lock: first those of the same package, then those that wait for something outside. */
  besides({ codes }: ContendedLock): Holder[] {
    const packages = new Set([...codes].map(packageOf));
    const rank = ({ frame, group }: Holder): number => (packages.has(packageOf(frame.func)) ? 0 : 2) + (isBlocking(group.state) ? 1 : 0);
    return [...this.others].sort((a, b) => rank(a) - rank(b));
  }

  private add(group: Group): void {
    const [first] = group.samples;
    const own = ownFrame(group);
    if (own) this.others.push({ group, by: 'type', frame: own, ...(first && { sample: first }) });
    const codes = new Set<string>();
    for (const frame of group.frames) {
      const code = codeOf(frame.func);
      if (codes.has(code) || frame.func === 'main.main') continue;
      codes.add(code);
      push(this.byCode, code, { group, by: 'type', frame, ...(first && { sample: first }) });
    }
    const once = group.frames.findIndex(isOnce);
    if (once > 0) push(this.byCode, onceCode(group), { group, by: 'type', frame: group.frames[once - 1]!, ...(first && { sample: first }) });
    const outside = group.frames.flatMap((frame, index) => (ownerOf(frame) === 'stdlib' ? [] : [{ frame, index }]));
    const seen = new Set<string>();
    for (const sample of group.samples) for (const { frame, index } of outside) this.addWords(group, sample, frame, sample.args[index] ?? [], seen);
  }

  private addWords(group: Group, sample: Group['samples'][number], frame: Frame, words: readonly string[], seen: Set<string>): void {
    for (const address of words) {
      // One of a group speaks for it.
      if (seen.has(address)) continue;
      seen.add(address);
      push(this.byAddress, address, { group, sample, by: 'address', frame });
    }
  }
}

/** Of a method the receiver, where it is told, must be what the lock lies in: another one of the same type has another lock. */
function mayBeIn({ group, frame }: Holder, address: string | undefined, bases: ReadonlySet<string>): boolean {
  if (address === undefined || receiverOf(frame.func) === undefined) return true;
  const at = group.frames.indexOf(frame);
  // Who was not looked at with its arguments may be in any.
  if (group.samples.length === 0 || group.count > group.samples.length) return true;
  return group.samples.some(({ args }) => {
    const words = args[at] ?? [];
    return words.length === 0 || words.some((word) => bases.has(word) || isNearBehind(address, word));
  });
}

/** Where it is in the program's own code; the main goroutine mostly waits for the end, and who answers us is not inside anything. */
function ownFrame({ frames, state }: Group): Frame | undefined {
  if (isForever(state) || frames.some(({ func }) => func === 'main.main' || func.startsWith('net/http/pprof.'))) return undefined;
  const site = siteOf(frames);
  return site && ownerOf(site) === 'own' ? site : undefined;
}

function unique(holders: readonly Holder[]): Holder[] {
  const seen = new Set<Group>();
  return holders.filter(({ group }) => !seen.has(group) && seen.add(group));
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const known = map.get(key);
  if (known) known.push(value);
  else map.set(key, [value]);
}
