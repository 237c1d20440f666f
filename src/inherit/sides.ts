/** From what the user typed to the two generations. */
import type { CommandContext } from '../command.ts';
import { targetOf } from '../kernel/look-at.ts';
import { parseStat } from '../kernel/proc/stat.ts';
import { ProcessTree } from '../kernel/process-tree.ts';
import { resolveTarget } from '../kernel/targets/index.ts';
import { UserError } from '../kernel/user-error.ts';
import { readUserInput } from '../kernel/user-input.ts';
import type { Side } from './collect.ts';
import { holdersOfListeners, mainsOf } from './tree.ts';

const USAGE = ['reloadctl inherit OLDPID NEWPID', 'before the reload: reloadctl record PID --full -o gen.rctl, after it: reloadctl inherit gen.rctl NEWPID', 'reloadctl inherit --tree PID'];
/** A tape begins so (see evidence/tape-format.ts). */
const TAPE = /^\{"reloadctl":"tape"/;

/** @throws UserError (exit 2) for what names no two generations, (exit 3) for what is not there */
export async function sidesOf(args: readonly string[], options: Record<string, unknown>, context: CommandContext): Promise<[old: Side, now: Side]> {
  const { evidence, tapeHeader } = context;
  if (tapeHeader && args.length === 0) {
    const mains = mainsOf(evidence, tapeHeader.pids);
    return pairOf(context, mains.length > 1 ? mains : tapeHeader.pids, 'the generations on the tape');
  }
  if (options.tree !== undefined) {
    const { pids } = resolveTarget(evidence, String(options.tree), { tree: false, command: 'inherit --tree' });
    const { mains, unread } = await holdersOfListeners(evidence, pids, context);
    const [old, now] = pairOf(context, mains, `the processes that hold the listeners of ${String(options.tree)}`);
    return [{ ...old, ...(unread > 0 && { unread }) }, now];
  }
  const [first, second] = args;
  if (first === undefined || second === undefined) throw new UserError('inherit needs two generations', { hints: USAGE });
  const now = { evidence, pid: mainOf(second, context) };
  const tape = tapeHeader ? undefined : await tapeAt(first, context);
  if (tape) {
    const { tapeHeader: header } = tape;
    const [main] = new ProcessTree(tape.evidence).roots(header.pids);
    return [{ evidence: tape.evidence, pid: main ?? header.pids[0]!, pseudonyms: header.redacted }, now];
  }
  const old = { evidence, pid: oldOf(first, context) };
  if (old.pid === now.pid) throw new UserError(`both are process ${old.pid}`, { hints: ['what a process was before it ran exec is told by a tape:', ...USAGE.slice(1, 2)] });
  return [old, now];
}

/** A file that begins as a tape does; a pid file, which is a target, does not. */
async function tapeAt(spec: string, context: CommandContext): Promise<ReturnType<CommandContext['replay']> | undefined> {
  if (!/\.rctl$|\//.test(spec)) return undefined;
  const { text, name } = await readUserInput(spec, () => context.stdin(), context.signal);
  return TAPE.test(text) || spec.endsWith('.rctl') ? context.replay(text, name) : undefined;
}

/** Of several processes of a service the one that is below none of the others. */
function mainOf(spec: string, context: CommandContext): number {
  const { pids } = targetOf(spec, false, context, 'inherit');
  const roots = pids.length > 1 ? new ProcessTree(context.evidence).roots(pids) : pids;
  if (roots.length > 1) throw new UserError(`${spec} is ${roots.length} processes: which is meant?`, { hints: roots.slice(0, 5).map((pid) => `reloadctl inherit ${pid} ...`) });
  return roots[0] ?? pids[0]!;
}

/** What has ended is only told by a tape. */
function oldOf(spec: string, context: CommandContext): number {
  try {
    return mainOf(spec, context);
  } catch (error) {
    if (error instanceof UserError && error.exitCode === 3) throw new UserError(error.message, { exitCode: 3, hints: [...error.hints, 'what has ended is told by a tape of it:', ...USAGE.slice(1, 2)] });
    throw error;
  }
}

/** The last two of them, the older one first. */
function pairOf({ evidence, say }: CommandContext, pids: readonly number[], where: string): [Side, Side] {
  const born = pids.map((pid) => ({ evidence, pid, at: BigInt(parseStat(evidence.read(`/proc/${pid}/stat`).value ?? '')?.startTime ?? 0) }));
  born.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : a.pid - b.pid));
  const [old, now] = born.slice(-2);
  if (!old || !now) throw new UserError(`${where}: there is one generation only`, { exitCode: 3, hints: USAGE.slice(0, 2) });
  if (born.length > 2) say(`${where} are ${born.length}, oldest first: ${born.map(({ pid }) => pid).join(', ')}; the last two are compared`);
  return [old, now];
}
