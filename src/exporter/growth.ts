/** How a count has risen of late: from its lowest in the earlier half of what was seen to its lowest in the later one. What comes and goes leaves both as they are. */
const KEPT_MS = 600_000;
/** Looks that come faster are left out: a scrape storm is no reason to remember more. */
const APART_MS = 5000;
const ENOUGH_MS = 60_000;
const ENOUGH_LOOKS = 6;

interface Look {
  atMs: number;
  counts: ReadonlyMap<string, number>;
}

export class Growth {
  #looks: Look[] = [];

  add(atMs: number, counts: ReadonlyMap<string, number>): void {
    const last = this.#looks.at(-1);
    if (last && atMs - last.atMs < APART_MS) return;
    this.#looks = this.#looks.filter((look) => look.atMs >= atMs - KEPT_MS);
    this.#looks.push({ atMs, counts });
  }

  /** Per minute; null where it was not seen for long enough. Below 0 where it shrinks. */
  perMinute(name: string): number | null {
    const seen = this.#looks.filter(({ counts }) => counts.has(name));
    const [first, last] = [seen[0], seen.at(-1)];
    if (!first || !last || seen.length < ENOUGH_LOOKS || last.atMs - first.atMs < ENOUGH_MS) return null;
    const middle = (first.atMs + last.atMs) / 2;
    const lowest = (looks: readonly Look[]): number => Math.min(...looks.map(({ counts }) => counts.get(name)!));
    const early = seen.filter(({ atMs }) => atMs < middle);
    const late = seen.filter(({ atMs }) => atMs >= middle);
    const meanAt = (looks: readonly Look[]): number => looks.reduce((sum, { atMs }) => sum + atMs, 0) / looks.length;
    return (lowest(late) - lowest(early)) / ((meanAt(late) - meanAt(early)) / 60_000);
  }
}
