/** Goroutines of a service by the line that made them, before, during and after a command. */
import type { CommandContext } from '../../command.ts';
import type { Moment } from '../../fds/index.ts';
import type { PlacedGoroutines } from '../../goroutines/index.ts';
import { UserError } from '../../kernel/user-error.ts';
import type { Coverage } from '../../report/index.ts';
import { plural } from '../../report/words.ts';
import type { Budgets } from '../budgets.ts';
import type { GrewEvent } from '../model.ts';

const MOST_PROCESSES = 16;
const LEAST_PAUSE_MS = 250;
/** Looks take at most this part of the time. */
const LOOK_PART = 0.1;

interface Look {
  progress: () => number;
  /** By process and line. */
  counts: Map<string, number>;
}

export class GoroutineCounts {
  private readonly context: CommandContext;
  private readonly looks: Look[] = [];
  private readonly notGo = new Set<number>();
  private readonly problems: string[] = [];
  private last = new Map<string, { pid: number; goroutines: PlacedGoroutines }>();
  private programs = 0;
  private next = 0;

  constructor(context: CommandContext) {
    this.context = context;
  }

  async look({ pids, progress, when }: Moment): Promise<void> {
    const { evidence } = this.context;
    const begun = evidence.now();
    if (when === 'during' && begun < this.next) return;
    const { goroutinesOf, NotGo } = await import('../../goroutines/index.ts');
    const counts = new Map<string, number>();
    this.last = new Map();
    this.programs = 0;
    for (const pid of pids.filter((one) => !this.notGo.has(one)).slice(0, MOST_PROCESSES)) {
      try {
        const { groups } = await goroutinesOf(pid, this.context);
        this.programs++;
        for (const goroutines of groups) {
          if (goroutines.isMoving) continue;
          const key = `${pid}\0${goroutines.site}`;
          counts.set(key, (counts.get(key) ?? 0) + goroutines.count);
          const known = this.last.get(key);
          if (!known || known.goroutines.count < goroutines.count) this.last.set(key, { pid, goroutines });
        }
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        if (error instanceof NotGo) this.notGo.add(pid);
        else if (when !== 'during') this.problems.push(error.message);
      }
    }
    this.looks.push({ progress, counts });
    this.next = evidence.now() + Math.max(LEAST_PAUSE_MS, (evidence.now() - begun) / LOOK_PART);
  }

  events(label: string, windowMs: number, budgets: Budgets): GrewEvent[] {
    const [first, ...later] = this.looks;
    const at = later.slice(0, -1).map(({ progress }) => progress());
    const coarseness = Math.max(...[...at, 1].map((progress, index) => progress - (at[index - 1] ?? 0)));
    const final = later.at(-1);
    if (!first || !final) return [];
    return [...final.counts].flatMap(([key, after]): GrewEvent[] => {
      const before = first.counts.get(key) ?? 0;
      const { pid, goroutines } = this.last.get(key)!;
      if (after <= before) return [];
      const countAt = (part: number): number => {
        const seen = later.slice(0, -1).filter(({ progress }) => progress() <= part).at(-1) ?? first;
        return Math.min(seen.counts.get(key) ?? 0, after);
      };
      const edges = [before, countAt(0.25), countAt(0.5), countAt(0.75), after];
      const source = `/proc/${pid}/mem`;
      return [{
        type: 'grew', label, pid, what: 'goroutines', class: 'goroutine', kind: 'goroutines', key: goroutines.creator ?? goroutines.place, before, after, kept: after - before, lost: 0,
        perQuarter: edges.slice(1).map((value, index) => Math.max(0, value - edges[index]!)), coarseness, ...budgets.goroutines(false),
        // As many as there are connections, which clients keep.
        byOthers: goroutines.state === 'IO wait', isDoubtful: false, windowMs, samples: this.looks.length, site: goroutines.site,
        evidence: [{ name: `in ${goroutines.state}`, value: goroutines.frames.slice(0, 6).join(' < '), source }],
      }];
    });
  }

  coverage(): Coverage {
    const { problems } = this;
    const programs = this.programs;
    if (problems[0] !== undefined) return { source: 'goroutines', status: 'denied', detail: problems[0], needed: true };
    if (programs === 0) return { source: 'goroutines', status: 'absent', detail: 'none of its processes is a Go program', needed: true };
    return { source: 'goroutines', status: 'ok', seen: programs, total: programs, detail: `${plural('Go program', programs)}, ${plural('look', this.looks.length)}`, needed: true };
  }
}
