/** Options of a recording, checked before anything is done. */
import { parseDuration } from '../../kernel/duration.ts';
import { UserError } from '../../kernel/user-error.ts';

export type EngineChoice = 'auto' | 'tracefs' | 'strace';

export interface LiveOptions {
  /** What to attach to; undefined for a command. */
  target: string | undefined;
  command: readonly string[] | undefined;
  forMs: number;
  untilLeak: boolean;
  engine: EngineChoice;
  stacks: boolean;
  keep: string | undefined;
  dryRun: boolean;
  yes: boolean;
  /** Calls a second from which on strace lets go. */
  maxRate: number;
  toolExit: boolean;
}

const FOR = '10s';
const UNTIL_LEAK = '10m';
const MAX_RATE = 20_000;
const ENGINES = ['auto', 'tracefs', 'strace'];

/** @throws UserError for what does not go together */
export function readLiveOptions(args: readonly string[], command: readonly string[] | undefined, given: Record<string, unknown>): LiveOptions | undefined {
  const target = given.attach as string | undefined;
  if (command?.length === 0) throw new UserError('no command behind --', { hints: ['reloadctl strace -- COMMAND ARGUMENTS'] });
  if (target === undefined && command === undefined) {
    const stray = ['for', 'untilLeak', 'engine', 'stacks', 'keep', 'dryRun', 'yes', 'maxRate', 'exitCode'].find((name) => given[name] !== undefined);
    if (stray !== undefined) throw new UserError(`--${stray.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} is for recordings: it needs -p PID or -- COMMAND`);
    return undefined;
  }
  if (target !== undefined && command !== undefined) throw new UserError('-p and -- COMMAND: only one of them');
  if (args.length > (command?.length ?? 0)) throw new UserError(`${args[0]}: logs are read, processes recorded; only one at a time`);
  if (command !== undefined) {
    const stray = ['for', 'untilLeak', 'maxRate'].find((name) => given[name] !== undefined);
    if (stray !== undefined) throw new UserError(`--${stray === 'untilLeak' ? 'until-leak' : stray === 'maxRate' ? 'max-rate' : 'for'} is for -p: a command is recorded until it ends`);
  }
  const engine = (given.engine as string | undefined) ?? 'auto';
  if (!ENGINES.includes(engine)) throw new UserError(`--engine: ${engine} is not one of ${ENGINES.join(', ')}`);
  if (given.exitCode !== undefined && given.exitCode !== 'tool') throw new UserError(`--exit-code: ${String(given.exitCode)} is not tool`);
  const maxRate = given.maxRate === undefined ? MAX_RATE : Number(given.maxRate);
  if (!(maxRate > 0)) throw new UserError(`--max-rate: ${String(given.maxRate)} is no number of calls a second`);
  const untilLeak = Boolean(given.untilLeak);
  return {
    target, command, untilLeak, maxRate,
    forMs: parseDuration('--for', (given.for as string | undefined) ?? (untilLeak ? UNTIL_LEAK : FOR)),
    engine: engine as EngineChoice,
    stacks: Boolean(given.stacks),
    keep: given.keep as string | undefined,
    dryRun: Boolean(given.dryRun),
    yes: Boolean(given.yes),
    toolExit: given.exitCode === 'tool',
  };
}
