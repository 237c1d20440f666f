/** Goroutines of a service at rest: how many, and which lines made them. */
import type { CommandContext } from '../command.ts';
import { countGoroutinesOf, goroutinesOf } from '../goroutines/index.ts';
import { UserError } from '../kernel/user-error.ts';

export interface RestingGoroutines {
  total: number;
  /** How many by the `go` statement that made them, `path:line`; empty where there are very many. */
  sites: ReadonlyMap<string, number>;
}

/** Of more than this they are counted only: the load waits meanwhile. */
const MOST_PLACED = 20_000;
/** What was found to be no Go program, or one that nobody may look into: asked once. By file. */
const notGo = new Set<string>() as Parameters<typeof countGoroutinesOf>[2];
const silent = new Set<string>();

/** From its memory, or where that may not be read from its pprof listener. Undefined for what is no Go program, or tells nothing. */
export async function restingGoroutines(pid: number, context: CommandContext): Promise<RestingGoroutines | undefined> {
  const { evidence } = context;
  const total = await countGoroutinesOf(evidence, pid, notGo);
  const program = evidence.readlink(`/proc/${pid}/exe`).value ?? '';
  if ((total ?? 0) > MOST_PLACED || silent.has(program)) return total === undefined ? undefined : { total, sites: new Map() };
  try {
    const sites = new Map<string, number>();
    let sum = 0;
    for (const { site, count } of (await goroutinesOf(pid, context)).groups) {
      sites.set(site, (sites.get(site) ?? 0) + count);
      sum += count;
    }
    return { total: total ?? sum, sites };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    silent.add(program);
    return total === undefined ? undefined : { total, sites: new Map() };
  }
}
