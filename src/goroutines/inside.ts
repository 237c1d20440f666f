/** Who is in which code and waits for no lock, by the addresses and the types at hand: there may be as many locks as goroutines. */
import type { Frame, Group } from '../kernel/goroutines.ts';
import type { ContendedLock, Holder } from './locks.ts';
import { codeOf, ownerOf, packageOf, siteOf } from './names.ts';
import { isBlocking, isForever, isLock } from './states.ts';

export class Inside {
  private readonly byAddress = new Map<string, Holder[]>();
  private readonly byCode = new Map<string, Holder[]>();
  private readonly others: Holder[] = [];

  constructor(groups: readonly Group[]) {
    for (const group of groups) {
      if (!group.system && !isLock(group.state) && group.state !== 'sync.Cond.Wait' && !isServing(group)) this.add(group);
    }
  }

  /** Who may hold it: those that have it, or what it is part of, among their arguments; else those that are in the code that takes it. */
  of({ address, bases, codes }: ContendedLock): Holder[] {
    const sure = [...(address === undefined ? [] : [address]), ...bases].flatMap((word) => this.byAddress.get(word) ?? []);
    return unique(sure.length > 0 ? sure : [...codes].flatMap((code) => this.byCode.get(code) ?? []));
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

/** Where it is in the program's own code; the main goroutine mostly waits for the end, and who answers us is not inside anything. */
function ownFrame({ frames, state }: Group): Frame | undefined {
  if (isForever(state) || frames.some(({ func }) => func === 'main.main' || func.startsWith('net/http/pprof.'))) return undefined;
  const site = siteOf(frames);
  return site && ownerOf(site) === 'own' ? site : undefined;
}

/** Loops that accept are methods of what has the lock, too, and hold nothing while they wait for the next connection. */
function isServing({ frames }: Group): boolean {
  return frames.some(({ func }) => /^net\.\(\*\w*Listener\)\.Accept|^net\/http\.\(\*Server\)\.Serve$/.test(func));
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
