/** Steps: what each event left behind. A reload leak does not grow with time but with the number of reloads. */
import type { Member, Quality } from './types.ts';

/** One thing, from the first floor that held it to the first that no longer did. Floor 0 is before the first event, floor N after event N. */
export interface Held<T = unknown> {
  item: T;
  quality: Quality;
  since: number;
  /** Absent while it is there. */
  until?: number;
}

/** What was there before the first event and after each. */
export class Floors<T> {
  private readonly living = new Map<string, Held<T>>();
  private readonly ended: Held<T>[] = [];
  private floors = 0;

  /** The next floor. An identity that comes twice is one thing. */
  add(members: Iterable<Member<T>>): void {
    const floor = this.floors++;
    const seen = new Set<string>();
    for (const { identity, quality, item } of members) {
      seen.add(identity);
      const held = this.living.get(identity);
      if (!held) this.living.set(identity, { item, quality, since: floor });
      else {
        held.item = item;
        // Once doubtful, always doubtful.
        if (quality === 'weak') held.quality = 'weak';
      }
    }
    for (const [identity, held] of this.living) {
      if (seen.has(identity)) continue;
      this.ended.push({ ...held, until: floor });
      this.living.delete(identity);
    }
  }

  /** How many events have a floor behind them. */
  get events(): number {
    return Math.max(0, this.floors - 1);
  }

  get open(): number {
    return this.living.size;
  }

  all(): Held<T>[] {
    return [...this.ended, ...this.living.values()];
  }
}

/** What stays of the events, for one group. */
export interface Steps<T = unknown> {
  quality: Quality;
  /** What each event left behind; index 0 is the first event. */
  leftPerEvent: number[];
  left: Held<T>[];
  /** There before the first event and after the last. */
  atStart: number;
  atEnd: number;
}

/**
 * A survivor that came when an older one went is no gain: a reload that opens its log anew leaves as much as it found. So as
 * many survivors as early ones were lost do not count, the newest first, because those the next event would replace.
 * @param held all of one group; @param events how many floors there are after the first
 */
export function stepsOf<T>(held: readonly Held<T>[], events: number): Steps<T> {
  const survivors = held.filter(({ since, until }) => since > 0 && until === undefined).sort((a, b) => a.since - b.since);
  const early = held.filter(({ since }) => since === 0);
  const replaced = early.filter(({ until }) => until !== undefined).length;
  const left = survivors.slice(0, Math.max(0, survivors.length - replaced));
  return {
    quality: left.some(({ quality }) => quality === 'weak') ? 'weak' : 'exact',
    leftPerEvent: perEvent(left.map(({ since }) => since), events),
    left,
    atStart: early.length,
    atEnd: early.length - replaced + survivors.length,
  };
}

/** How often each event, from 1 to `events`, is named. */
export function perEvent(named: Iterable<number | undefined>, events: number): number[] {
  const counts = new Array<number>(events).fill(0);
  for (const event of named) if (event !== undefined && event >= 1 && event <= events) counts[event - 1]!++;
  return counts;
}
