import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { CommandContext, Outcome } from '../../command.ts';
import { runLines } from '../../effects/line-program.ts';
import { type Mount, parseMounts } from '../../kernel/proc/mountinfo.ts';
import { decodeText, encodeText } from '../../kernel/text.ts';
import { UserError } from '../../kernel/user-error.ts';
import { ownProgram } from '../../package-files.ts';
import { runRules } from '../../report/index.ts';
import { mountOf } from '../instances/expect.ts';
import { conclude } from './conclude.ts';
import { noteCells } from './coverage.ts';
import { buildData, emptyProbe, type ProbeData } from './data.ts';
import { type Gathered, gather, nothingGathered } from './gather.ts';
import type { ProbeLook } from './model.ts';
import { patterns } from './patterns.ts';
import type { Step } from './steps.ts';
import { viewOf } from './view.ts';

/** A file system on which one step of the probe takes longer is taken for dead. */
const SILENCE_MS = 10_000;
/** How long cleaning up may take after a signal. */
const END_MS = 1000;

export function configure(command: Command): void {
  command
    .usage('[options] <dir>')
    .argument('[dir]', 'a directory: its file system is tried out in a fresh sub-directory of it')
    .option('--overflow', 'also fill a queue of our own, and show what a reader of it would notice')
    .addHelpText('after', '\neffects: makes one hidden sub-directory, changes files in it only, and removes it on every way out.\nWhoever watches DIR itself sees the sub-directory come and go.');
}

export async function run(args: string[], options: Record<string, unknown>, context: CommandContext): Promise<Outcome> {
  const [given] = args;
  if (given === undefined || given === '') throw new UserError('inotify-probe needs a directory', { hints: ['reloadctl inotify-probe /etc/app'] });
  const gathered = await askProgram(given, Boolean(options.overflow), context);
  const mounts = parseMounts(context.evidence.read('/proc/self/mountinfo').value ?? '');
  const { refused, directory, overflow } = gathered;
  // What is known of its file system is an answer also where nothing can be tried.
  const mount = mountOf(encodeText(gathered.scratch ?? directory ?? asTyped(given)), mounts);
  const look = lookOf(directory ?? given, mount, gathered);
  if (refused && (directory === undefined || look.conclusion === 'unknown')) throw new UserError(refused.message, { exitCode: refused.exitCode, hints: refused.hints });
  const data = buildData(look, overflow);
  return {
    kind: 'report',
    target: { spec: given, label: look.directory, pids: [] },
    findings: runRules(context.rules, [look]),
    coverage: noteCells(gathered),
    data,
    body: () => viewOf(look, data),
  };
}

export function emptyData(): ProbeData {
  return emptyProbe;
}

async function askProgram(given: string, overflow: boolean, { signal, progress }: CommandContext): Promise<Gathered> {
  const { file, args } = ownProgram('probe');
  const gathered = nothingGathered(patterns.length * 3);
  const onLine = (line: string): void => gather(gathered, JSON.parse(line) as Step, progress);
  const ended = await runLines({ file, args: [...args, given, ...(overflow ? ['overflow'] : [])], signal, silenceMs: SILENCE_MS, endMs: END_MS, onLine });
  progress('');
  if (typeof ended === 'object') throw notStarted(ended.failed);
  if (!gathered.refused && gathered.ended === undefined) {
    gathered.ended = signal.aborted ? 'signal' : ended === 'silent' ? 'silent' : 'broken';
    gathered.hung = ended === 'stopped' || ended === 'silent';
  }
  return gathered;
}

function notStarted(errno: string): UserError {
  const full = errno === 'EMFILE' || errno === 'ENFILE';
  const message = full ? `no descriptor is left to start the program that tries it out (${errno})` : `the program that tries it out could not be started (${errno})`;
  return new UserError(message, { exitCode: 3, hints: errno === 'EMFILE' ? ['raise the limit of reloadctl itself: ulimit -n 1024'] : full ? ['reloadctl explain --error ENFILE'] : [] });
}

/** Where the file system does not even tell what the directory is: its name will do. */
function asTyped(path: string): string {
  try {
    return resolve(path);
  } catch {
    return path;
  }
}

function lookOf(directory: string, mount: Mount | undefined, { cells, skipped, behind, behindPath }: Gathered): ProbeLook {
  return {
    type: 'inotify-probe',
    directory,
    ...(mount && { fsType: mount.fsType, mountPoint: decodeText(mount.mountPoint).text, source: decodeText(mount.source).text }),
    cells,
    skipped,
    behind,
    ...(behindPath !== undefined && { behindPath }),
    ...conclude(cells, behind, mount?.fsType),
  };
}
