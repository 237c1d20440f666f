/** A command of the user's own under strace: its keys, input, output, signals and code are its own. */
import { setIdProgramIn } from '../../effects/find-command.ts';
import { childrenOf, forwardSignals } from '../../effects/forward.ts';
import { watchOwnCommand } from '../../effects/own-command.ts';
import { giveWay } from '../../effects/own-priority.ts';
import { type HandedOn, startWithCommand } from '../../effects/strace-program.ts';
import { openUndoList } from '../../effects/undo-list.ts';
import { UserError } from '../../kernel/user-error.ts';
import type { Coverage } from '../../report/index.ts';
import type { Analysis } from '../collect/analysis.ts';
import { straceOptions } from './calls.ts';
import { keptCoverage, logInput, openKept, openLog } from './log.ts';
import type { Recording, RecordingEnd } from './recording.ts';

export interface ChildRequest {
  command: readonly string[];
  stacks: boolean;
  keep: string | undefined;
  handedOn: HandedOn;
  say(text: string): void;
}

/** Why the cheap way is not taken: it forbids new rights to the command for good (no_new_privs). Undefined when it is. */
export function whyNoSeccomp(command: readonly string[]): string | undefined {
  const program = setIdProgramIn(command);
  return program === undefined ? undefined : `${program} changes its user, which strace --seccomp-bpf forbids: recorded without, every call of the command stops it`;
}

export const childArgs = ({ command, stacks }: Pick<ChildRequest, 'command' | 'stacks'>, log: string, seccomp: boolean): string[] => [...straceOptions({ log, stacks, seccomp }), '-q', '--', ...command];

/** @throws UserError, exit 3, where strace is absent */
export async function startChild(request: ChildRequest): Promise<Recording> {
  const { command, keep, handedOn, say } = request;
  const fallback = whyNoSeccomp(command);
  if (fallback !== undefined) say(fallback);
  const kept = openKept(keep);
  const log = openLog(true);
  const undo = await openUndoList();
  const tracer = await startWithCommand(childArgs(request, log.path, fallback === undefined), undo, handedOn).catch((error: NodeJS.ErrnoException) => {
    log.close();
    kept?.close();
    undo.done();
    throw new UserError(error.code === 'ENOENT' ? 'strace is not installed' : `strace could not be started: ${error.message}`, { exitCode: 3, hints: ['apt-get install strace', 'or record by tracefs: --engine tracefs (root)'] });
  });
  const quiet = forwardSignals(() => childrenOf(tracer.pid));
  const own = watchOwnCommand(tracer.pid);
  // Its log waits for us as long as it must.
  const noMoreWay = giveWay();
  let over = false;
  const ended = tracer.ended.then(async ({ code, signal }): Promise<RecordingEnd> => {
    over = true;
    const room = roomCoverage(log.isFull());
    await own.endOrphan();
    noMoreWay();
    quiet();
    undo.done();
    const commandPid = own.pid();
    return { why: 'ended', commandExit: code, ...(signal !== null && { signal }), ...(commandPid !== undefined && { commandPid }), coverage: [...room, ...keptCoverage(kept)] };
  });
  return {
    engine: 'strace',
    pid: tracer.pid,
    input: logInput(log, kept, () => over),
    begun: Date.now(),
    seeds: [],
    // The command decides when it ends: signals were passed on.
    stop: () => undefined,
    ended,
  };
}

/** strace tells of the end of its command before it ends by the same signal: where it did not, the signal was its own. */
export function killedCoverage({ signal, commandPid }: RecordingEnd, { model: { threads } }: Analysis): Coverage[] {
  if (signal === undefined || !(commandPid === undefined ? threads.size > 0 : threads.has(commandPid))) return [];
  return [{ source: 'recording', status: 'partial', detail: 'strace was killed, and the command was ended then: no call of it would have worked', needed: true }];
}

/** strace goes on when its log cannot be written: lines are missing then. */
function roomCoverage(isFull: boolean): Coverage[] {
  return isFull ? [{ source: 'recording', status: 'partial', detail: 'the disk of its log was full: calls may be missing', fix: 'TMPDIR names a folder with room', needed: true }] : [];
}
