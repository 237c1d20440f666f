/** Programs that watch, and what reloadctl says of them, without a process in between. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openLive } from '../../../src/evidence/index.ts';
import { inotifyRules } from '../../../src/inotify/index.ts';
import { type CollectOptions, collectInotify } from '../../../src/inotify/instances/collect.ts';
import { buildData, type InotifyData } from '../../../src/inotify/instances/data.ts';
import { type Coverage, type Finding, runRules } from '../../../src/report/index.ts';
import { type Child, startChild } from './child.ts';
import { PYTHON } from './program.ts';
import { PYTHON_PACKAGES } from './runtimes.ts';

const WATCHER = fileURLToPath(new URL('../../../fixtures/programs/watcher.py', import.meta.url));

/** What libuv and fsnotify ask for. */
export const USUAL = 0xfc6;

export interface Watcher {
  child: Child;
  pid: number;
  fd: number;
  wds: number[];
  /** Sends a line, gives the answer. */
  tell(line: string): Promise<string>;
}

/** Starts watcher.py with watches on `paths`. */
export async function startWatcher(paths: readonly string[], mask = USUAL, cwd?: string): Promise<Watcher> {
  const child = await startChild(PYTHON, [WATCHER, mask.toString(16), ...paths], cwd === undefined ? {} : { cwd });
  const { pid, fd, wds } = JSON.parse(await child.nextLine()) as { pid: number; fd: number; wds: number[] };
  const tell = (line: string): Promise<string> => {
    child.say(line);
    return child.nextLine();
  };
  return { child, pid, fd, wds, tell };
}

/** Starts a watching package of Python on a directory; it has begun when this returns. */
export async function startPython(name: string, folder: string): Promise<Child> {
  const child = await startChild(PYTHON, [fixtureOf('watchers', 'python', 'watch.py'), name, folder], { env: { PYTHONPATH: PYTHON_PACKAGES } });
  await child.nextLine();
  return child;
}

export interface Seen {
  data: InotifyData;
  findings: Finding[];
  coverage: Coverage[];
}

export async function lookAtInotify(pids: number | readonly number[], options: Partial<CollectOptions> = {}): Promise<Seen> {
  const evidence = openLive();
  try {
    const { look, coverage } = await collectInotify(evidence, typeof pids === 'number' ? [pids] : pids, '', {
      expect: [], rerun: 'reloadctl', isRoot: true, signal: new AbortController().signal, ...options,
    });
    return { data: buildData(look), findings: runRules(inotifyRules, [look]), coverage: coverage.list() };
  } finally {
    evidence.close();
  }
}

export function fixtureOf(...parts: string[]): string {
  return join(fileURLToPath(new URL('../../../fixtures', import.meta.url)), ...parts);
}
