/** What belongs to each descriptor number. Small numbers, nearly all, lie in an array: a hash would cost more than all the rest of a call. */

const LOW = 65_536;

export class Numbers<T> {
  size = 0;
  private readonly low: (T | undefined)[] = [];
  private readonly high = new Map<number, T>();

  /** @param fd NaN and negative numbers have nothing */
  get(fd: number): T | undefined {
    if (fd >= 0 && fd < this.low.length) return this.low[fd];
    return fd >= LOW ? this.high.get(fd) : undefined;
  }

  has(fd: number): boolean {
    return this.get(fd) !== undefined;
  }

  set(fd: number, value: T): void {
    if (!this.has(fd)) this.size++;
    if (fd >= LOW) {
      this.high.set(fd, value);
      return;
    }
    while (this.low.length <= fd) this.low.push(undefined);
    this.low[fd] = value;
  }

  delete(fd: number): void {
    if (!this.has(fd)) return;
    this.size--;
    if (fd >= LOW) this.high.delete(fd);
    else this.low[fd] = undefined;
  }

  /** By number, but those from 65,536 on by age. */
  values(): T[] {
    return [...this.low.filter((value) => value !== undefined), ...this.high.values()];
  }
}
