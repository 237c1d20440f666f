/** What /proc tells of a process on this host: descriptors, inotify of its user, its accept queues, goroutines in its memory. */
import type { CommandContext } from '../../command.ts';
import { CoverageLog, errnoWords } from '../../kernel/coverage.ts';
import { countOpen } from '../../kernel/process.ts';
import { parseOpenFilesLimit } from '../../kernel/proc/limits.ts';
import { resolveTarget } from '../../kernel/targets/index.ts';
import { UserError } from '../../kernel/user-error.ts';
import type { RuleName } from '../../policy/index.ts';
import { listOf } from '../../report/words.ts';
import type { Measured, NoData } from '../model.ts';
import { type Clock, growthByLows } from './lows.ts';
import type { Source } from './types.ts';

const COMMAND = 'gate';

/** Its processes are looked up at each measuring: those of before a reload are others. */
export function hostSource(spec: string, sampleMs: number, context: CommandContext, clock: Clock): Source {
  const questions: Partial<Record<RuleName, (pids: readonly number[]) => Promise<Measured> | Measured>> = {
    'fd-headroom': (pids) => descriptors(pids, context),
    'inotify-headroom': (pids) => inotify(pids, context),
    'accept-queue': (pids) => queues(spec, pids, context),
    'goroutine-growth': (pids) => goroutines(pids, sampleMs, context, clock),
  };
  return {
    name: spec,
    covers: (rule) => rule in questions,
    async measure(rules) {
      const found = new Map<RuleName, Measured>();
      const pids = pidsOf(spec, context);
      for (const { name } of rules) found.set(name, Array.isArray(pids) ? await questions[name]!(pids) : (pids as NoData));
      return found;
    },
  };
}

/** @throws UserError (exit 2) for what names no one thing */
function pidsOf(spec: string, { evidence }: CommandContext): number[] | NoData {
  try {
    return resolveTarget(evidence, spec, { tree: false, command: COMMAND }).pids;
  } catch (error) {
    if (!(error instanceof UserError) || error.exitCode === 2) throw error;
    return { problem: error.message, status: 'absent', source: spec, ...(error.hints[0] !== undefined && { fix: error.hints[0] }) };
  }
}

/** The process that is nearest to its limit. */
function descriptors(pids: readonly number[], { evidence }: CommandContext): Measured {
  let least: { left: number; pid: number } | undefined;
  for (const pid of pids) {
    const open = countOpen(evidence, pid, () => false);
    const { value, errno } = evidence.read(`/proc/${pid}/limits`);
    const soft = parseOpenFilesLimit(value ?? '')?.soft;
    if (open === null || value === undefined || soft === undefined) return { problem: errno === undefined ? 'its descriptors cannot be counted' : errnoWords(errno), status: errno === undefined || errno === 'EACCES' ? 'denied' : 'absent', source: `/proc/${pid}/fd`, fix: `sudo reloadctl ${COMMAND} ...` };
    const left = soft === null ? 1 : Math.max(0, 1 - open / Math.max(1, soft));
    if (!least || left < least.left) least = { left, pid };
  }
  return least ? { value: least.left, samples: pids.length, of: 'looks', windowMs: 0, source: `/proc/${least.pid}/fd, /proc/${least.pid}/limits` } : { problem: 'no process', status: 'absent', source: '/proc' };
}

/** Of the user that the process is: the nearer of both limits. */
async function inotify(pids: readonly number[], { evidence, signal, isRoot, rerun }: CommandContext): Promise<Measured> {
  const { askUser, roomOf } = await import('../../inotify/index.ts');
  const source = `inotify of the user of process ${pids[0]}`;
  const coverage = new CoverageLog();
  const users = await askUser({ evidence, signal, isRoot, rerun, of: { pid: pids[0]! }, everybody: false }, coverage);
  const none = (problem: string, fix?: string): NoData => ({ problem, status: 'denied', source, ...(fix !== undefined && { fix }) });
  if (!users) return none(coverage.list().find(({ status }) => status !== 'ok')?.detail ?? 'not known');
  const shares: number[] = [];
  let isSeen = true;
  for (const resource of ['instances', 'watches'] as const) {
    const { left, leftAtLeast, limit } = roomOf(users.asked, resource);
    if (limit === null || left === null) return none(`the limit of ${resource} is not known`);
    isSeen &&= leftAtLeast !== null;
    shares.push((leftAtLeast ?? left) / Math.max(1, limit));
  }
  // In a container nobody sees what the same user has outside.
  return { value: Math.min(...shares), samples: 2, of: 'looks', windowMs: 0, source, ...(!isSeen && { note: 'of what is seen from here: that user may hold more elsewhere' }) };
}

/** The fullest queue of what it listens on. */
async function queues(spec: string, pids: readonly number[], { evidence, signal, isRoot, rerun }: CommandContext): Promise<Measured> {
  const { collectListen } = await import('../../listen/index.ts');
  const { look } = await collectListen({ kind: 'processes', pids, label: spec }, { evidence, signal, isRoot, rerun });
  const source = 'sock_diag';
  const listeners = look.addresses.filter(({ protocol }) => protocol !== 'unix').flatMap((address) => address.listeners);
  if (listeners.length === 0) return { problem: 'no TCP listener of it is seen', status: 'absent', source, fix: `reloadctl listen ${spec}` };
  const shares = listeners.map(({ queue, backlog }) => (queue === undefined || backlog === undefined ? undefined : queue / (backlog + 1)));
  if (shares.some((share) => share === undefined)) return { problem: 'backlogs are told by sock_diag alone, which is not there', status: 'unsupported', source };
  return { value: Math.max(...(shares as number[])), samples: listeners.length, of: 'looks', windowMs: 0, source };
}

/** Of all of them together; one that ends meanwhile makes it worthless. */
async function goroutines(pids: readonly number[], sampleMs: number, { evidence, signal }: CommandContext, clock: Clock): Promise<Measured> {
  const { countGoroutinesOf } = await import('../../goroutines/index.ts');
  const known = new Set<string>();
  const source = listOf(pids.map((pid) => `/proc/${pid}/mem`));
  const measured = await growthByLows(async () => {
    let total = 0;
    for (const pid of pids) {
      const own = await countGoroutinesOf(evidence, pid, known);
      if (own === undefined) return 'no Go program, or its memory may not be read';
      total += own;
    }
    return total;
  }, { source, sampleMs, signal, clock });
  return 'problem' in measured ? { ...measured, fix: `reloadctl goroutines ${pids[0]}` } : measured;
}
