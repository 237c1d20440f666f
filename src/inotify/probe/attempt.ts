/** Tries everything out in a fresh directory, and tells as it goes. May hang wherever the file system does: in a process of its own. */
import { openScratch, realDirectory } from '../../effects/scratch.ts';
import { type Evidence, loadOwnCalls, type OwnInotify } from '../../evidence/index.ts';
import { type Mount, parseMounts } from '../../kernel/proc/mountinfo.ts';
import { encodeText } from '../../kernel/text.ts';
import { count } from '../../report/words.ts';
import { mountOf } from '../instances/expect.ts';
import { USUAL_LIMIT } from '../instances/queue.ts';
import { findBehind, tryBehind } from './behind.ts';
import { MOST_EVENTS, tryOverflow } from './overflow.ts';
import { codeOf, runCells, WatchRefused } from './run-cells.ts';
import type { Step, Tell } from './steps.ts';

/** The world outside of the directory, and who listens. */
export interface AttemptContext {
  evidence: Evidence;
  signal: AbortSignal;
  tell: Tell;
}

export async function attempt(given: string, options: { overflow: boolean }, context: AttemptContext): Promise<void> {
  try {
    context.tell(await tryAll(given, options, context));
  } catch (error) {
    if (!(error instanceof WatchRefused)) throw error;
    context.tell(ofWatchRefused(error.code));
  }
}

async function tryAll(given: string, { overflow }: { overflow: boolean }, context: AttemptContext): Promise<Step> {
  const { evidence, signal, tell } = context;
  const directory = ofSystem(() => realDirectory(given));
  if ('code' in directory) return refused(`${given}: ${words(directory.code)}`, directory.code === 'EACCES' ? 3 : 2);
  const calls = loadOwnCalls();
  if (!calls) return refused('inotify cannot be tried out: no native calls (Node without the optional package koffi, or RELOADCTL_NO_NATIVE is set)', 3, ['npm install koffi, or use the single file']);
  const opened = ofSystem(() => calls.openInotify());
  if ('code' in opened) return opened.code === 'ENOSYS' ? refused('this kernel has no inotify (ENOSYS)', 3) : refused(`no inotify instance can be made (${opened.code})`, 3, ['reloadctl inotify-limits   # who holds them']);
  const inotify = opened.value;
  try {
    const scratch = await openScratch(directory.value).catch((error: unknown) => codeOf(error));
    if (typeof scratch === 'string') {
      // mkdir(2) says so where a file system has no way to make directories: the directory itself was there a moment ago.
      const why = scratch === 'ENOENT' ? 'this file system lets nobody make one' : words(scratch);
      return { ...refused(`${given}: no sub-directory can be made there (${why})`, 3, ['the probe works on files of its own: it needs a directory in which it may write']), known: { directory: directory.value } };
    }
    tell({ step: 'at', directory: directory.value, scratch: scratch.path });
    try {
      const { stopped } = await runCells(scratch.path, inotify, calls, signal, tell);
      const mount = mountOf(encodeText(scratch.path), parseMounts(evidence.read('/proc/self/mountinfo').value ?? ''));
      if (mount && !signal.aborted) await behindOf(scratch.path, mount, inotify, context);
      if (overflow) await overflowOf(scratch.path, inotify, context);
      return { step: 'end', stopped };
    } finally {
      scratch.remove();
    }
  } finally {
    inotify.close();
  }
}

function refused(message: string, exitCode: 2 | 3, hints: string[] = []): Extract<Step, { step: 'refused' }> {
  return { step: 'refused', message, exitCode, hints };
}

/** ENOSPC of inotify_add_watch(2) has nothing to do with the disk. */
function ofWatchRefused(code: string): Step {
  if (code !== 'ENOSPC') return refused(`no watch can be added there (${code} of inotify_add_watch)`, 3);
  return refused('no watch can be added: the inotify watches of this user are used up (ENOSPC of inotify_add_watch); the file system has no part in it', 3, ['reloadctl inotify-limits   # who holds them, and what to set']);
}

function ofSystem<T>(call: () => T): { value: T } | { code: string } {
  try {
    return { value: call() };
  } catch (error) {
    return { code: codeOf(error) };
  }
}

function words(code: string): string {
  const known: Record<string, string> = {
    ENOENT: 'there is no such directory', ENOTDIR: 'not a directory', EACCES: 'not permitted', EPERM: 'not permitted', EROFS: 'the file system is read-only',
    ENOSPC: 'no space left', EDQUOT: 'over quota', ELOOP: 'a loop of symbolic links', ENAMETOOLONG: 'the name is too long', ENOTCONN: 'the FUSE program is gone', ESTALE: 'the server has lost it',
  };
  return known[code] ?? code;
}

async function behindOf(path: string, mount: Mount, inotify: OwnInotify, context: AttemptContext): Promise<void> {
  try {
    const behindPath = findBehind(path, mount);
    if (behindPath !== undefined) context.tell({ step: 'behind', behind: await tryBehind(path, behindPath, mount.fsType, inotify, context), behindPath });
  } catch (error) {
    context.tell({ step: 'note', coverage: { source: 'changes behind the mount', status: 'partial', detail: codeOf(error), needed: false } });
  }
}

async function overflowOf(path: string, inotify: OwnInotify, { evidence, signal, tell }: AttemptContext): Promise<void> {
  const limit = Number(evidence.read('/proc/sys/fs/inotify/max_queued_events').value?.trim() ?? USUAL_LIMIT);
  const note = (status: 'unsupported' | 'partial', detail: string): void => tell({ step: 'note', coverage: { source: '--overflow', status, detail, needed: true } });
  if (!(limit <= MOST_EVENTS)) {
    note('unsupported', `the queue holds ${count(limit)} events here: not filled`);
    return;
  }
  try {
    const overflow = await tryOverflow(path, limit, inotify, signal, tell);
    if (overflow) tell({ step: 'overflow', overflow });
    else note('partial', 'stopped by a signal');
  } catch (error) {
    note('partial', codeOf(error));
  }
}
