/** `strace`: what a log of strace, or a recording made now, shows of descriptors. */
import type { Command } from 'commander';
import type { CommandContext, Outcome } from '../command.ts';
import { inputExists } from '../evidence/index.ts';
import { UserError } from '../kernel/user-error.ts';
import type { Analysis } from './collect/analysis.ts';
import { Events } from './collect/events.ts';
import { Story, StoryFiles } from './collect/story.ts';
import { openExports } from './export/open.ts';
import { readLiveOptions } from './live/options.ts';
import { parseMoment } from './moment.ts';
import { reportOf } from './report.ts';
import { readLogs, type RunOptions } from './run.ts';

interface Options {
  tables?: boolean;
  at?: string;
  pid?: string;
  fd?: string;
  full?: boolean;
  all?: boolean;
  events?: string;
  trace?: string;
}

export function configure(command: Command): void {
  command
    .usage('[options] LOG... | -p TARGET | -- COMMAND ARGUMENTS')
    .argument('[log...]', 'logs of strace, plain or packed by gzip or zstd; NAME stands for NAME.PID of -ff; - is stdin')
    .option('-p, --attach <target>', 'record a running process: a pid, a name, :8080, unit:nginx.service')
    .option('--for <duration>', 'of -p: record so long (default: 10s)')
    .option('--until-leak', 'of -p: until a leak shows, or for 10m')
    .option('--engine <engine>', 'auto, tracefs (root; nothing is stopped), strace (each call is stopped twice)')
    .option('--stacks', 'the code that opens: strace -k on opening calls, 30 to 300 times the call; with --engine tracefs nothing is stopped, as far as frame pointers lead (Go)')
    .option('--max-rate <calls>', 'of -p by strace: lets go at more calls a second (default: 20000)')
    .option('--keep <file>', 'keep the raw log (0600), to be read again later')
    .option('--dry-run', 'tell the commands and files, and do nothing')
    .option('--yes', 'attach by strace without asking')
    .option('--exit-code <whose>', 'of -- COMMAND: tool for ours, also when the command failed')
    .option('--tables', 'the descriptors of every process that is alive at the end')
    .option('--at <moment>', 'the tables at that moment: 12:00:01.5, seconds since the epoch, +5s, line:1041')
    .option('--pid <pid>', 'of --tables, --at and --fd: this process')
    .option('--fd <number>', 'the life of this number of --pid, across processes; with --at of what it stands for then')
    .option('--all', 'all sites and calls, not only the largest')
    .option('--full', 'addresses as they are; without it only ports, and whether they are local, private or public')
    .option('--events <file>', 'every step of every descriptor as NDJSON; - is stdout')
    .option('--trace <file>', 'lives of descriptors and slow calls for Perfetto or chrome://tracing')
    .addHelpText('after', '\nRecord with: strace -f -tt -T -y -o app.strace -p PID (add -k for stacks). What was read or written is never shown.');
}

export async function run(args: string[], given: Record<string, unknown>, context: CommandContext): Promise<Outcome> {
  const options = given as Options;
  const live = readLiveOptions(args, context.wrapped, given);
  if (args[0] === 'diff' && args.length > 1 && !inputExists('diff')) throw new UserError('logs are compared by: reloadctl diff A B');
  const pid = numberOption('--pid', options.pid);
  const fd = numberOption('--fd', options.fd);
  if (fd !== undefined && pid === undefined) throw new UserError('--fd needs --pid: which process had that number?');
  if (pid !== undefined && fd === undefined && options.at === undefined && !options.tables) throw new UserError('--pid chooses whose table is shown: it needs --tables, --at or --fd', { hints: [`reloadctl strace ${args[0] ?? 'LOG'} --tables --pid ${pid}`] });
  const stopsAt = options.at === undefined ? undefined : parseMoment(options.at);
  const full = Boolean(options.full);
  if (live) return (await import('./live/command.ts')).runLive(live, { ...options, pid }, context);
  if (args.length === 0) throw new UserError('what is to be read or recorded?', { hints: ['reloadctl strace LOG', 'reloadctl strace -p PID', 'reloadctl strace -- COMMAND'] });
  refuseTwoOnStdout(options, context);
  // A story goes on behind the moment: that only chooses whose.
  const files = fd === undefined ? undefined : await filesOf(args, context, pid!, fd, stopsAt);
  const events = new Events();
  const output = await openExports({ ...(options.events !== undefined && { events: options.events }), ...(options.trace !== undefined && { trace: options.trace }) });
  let story: Story | undefined;
  const ran = await output.closeAfter(() =>
    readLogs(args, context, {
      full,
      stopsAt: files ? undefined : stopsAt,
      emit: (event) => events.add(event),
      drain: () => output.drain(),
      prepare: (analysis) => {
        story = files && new Story(files, analysis.context);
        listen(analysis, story, output);
      },
    }),
  );
  return reportOf(args.join(' '), ran, events, { ...options, pid, story: story?.steps }, context);
}

function refuseTwoOnStdout({ events, trace }: Options, { formatOnStdout }: CommandContext): void {
  const wanted = [...(events === '-' ? ['--events'] : []), ...(trace === '-' ? ['--trace'] : []), ...(formatOnStdout === undefined ? [] : [`the report (${formatOnStdout})`])];
  if (wanted.length > 1 && (events === '-' || trace === '-')) throw new UserError(`${wanted.join(' and ')} both want stdout: give one of them a file`);
}

/** Who wants every step. */
function listen(analysis: Analysis, story: Story | undefined, output: Awaited<ReturnType<typeof openExports>>): void {
  const takers = [...(story ? [story] : []), ...output.takers(analysis)];
  if (takers.length === 0) return;
  analysis.model.fds.onStep = (step) => {
    for (const taker of takers) taker.step(step);
  };
}

/** First time through the log: which open files did the number stand for? */
async function filesOf(args: readonly string[], context: CommandContext, pid: number, fd: number, stopsAt: RunOptions['stopsAt']): Promise<ReadonlySet<number>> {
  if (args.includes('-')) throw new UserError('--fd reads the log twice: give a file, not stdin');
  const found = new StoryFiles(pid, fd);
  const { analysis } = await readLogs(args, context, {
    full: false, stopsAt, emit: () => undefined,
    prepare: (analysis) => {
      analysis.model.fds.onStep = (step) => found.step(step);
    },
  });
  if (stopsAt) {
    const thread = analysis.model.threads.get(pid) ?? [...analysis.model.threads.values()].find((other) => other.pid === pid);
    const slot = thread?.table.slots.get(fd);
    if (!slot) throw new UserError(`process ${pid} has no descriptor ${fd} at ${stopsAt.text}`);
    return new Set([slot.description.id]);
  }
  if (found.files.size === 0) throw new UserError(`process ${pid} never had a descriptor ${fd} in this log`);
  return found.files;
}

function numberOption(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,7}$/.test(text)) throw new UserError(`${name}: ${text} is not a number`);
  return Number(text);
}
