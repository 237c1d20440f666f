/**
 * How long goroutines waited, stood in system calls, and could have run and did not. The sums are those of profiles of
 * `go tool trace -pprof=KIND` (cmd/trace/pprof.go): times that ended within the trace, of goroutines that had run before.
 */
import type { Frame } from '../../kernel/goroutines.ts';
import { LatencyCounts } from './latencies.ts';
import type { Blocked, GoState, Latencies, Sum, Sums, Traced } from './model.ts';

const MOST_PLACES = 100_000;
const SYNC = /chan|sync|select/;

export class Times {
  private readonly blocked = new Places();
  private readonly syscalls = new Places();
  private readonly sync: Sum = { count: 0, ns: 0 };
  private readonly network: Sum = { count: 0, ns: 0 };
  private readonly syscall: Sum = { count: 0, ns: 0 };
  private readonly runnable = new LatencyCounts();
  private readonly toStart = new LatencyCounts();
  private readonly kinds = new Map<string, Sum | undefined>();

  /** A goroutine leaves its state after so many ns. */
  left({ state, reason, stack, ran }: Traced, to: GoState | 'ended', ns: number): void {
    switch (state) {
      case 'waiting':
        this.blocked.add(stack, reason, ns);
        add(this.kindOf(reason), ns);
        break;
      case 'syscall':
        if (!ran) return;
        this.syscalls.add(stack, reason, ns);
        add(this.syscall, ns);
        break;
      case 'runnable':
        if (ran) this.runnable.add(ns);
        else if (to === 'running') this.toStart.add(ns);
        break;
    }
  }

  get result(): { blocked: Blocked[]; syscalls: Blocked[]; sums: Sums; runnable: Latencies; toStart: Latencies } {
    const { sync, network, syscall, runnable, toStart } = this;
    return {
      blocked: this.blocked.sorted, syscalls: this.syscalls.sorted,
      sums: { sync, network, syscall, sched: { count: runnable.count, ns: runnable.ns } },
      runnable, toStart,
    };
  }

  private kindOf(reason: string): Sum | undefined {
    if (!this.kinds.has(reason)) this.kinds.set(reason, reason === 'network' ? this.network : SYNC.test(reason) ? this.sync : undefined);
    return this.kinds.get(reason);
  }
}

function add(sum: Sum | undefined, ns: number): void {
  if (!sum) return;
  sum.count++;
  sum.ns += ns;
}

class Places {
  private readonly all = new Map<string, Blocked>();
  /** What was found for a stack of one generation: its key is long. */
  private readonly known = new WeakMap<Frame[], Map<string, Blocked>>();

  add(stack: Frame[], reason: string, ns: number): void {
    const place = this.known.get(stack)?.get(reason) ?? this.placeOf(stack, reason);
    if (!place) return;
    place.count++;
    place.ns += ns;
  }

  get sorted(): Blocked[] {
    return [...this.all.values()].sort((a, b) => b.ns - a.ns);
  }

  /** Ids of stacks are those of one generation: what they say is the same in each. */
  private placeOf(stack: Frame[], reason: string): Blocked | undefined {
    const key = `${reason}\n${stack.map(({ func, line }) => `${func}:${line}`).join('\n')}`;
    let place = this.all.get(key);
    if (!place) {
      if (this.all.size >= MOST_PLACES) return undefined;
      this.all.set(key, (place = { reason, stack, count: 0, ns: 0 }));
    }
    const reasons = this.known.get(stack);
    if (reasons) reasons.set(reason, place);
    else this.known.set(stack, new Map([[reason, place]]));
    return place;
  }
}
