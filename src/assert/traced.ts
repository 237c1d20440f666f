/** The command under strace from its first call on: what is left open is told with the code that opened it, in any language. */
import type { CommandContext } from '../command.ts';
import { childrenOf } from '../effects/forward.ts';
import { signalAll, stateOf, tracedBy } from '../effects/procs.ts';
import { UserError } from '../kernel/user-error.ts';
import type { Coverage } from '../report/index.ts';
import type { SiteEvent } from '../series/index.ts';
import { type Budgets, classOf } from './budgets.ts';
import type { Held } from './hold.ts';
import { leftEvents, timeoutEvent } from './left.ts';
import type { RunEvent, SiteLeftEvent } from './model.ts';
import type { AssertOptions } from './options.ts';

const LOOK_MS = 50;
const END_MS = 2000;

/** @throws UserError, exit 3, where strace is absent or may not trace */
export async function trace({ command, timeoutMs, graceMs }: Pick<AssertOptions, 'command' | 'timeoutMs'> & { graceMs: number }, budgets: Budgets, context: CommandContext, env: Record<string, string> = {}): Promise<Held> {
  const { openingSites } = await import('../strace/index.ts');
  const { evidence } = context;
  const events: RunEvent[] = [];
  let isOver = false;
  let timedOut = false;
  let working: Promise<void> = Promise.resolve();
  const timers: NodeJS.Timeout[] = [];
  const end = async (tracer: number): Promise<void> => {
    signalAll(tracedBy(tracer), 'SIGTERM');
    const until = performance.now() + END_MS;
    while (!isOver && performance.now() < until) await evidence.sleep(LOOK_MS);
    if (!isOver) signalAll(tracedBy(tracer), 'SIGKILL');
  };
  const watch = (tracer: number): void => {
    let endedAt: number | undefined;
    let isSeen = false;
    const looker = setInterval(() => {
      // Only the command itself is a child of strace; it may have ended before anybody looked.
      const isThere = childrenOf(tracer).some((pid) => stateOf(pid) !== 'Z');
      isSeen ||= isThere;
      if (!isThere && (isSeen || tracedBy(tracer).length > 0)) endedAt ??= performance.now();
      if (isOver || endedAt === undefined || performance.now() - endedAt < graceMs) return;
      clearInterval(looker);
      working = leftEvents(evidence, tracedBy(tracer), graceMs).then((left) => {
        if (isOver) return;
        events.push(...left);
        return end(tracer);
      });
    }, LOOK_MS);
    timers.push(looker);
    if (timeoutMs === undefined) return;
    timers.push(setTimeout(() => {
      timedOut = true;
      clearInterval(looker);
      working = timeoutEvent(evidence, tracedBy(tracer), timeoutMs).then((event) => {
        events.push(event);
        return end(tracer);
      });
    }, timeoutMs));
  };
  const { commandExit, isKilled, sites, lines, processes, coverage } = await openingSites(command, env, context, watch).finally(() => {
    isOver = true;
    for (const timer of timers) clearTimeout(timer);
  });
  await working;
  if (lines === 0) throw new UserError('nothing was recorded: strace may not trace here', { exitCode: 3, hints: ['it needs CAP_SYS_PTRACE in a container: docker run --cap-add=SYS_PTRACE'] });
  const told = sites.filter(({ ended }) => ended === 'exit').map((event) => siteLeft(event, budgets));
  events.push(...told);
  const calls: Coverage = { source: 'calls', status: 'ok', seen: lines, detail: `${lines} lines of strace`, needed: true };
  if (isKilled && !timedOut) coverage.push({ source: 'exit of the command', status: 'absent', seen: 0, total: 1, detail: 'it was killed by a signal: what was open then is no leak, and what would have been nobody knows', needed: true });
  return { run: { code: commandExit, signal: null, tracerKilled: false, timedOut, held: processes, missed: [], killed: [] }, events, coverage: [calls, ...coverage] };
}

function siteLeft({ actor, site, kind, opened, closed, open, inUse, examples, repaired }: SiteEvent, budgets: Budgets): SiteLeftEvent {
  const target = examples[0]?.target ?? '';
  const group = classOf({ pid: actor.pid, fd: -1, kind, link: target, detail: {} });
  return { type: 'site-left', label: actor.label, pid: actor.pid, site, class: group, kind, opened, closed, open, inUse, isDoubtful: repaired, ...budgets.most(group), examples: examples.map(({ fd, target: one, opened: at }) => ({ fd, target: one, source: at?.source ?? 'strace' })) };
}
