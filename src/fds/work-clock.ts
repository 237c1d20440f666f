/** How far a piece of work is, by what the service did for it. */
import type { CommandContext } from '../command.ts';

/** Ticks of 10 ms: fewer tell nothing of when. */
const LEAST_TICKS = 8;

/** By CPU time of the service, where that is long enough: commands take their time before they begin. */
export class WorkClock {
  private readonly ticks: number[] = [];
  private readonly times: number[] = [];
  private readonly last = new Map<number, number>();
  private total = 0;
  private isEnded = false;
  private readonly evidence: CommandContext['evidence'];

  constructor({ evidence }: CommandContext) {
    this.evidence = evidence;
  }

  tick(pids: readonly number[]): void {
    if (this.isEnded) return;
    for (const pid of pids) {
      const now = cpuTicks(this.evidence.read(`/proc/${pid}/stat`).value ?? '');
      const before = this.last.get(pid);
      if (before !== undefined && now > before) this.total += now - before;
      this.last.set(pid, now);
    }
    this.ticks.push(this.total);
    this.times.push(this.evidence.now());
  }

  /** What comes later belongs to the time in which it settles. */
  end(): void {
    this.isEnded = true;
  }

  /** 0 to 1. */
  progress(sample: number): number {
    const scale = this.scale();
    const [from, to] = [scale[0] ?? 0, scale.at(-1) ?? 0];
    return to > from ? Math.min(1, Math.max(0, ((scale[sample] ?? to) - from) / (to - from))) : 0;
  }

  /** What a sample sees came since the one before. */
  between(sample: number): readonly [number, number] {
    return [this.progress(Math.max(0, sample - 1)), this.progress(sample)];
  }

  coarseness(): number {
    let largest = 0;
    for (let sample = 1; sample < this.times.length; sample++) {
      const [from, to] = this.between(sample);
      largest = Math.max(largest, to - from);
    }
    return this.times.length < 2 ? 1 : largest;
  }

  private scale(): readonly number[] {
    return this.total >= LEAST_TICKS ? this.ticks : this.times;
  }
}

/** utime and stime, fields 14 and 15 of /proc/PID/stat (fs/proc/array.c do_task_stat). */
function cpuTicks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ', 13);
  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0) || 0;
}
