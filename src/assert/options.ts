/** Options of `assert`, checked before anything is started. */
import { parseDuration } from '../kernel/duration.ts';
import { UserError } from '../kernel/user-error.ts';

export interface AssertOptions {
  command: readonly string[];
  timeoutMs: number | undefined;
  /** Undefined: the policy's, or the usual one. */
  graceMs: number | undefined;
  policy: string | undefined;
  baseline: string | undefined;
  writeBaseline: string | undefined;
  selfTest: boolean;
  /** Handles of tests of Node. */
  node: boolean;
  /** With them promises that never settle. */
  promises: boolean;
  /** Goroutines of Go programs at their exit. */
  goroutines: boolean;
  /** Record who opens what, instead of holding processes at their exit. */
  strace: boolean;
  /** Watches of inotify, too. */
  inotify: boolean;
  /** Ours, also when the command failed. */
  toolExit: boolean;
}

export const USUAL_GRACE_MS = 1000;

/** Of --pid and --during. */
export interface DuringOptions extends Omit<AssertOptions, 'command' | 'selfTest' | 'node' | 'promises' | 'strace'> {
  target: string;
  /** Run by /bin/sh -c. */
  during: string;
  /** How long the service may take to come to rest, ms. */
  settleMs: number;
  /** Of each group so many more are no leak; undefined: as policy and usage have it. */
  maxGrowth: number | undefined;
}

const ALONE = { node: '--node', promises: '--promises', strace: '--strace', selfTest: '--self-test' } as const;

/** Undefined without --pid and --during. @throws UserError for what does not go together */
export function readDuring(command: readonly string[] | undefined, args: readonly string[], given: Record<string, unknown>): DuringOptions | undefined {
  const { pid, during, maxGrowth } = given;
  if (pid === undefined && during === undefined) {
    if (maxGrowth !== undefined) throw new UserError('--max-growth is for --pid and --during');
    return undefined;
  }
  const hints = ["reloadctl assert --pid 4242 --during 'npm run e2e'"];
  if (typeof pid !== 'string') throw new UserError('--during needs --pid: whose growth is meant?', { hints });
  if (typeof during !== 'string' || during.trim() === '') throw new UserError('--pid needs --during: what is run meanwhile?', { hints });
  if (command !== undefined || args.length > 0) throw new UserError(`${args[0] ?? '--'}: with --pid the command is that of --during`, { hints });
  const stray = (['node', 'promises', 'strace', 'selfTest'] as const).find((name) => given[name]);
  if (stray) throw new UserError(`${ALONE[stray]} is for commands behind --, not for --pid`);
  if (maxGrowth !== undefined && !/^\d{1,9}$/.test(String(maxGrowth))) throw new UserError(`--max-growth: ${String(maxGrowth)} is not a number`);
  const { command: _, selfTest: _self, node: _node, promises: _promises, strace: _strace, ...common } = commonOptions(given);
  return { ...common, target: pid, during, settleMs: common.graceMs ?? USUAL_GRACE_MS, maxGrowth: maxGrowth === undefined ? undefined : Number(maxGrowth) };
}

/** @throws UserError for what does not go together */
export function readOptions(command: readonly string[] | undefined, args: readonly string[], given: Record<string, unknown>): AssertOptions {
  if (command === undefined || command.length === 0) throw new UserError('assert needs a command behind --', { hints: ['reloadctl assert -- npm test'] });
  if (args.length > command.length) throw new UserError(`${args[0]}: the command stands behind --`, { hints: ['reloadctl assert -- COMMAND ARGUMENTS'] });
  if (given.strace && given.goroutines) throw new UserError('--strace and --goroutines exclude each other: nobody is held at its exit with --strace');
  return { ...commonOptions(given), command };
}

function commonOptions(given: Record<string, unknown>): AssertOptions {
  if (given.exitCode !== undefined && given.exitCode !== 'tool') throw new UserError(`--exit-code: ${String(given.exitCode)} is not tool`);
  return {
    command: [],
    timeoutMs: typeof given.timeout === 'string' ? parseDuration('--timeout', given.timeout) : undefined,
    graceMs: typeof given.grace === 'string' ? parseDuration('--grace', given.grace) : undefined,
    policy: given.policy as string | undefined,
    baseline: given.baseline as string | undefined,
    writeBaseline: given.writeBaseline as string | undefined,
    selfTest: Boolean(given.selfTest),
    node: Boolean(given.node) || Boolean(given.promises),
    promises: Boolean(given.promises),
    goroutines: Boolean(given.goroutines),
    strace: Boolean(given.strace),
    inotify: Boolean(given.inotify),
    toolExit: given.exitCode === 'tool',
  };
}
