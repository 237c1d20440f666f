import type { Command } from 'commander';
import type { CommandContext, Outcome } from '../../command.ts';
import { openScratch, realDirectory } from '../../effects/scratch.ts';
import { loadOwnCalls, type OwnInotify } from '../../evidence/index.ts';
import { type Mount, parseMounts } from '../../kernel/proc/mountinfo.ts';
import { decodeText, encodeText } from '../../kernel/text.ts';
import { UserError } from '../../kernel/user-error.ts';
import { type Coverage, runRules } from '../../report/index.ts';
import { count } from '../../report/words.ts';
import { mountOf } from '../instances/expect.ts';
import { USUAL_LIMIT } from '../instances/queue.ts';
import { findBehind, tryBehind } from './behind.ts';
import { conclude } from './conclude.ts';
import { buildData, emptyProbe, type ProbeData } from './data.ts';
import type { OverflowTry, ProbeLook } from './model.ts';
import { MOST_EVENTS, tryOverflow } from './overflow.ts';
import { patterns } from './patterns.ts';
import { type Cells, codeOf, runCells } from './run-cells.ts';
import { viewOf } from './view.ts';

export function configure(command: Command): void {
  command
    .argument('[dir]', 'a directory: its file system is tried out in a fresh sub-directory of it')
    .option('--overflow', 'also fill a queue of our own, and show what a reader of it would notice')
    .addHelpText('after', '\neffects: makes one hidden sub-directory, changes files in it only, and removes it on every way out.\nWhoever watches DIR itself sees the sub-directory come and go.');
}

export async function run(args: string[], options: Record<string, unknown>, context: CommandContext): Promise<Outcome> {
  const [given] = args;
  if (given === undefined) throw new UserError('inotify-probe needs a directory', { hints: ['reloadctl inotify-probe /etc/app'] });
  const directory = directoryOf(given);
  const calls = loadOwnCalls();
  if (!calls) throw new UserError('inotify cannot be tried out: no native calls (Node without the optional package koffi, or RELOADCTL_NO_NATIVE is set)', { exitCode: 3, hints: ['npm install koffi, or use the single file'] });
  const inotify = openInstance(calls.openInotify);
  const coverage: Coverage[] = [];
  try {
    const scratch = await openScratch(directory).catch((error: unknown) => {
      throw new UserError(`${given}: no sub-directory can be made there (${words(codeOf(error))})`, { exitCode: 3, hints: ['the probe works on files of its own: it needs a directory in which it may write'] });
    });
    try {
      const mount = mountOf(encodeText(scratch.path), parseMounts(context.evidence.read('/proc/self/mountinfo').value ?? ''));
      const tried = await runCells(scratch.path, inotify, calls, context.signal, context.progress);
      const behind = await behindOf(scratch.path, mount, inotify, coverage, context);
      const overflow = options.overflow ? await overflowOf(scratch.path, inotify, context, coverage) : undefined;
      context.progress('');
      noteCells(tried, coverage);
      const look = lookOf(directory, mount, tried, behind);
      const data = buildData(look, overflow);
      return {
        kind: 'report',
        target: { spec: given, label: directory, pids: [] },
        findings: runRules(context.rules, [look]),
        coverage,
        data,
        body: () => viewOf(look, data),
      };
    } finally {
      scratch.remove();
    }
  } finally {
    inotify.close();
  }
}

export function emptyData(): ProbeData {
  return emptyProbe;
}

function directoryOf(given: string): string {
  try {
    return realDirectory(given);
  } catch (error) {
    const code = codeOf(error);
    throw new UserError(`${given}: ${words(code)}`, { exitCode: code === 'EACCES' ? 3 : 2 });
  }
}

function openInstance(open: () => OwnInotify): OwnInotify {
  try {
    return open();
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOSYS') throw new UserError('this kernel has no inotify (ENOSYS)', { exitCode: 3 });
    throw new UserError(`no inotify instance can be made (${code})`, { exitCode: 3, hints: ['reloadctl inotify-limits   # who holds them'] });
  }
}

function words(code: string): string {
  const known: Record<string, string> = {
    ENOENT: 'there is no such directory', ENOTDIR: 'not a directory', EACCES: 'not permitted', EPERM: 'not permitted', EROFS: 'the file system is read-only',
    ENOSPC: 'no space left', EDQUOT: 'over quota', ELOOP: 'a loop of symbolic links',
  };
  return known[code] ?? code;
}

async function behindOf(path: string, mount: Mount | undefined, inotify: OwnInotify, coverage: Coverage[], context: CommandContext): Promise<Pick<ProbeLook, 'behind' | 'behindPath'>> {
  if (!mount || context.signal.aborted) return { behind: [] };
  try {
    const behindPath = findBehind(path, mount);
    return behindPath === undefined ? { behind: [] } : { behind: await tryBehind(path, behindPath, mount.fsType, inotify, context), behindPath };
  } catch (error) {
    coverage.push({ source: 'changes behind the mount', status: 'partial', detail: codeOf(error), needed: false });
    return { behind: [] };
  }
}

async function overflowOf(path: string, inotify: OwnInotify, { evidence, signal, progress }: CommandContext, coverage: Coverage[]): Promise<OverflowTry | undefined> {
  const limit = Number(evidence.read('/proc/sys/fs/inotify/max_queued_events').value?.trim() ?? USUAL_LIMIT);
  if (!(limit <= MOST_EVENTS)) {
    coverage.push({ source: '--overflow', status: 'unsupported', detail: `the queue holds ${count(limit)} events here: not filled`, needed: true });
    return undefined;
  }
  progress(`filling a queue of ${count(limit)} events`);
  const tried = await tryOverflow(path, limit, inotify, signal);
  if (!tried) coverage.push({ source: '--overflow', status: 'partial', detail: 'stopped by a signal', needed: true });
  return tried;
}

function noteCells({ cells, skipped, stopped }: Cells, coverage: Coverage[]): void {
  const total = patterns.length * 3;
  const reasons = [...new Set(skipped.map(({ pattern, errno }) => `${pattern}: ${errno}`))];
  coverage.push({
    source: 'change patterns',
    status: cells.length === total ? 'ok' : 'partial',
    seen: cells.length,
    total,
    // A file system without links or exchange has an answer: nobody can do that there.
    needed: stopped || cells.length === 0,
    ...(stopped ? { detail: 'stopped by a signal' } : reasons.length > 0 && { detail: `this file system refuses ${reasons.slice(0, 6).join(', ')}` }),
  });
}

function lookOf(directory: string, mount: Mount | undefined, { cells, skipped }: Cells, behind: Pick<ProbeLook, 'behind' | 'behindPath'>): ProbeLook {
  return {
    type: 'inotify-probe',
    directory,
    ...(mount && { fsType: mount.fsType, mountPoint: decodeText(mount.mountPoint).text, source: decodeText(mount.source).text }),
    cells,
    skipped,
    ...behind,
    ...conclude(cells, behind.behind, mount?.fsType),
  };
}
