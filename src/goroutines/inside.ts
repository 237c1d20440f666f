/** Who is in which code and waits for no lock, by the addresses and the types at hand: there may be as many locks as goroutines. */
import type { Frame, Group } from '../kernel/goroutines.ts';
import type { ContendedLock, Holder } from './locks.ts';
import { codeOf, ownerOf } from './names.ts';
import { isLock } from './states.ts';

export class Inside {
  private readonly byAddress = new Map<string, Holder[]>();
  private readonly byCode = new Map<string, Holder[]>();

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

  private add(group: Group): void {
    const [first] = group.samples;
    const codes = new Set<string>();
    for (const frame of group.frames) {
      const code = codeOf(frame.func);
      if (codes.has(code) || frame.func === 'main.main') continue;
      codes.add(code);
      push(this.byCode, code, { group, by: 'type', frame, ...(first && { sample: first }) });
    }
    const own = group.frames.flatMap((frame, index) => (ownerOf(frame) === 'stdlib' ? [] : [{ frame, index }]));
    const seen = new Set<string>();
    for (const sample of group.samples) for (const { frame, index } of own) this.addWords(group, sample, frame, sample.args[index] ?? [], seen);
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
