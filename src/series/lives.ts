import type { LifeSpan, Member, Quality, Sort } from './types.ts';

/** How a wing sorts its things. Both must be the same for the same item whenever they are asked. */
export interface Sorting<T> {
  /** Things of one sort are one in every grouping that can follow: `tcp ESTABLISHED on :80`, `/tmp/upload-*`. */
  sortOf(item: T): string;
  /** What tells two examples of a sort apart: the path itself. */
  nameOf(item: T): string;
}

interface Living<T> {
  item: T;
  quality: Quality;
  /** Number of the sample that saw it first; 0 of what was there before its owner was looked at. */
  born: number;
}

interface Ended<T> {
  examples: T[];
  /** How many, by the samples of their birth and end and by quality. */
  counts: Map<number, number>;
}

/** More samples than this no watch has: at the shortest interval they are half a day. */
const MOST_SAMPLES = 2 ** 20;

/** Turns samples into lives. What has ended is only counted, so that memory is bounded by what lives and by the sorts there are. */
export class Lives<T> {
  private readonly alive = new Map<string, Living<T>>();
  private readonly ended = new Map<string, Ended<T>>();
  private readonly sorting: Sorting<T>;
  readonly sampleTimes: number[] = [];

  constructor(sorting: Sorting<T>) {
    this.sorting = sorting;
  }

  /** @param at monotonic ms; samples come in order. An identity that comes twice in one sample is one thing. */
  add(at: number, members: Iterable<Member<T>>): void {
    const now = this.sampleTimes.length;
    this.sampleTimes.push(at);
    const seen = new Set<string>();
    for (const { identity, quality, item, early } of members) {
      seen.add(identity);
      const life = this.alive.get(identity);
      if (!life) this.alive.set(identity, { item, quality, born: early ? 0 : now });
      else {
        life.item = item;
        // Once doubtful, always doubtful.
        if (quality === 'weak') life.quality = 'weak';
      }
    }
    if (seen.size === this.alive.size) return;
    for (const [identity, life] of this.alive) {
      if (seen.has(identity)) continue;
      this.end(life, now);
      this.alive.delete(identity);
    }
  }

  /** Takes out of sight what lives and is meant, as if it had never been there. */
  forget(isMeant: (item: T) => boolean): void {
    for (const [identity, { item }] of this.alive) if (isMeant(item)) this.alive.delete(identity);
  }

  private end({ item, quality, born }: Living<T>, gone: number): void {
    const sort = this.sorting.sortOf(item);
    let ended = this.ended.get(sort);
    if (!ended) this.ended.set(sort, (ended = { examples: [], counts: new Map() }));
    addExample(ended.examples, item, this.sorting);
    const key = (born * MOST_SAMPLES + gone) * 2 + (quality === 'weak' ? 1 : 0);
    ended.counts.set(key, (ended.counts.get(key) ?? 0) + 1);
  }

  get living(): number {
    return this.alive.size;
  }

  /** Every sort that was ever seen. */
  sorts(): Sort<T>[] {
    const sorts = new Map<string, { examples: T[]; living: T[]; livingNew: T[]; spans: LifeSpan[] }>();
    for (const [name, { examples, counts }] of this.ended) sorts.set(name, { examples: [...examples], living: [], livingNew: [], spans: this.spansOf(counts) });
    const counts = new Map<string, Map<number, number>>();
    for (const { item, quality, born } of this.alive.values()) {
      const name = this.sorting.sortOf(item);
      let sort = sorts.get(name);
      if (!sort) sorts.set(name, (sort = { examples: [], living: [], livingNew: [], spans: [] }));
      addExample(sort.examples, item, this.sorting);
      sort.living.push(item);
      if (born > 0) sort.livingNew.push(item);
      let own = counts.get(name);
      if (!own) counts.set(name, (own = new Map()));
      const key = born * 2 + (quality === 'weak' ? 1 : 0);
      own.set(key, (own.get(key) ?? 0) + 1);
    }
    for (const [name, own] of counts) {
      for (const [key, count] of own) sorts.get(name)!.spans.push({ bornAt: this.sampleTimes[Math.floor(key / 2)]!, quality: qualityOf(key), count });
    }
    return [...sorts.values()];
  }

  private spansOf(counts: ReadonlyMap<number, number>): LifeSpan[] {
    return [...counts].map(([key, count]) => {
      const samples = Math.floor(key / 2);
      return {
        bornAt: this.sampleTimes[Math.floor(samples / MOST_SAMPLES)]!,
        goneAt: this.sampleTimes[samples % MOST_SAMPLES]!,
        quality: qualityOf(key),
        count,
      };
    });
  }
}

function qualityOf(key: number): Quality {
  return key % 2 === 1 ? 'weak' : 'exact';
}

function addExample<T>(examples: T[], item: T, { nameOf }: Sorting<T>): void {
  const [first] = examples;
  if (first === undefined || (examples.length === 1 && nameOf(first) !== nameOf(item))) examples.push(item);
}
