/** A command under strace, for those who ask which code opened what its processes left open. */
import type { CommandContext } from '../../command.ts';
import type { Coverage } from '../../report/index.ts';
import type { SiteEvent } from '../../series/index.ts';
import { Events } from '../collect/events.ts';
import { coverageOf } from '../coverage.ts';
import { nameSites } from '../data.ts';
import { readOwn } from '../run.ts';
import { killedCoverage, startChild } from './child.ts';

export interface LeftSites {
  /** As a shell tells it. */
  commandExit: number;
  /** By a signal: it has no exit. */
  isKilled: boolean;
  /** One for each site and process that left at least one open. */
  sites: SiteEvent[];
  /** Lines of the log: none means that strace could not trace. */
  lines: number;
  processes: number;
  coverage: Coverage[];
}

/**
 * Runs it with `strace -k` on the calls that open and close: each of them walks the stack.
 * @param started called with the pid of strace
 * @throws UserError, exit 3, where strace is absent
 */
export async function openingSites(command: readonly string[], env: Record<string, string>, context: CommandContext, started: (tracer: number) => void): Promise<LeftSites> {
  const { formatOnStdout, inherited = [], say } = context;
  const recording = await startChild({ command, stacks: true, keep: undefined, handedOn: { toStderr: formatOnStdout !== undefined, inherited, env }, say });
  started(recording.pid!);
  const events = new Events();
  // The command decides when it ends, and the log with it: signals were passed on.
  const never = new AbortController().signal;
  const ran = await readOwn(recording.input, { time: '-ttt', pids: 'number', options: ['-y', '-k'], files: 1 }, { ...context, signal: never }, {
    full: false,
    emit: (event) => {
      if (event.what === 'site') events.add(event);
    },
    prepare: (analysis) => {
      analysis.leastOpen = 1;
    },
  }).finally(() => recording.input.close());
  const end = await recording.ended;
  const { analysis } = ran;
  const sites = events.named(nameSites(analysis).nameOf).filter((event) => event.what === 'site');
  return { commandExit: end.commandExit ?? 0, isKilled: end.signal !== undefined, sites, lines: analysis.follower.lines, processes: analysis.processCount, coverage: [...coverageOf(ran), ...end.coverage, ...killedCoverage(end, analysis)] };
}
