import type { Life, Member } from './types.ts';

/** Turns samples into lives. Keeps one record per life, not per sample. */
export class Lives<T> {
  private readonly alive = new Map<string, Life<T>>();
  private readonly ended: Life<T>[] = [];
  readonly sampleTimes: number[] = [];

  /** @param at monotonic ms; samples come in order. */
  add(at: number, members: Iterable<Member<T>>): void {
    const early = this.sampleTimes.length === 0;
    this.sampleTimes.push(at);
    const seen = new Set<string>();
    for (const { identity, quality, item } of members) {
      seen.add(identity);
      const life = this.alive.get(identity);
      if (!life) this.alive.set(identity, { identity, quality, item, bornAt: at, early });
      else {
        life.item = item;
        // Once doubtful, always doubtful.
        if (quality === 'weak') life.quality = 'weak';
      }
    }
    for (const [identity, life] of this.alive) {
      if (seen.has(identity)) continue;
      life.goneAt = at;
      this.ended.push(life);
      this.alive.delete(identity);
    }
  }

  all(): Life<T>[] {
    return [...this.ended, ...this.alive.values()];
  }

  get living(): number {
    return this.alive.size;
  }
}
