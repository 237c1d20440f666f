/** What was counted at each sample, in bounded memory: of long watches every second sample is left out, again and again. */
export interface CoursePoint {
  atMs: number;
  value: number;
}

const MOST_POINTS = 600;

export class Course {
  private stride = 1;
  private seen = 0;
  private kept: CoursePoint[] = [];
  private last: CoursePoint | undefined;

  add(atMs: number, value: number): void {
    this.last = { atMs, value };
    if (this.seen++ % this.stride !== 0) return;
    this.kept.push(this.last);
    if (this.kept.length < MOST_POINTS) return;
    this.kept = this.kept.filter((_, index) => index % 2 === 0);
    this.stride *= 2;
  }

  /** Ascending; the first and the last sample are always among them. */
  points(): CoursePoint[] {
    const { last, kept } = this;
    return last === undefined || kept.at(-1) === last ? [...kept] : [...kept, last];
  }
}
