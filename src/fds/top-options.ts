/** What `--top` has no use for: it shows all processes, and of each only its count. */
import { UserError } from '../kernel/user-error.ts';

const RIVALS: Record<string, string> = {
  tree: '--tree',
  list: '--list',
  where: '--where',
  sort: '--sort',
  columns: '--columns',
  groupBy: '--group-by',
  owners: '--owners',
  threads: '--threads',
  watch: '--watch',
  interval: '--interval',
};

/**
 * Throws UserError (exit 2) for a target, or an option for one target, beside `--top`: to leave it out silently would answer
 * another question.
 */
export function refuseBesideTop(target: string | undefined, options: Record<string, unknown>): void {
  const rival = Object.keys(RIVALS).find((name) => options[name] !== undefined && options[name] !== false);
  if (rival !== undefined) throw new UserError(`--top and ${RIVALS[rival]} exclude each other: --top is one look at all processes, and only counts`);
  if (target !== undefined) throw new UserError(`--top is about all processes: leave ${target} or --top out`);
}
