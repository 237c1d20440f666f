/** `demo`: an incident to try everything on. Starts a process of its own, and leaves nothing behind. */
import type { Command } from 'commander';
import type { CommandContext, Outcome, ReportOutcome } from '../command.ts';
import { type FdsData, run as lookAtFds } from '../fds/index.ts';
import type { Block } from '../render/index.ts';
import type { Coverage } from '../report/index.ts';
import { checkPlanted, type PlantedFault } from './check.ts';
import { type DemoServer, startServer } from './child.ts';
import { type Machine, readMachine } from './machine.ts';
import { startedWords, storyBlocks } from './story.ts';
import { untilEnter } from './until-enter.ts';

/** What was planted was not found: the demo could not show what it is there to show. */
const NOT_FOUND = 3;

export function configure(command: Command): void {
  command.option('--keep', 'leave the server running until Enter (or the end of stdin) or Ctrl-C, to try commands on it');
}

export async function run(_args: string[], options: Record<string, unknown>, context: CommandContext): Promise<Outcome> {
  const keep = Boolean(options.keep);
  const [machine, server] = await Promise.all([readMachine(), startServer(context.signal)]);
  if (!server) return stopped(machine);
  try {
    for (const line of startedWords(server, machine)) context.say(line);
    const outcome = await look(server, machine, keep, context);
    if (!keep) await server.stop();
    return keep ? { ...outcome, after: () => keepUntilEnter(server, context) } : outcome;
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** The very look of `reloadctl fds PID`, held against what was planted. */
async function look(server: DemoServer, machine: Machine, keep: boolean, context: CommandContext): Promise<ReportOutcome> {
  const spec = String(server.pid);
  const outcome = (await lookAtFds([spec], {}, { ...context, rerun: `reloadctl fds ${spec}` })) as ReportOutcome;
  const { findings } = outcome;
  const data = outcome.data as FdsData;
  const faults = checkPlanted(server.planted, findings, data);
  const missing = faults.filter(({ ok }) => !ok);
  for (const { fault, planted, found } of missing) context.say(`demo: planted ${planted}, found ${found}: ${fault}`);
  return {
    ...outcome,
    coverage: [...outcome.coverage, coverageOf(faults)],
    data: { ...data, planted: faults, machine },
    body: function* (): Generator<Block> {
      yield* outcome.body();
      yield* storyBlocks({ server, machine, faults, findings, keep });
    },
    exitCode: missing.length === 0 ? 0 : NOT_FOUND,
  };
}

function coverageOf(faults: readonly PlantedFault[]): Coverage {
  const missing = faults.filter(({ ok }) => !ok);
  return {
    source: 'planted faults',
    status: missing.length === 0 ? 'ok' : missing.length === faults.length ? 'absent' : 'partial',
    seen: faults.length - missing.length,
    total: faults.length,
    needed: true,
    ...(missing.length > 0 && {
      detail: `not found as planted: ${missing.map(({ fault }) => fault).join('; ')}`,
      fix: 'reloadctl doctor',
    }),
  };
}

async function keepUntilEnter(server: DemoServer, context: CommandContext): Promise<void> {
  try {
    context.say(`demo: process ${server.pid} stays until you press Enter or Ctrl-C`);
    await untilEnter(process.stdin, context.signal);
  } finally {
    await server.stop();
  }
}

/** A signal came before anything was planted. */
function stopped(machine: Machine): ReportOutcome {
  return {
    kind: 'report',
    target: null,
    findings: [],
    coverage: [{ source: 'planted faults', status: 'absent', detail: 'stopped by a signal', needed: true }],
    data: { planted: [], machine },
    body: () => [],
  };
}
