/** Runs the command and reads each of its processes while it is held at its own exit. */
import { findCommand, setIdProgramIn } from '../effects/find-command.ts';
import { type HeldRun, runHeld } from '../effects/held/index.ts';
import { stopWriterOf } from '../evidence/index.ts';
import { UserError } from '../kernel/user-error.ts';
import type { CommandContext } from '../command.ts';
import type { Coverage } from '../report/index.ts';
import { listOf, plural } from '../report/words.ts';
import type { Budgets } from './budgets.ts';
import { AGAIN_MS, GoroutineWatch } from './goroutines.ts';
import { leftEvents, timeoutEvent } from './left.ts';
import { lookAtExit } from './look.ts';
import type { RunEvent } from './model.ts';
import { type AssertOptions, USUAL_GRACE_MS } from './options.ts';

export interface Held {
  run: HeldRun;
  events: RunEvent[];
  coverage: Coverage[];
}

/** @throws UserError, exit 3, where strace is absent or may not trace */
export async function hold({ command, timeoutMs, graceMs = USUAL_GRACE_MS, goroutines = false, inotify = false }: Pick<AssertOptions, 'command' | 'timeoutMs' | 'graceMs'> & { goroutines?: boolean; inotify?: boolean }, budgets: Budgets, context: CommandContext, env: Record<string, string> = {}): Promise<Held> {
  const { evidence, say, formatOnStdout, inherited = [], isRoot } = context;
  if ('problem' in findCommand('strace')) throw new UserError('strace is not installed: a process cannot be held at its exit without it', { exitCode: 3, hints: ['apt-get install strace'] });
  const changesUser = setIdProgramIn(command);
  if (changesUser !== undefined) say(`${changesUser} changes its user, which strace --seccomp-bpf forbids: every call of the command is stopped instead`);
  const seccomp = changesUser === undefined;
  const events: RunEvent[] = [];
  const unread: string[] = [];
  let canHold = false;
  const go = goroutines ? new GoroutineWatch(context, budgets) : undefined;
  const run = await runHeld({
    command,
    env,
    seccomp,
    toStderr: formatOnStdout !== undefined,
    inherited,
    stopWriter: (fd, pid) => (canHold = stopWriterOf(fd, pid)),
    graceMs,
    timeoutMs,
    onExit: async (pid, code, isMain) => {
      const look = await lookAtExit(evidence, pid, { code, isMain, budgets, inotify });
      if ('problem' in look) unread.push(look.problem);
      else events.push(look);
      return (await go?.look(pid)) ?? false;
    },
    ...(go && { again: { afterMs: AGAIN_MS, look: (pid, isThere) => go.again(pid, isThere) } }),
    onLeft: async (pids) => void events.push(...(await leftEvents(evidence, pids, graceMs))),
    onTimeout: async (pids) => void events.push(await timeoutEvent(evidence, pids, timeoutMs!)),
  });
  events.push(...(go?.events ?? []));
  return { run, events, coverage: [...coverageOf(run, events, unread, canHold), ...(seccomp || !isRoot ? withoutRights(events, isRoot) : []), ...(go?.coverage() ?? [])] };
}

function coverageOf({ held, missed, killed, signal, timedOut, tracerKilled }: HeldRun, events: readonly RunEvent[], unread: readonly string[], canHold: boolean): Coverage[] {
  const exits = events.filter(({ type }) => type === 'exit').length;
  const total = held + missed.length;
  const coverage: Coverage[] = [];
  if (tracerKilled) return [{ source: 'exits', status: 'absent', seen: exits, total: total + 1, detail: 'strace was killed, and the command was ended then: no call of it would have worked', needed: true }];
  const problem = unread[0] ?? (missed.length > 0 ? `${plural('process', missed.length, 'processes')} ended before they could be read` : undefined);
  if (problem !== undefined) coverage.push({ source: 'exits', status: 'partial', seen: exits, total, detail: problem, ...(!canHold && { fix: 'install the optional package koffi: exits are held by the kernel then' }), needed: true });
  else if (total === 0 && !timedOut && signal === null) coverage.push({ source: 'exits', status: 'absent', seen: 0, total: 1, detail: 'no process was held at its exit: strace may not trace here', fix: 'docker run --cap-add=SYS_PTRACE', needed: true });
  else coverage.push({ source: 'exits', status: 'ok', seen: exits, total, needed: true });
  // It has no exit of its own, and what it had open is gone with it.
  if (signal !== null && !timedOut) coverage.push({ source: 'exit of the command', status: 'absent', seen: 0, total: 1, detail: `it was killed by ${signal}, and what it had open went with it`, needed: true });
  if (killed.length > 0) coverage.push({ source: 'killed processes', status: 'absent', detail: `killed by ${listOf([...new Set(killed.map(({ signal }) => signal))])}: they have no exit to be held at`, needed: false });
  return coverage;
}

/** Who is traced by another user than root, or may get no new rights, runs programs like sudo as who he is: they fail, or do something else. */
function withoutRights(events: readonly RunEvent[], isRoot: boolean): Coverage[] {
  const programs = events.flatMap((event) => (event.type === 'exit' && event.process.uid !== 0 && event.process.exe !== undefined ? [event.process.exe] : []));
  const program = setIdProgramIn([...new Set(programs)]);
  if (program === undefined) return [];
  const fix = isRoot ? `name ${program} among the words of the command: then no_new_privs is not set` : 'run it as root';
  return [{ source: 'rights', status: 'partial', detail: `${program} ran without the rights that its file gives: who is held at its exit gets none`, fix, needed: false }];
}
