/**
 * The library: `import { assertNoLeaks } from 'reloadctl'`. What a piece of work makes is followed by the asynchronous context it runs in,
 * so that others may run beside it. Types of the package are made from this file alone: what is exported names no type of another.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import module from 'node:module';
import timers from 'node:timers';
import { watchCreations } from '../creations.ts';
import { watchFiles } from '../files.ts';
import { listening, type TestMark } from '../made.ts';
import { survivors, trackAll } from '../tests/survivors.ts';

/** Something that was opened and is open still. */
export interface Leak {
  /**
   * `tcp-server`, `tcp-socket`, `udp-socket`, `child-process`, `worker`, `fs-watcher`, `stat-watcher`, `timer-interval`, `file-descriptor`,
   * `file-handle`, `file-stream`; Unix sockets and pipes are `tcp-server` and `tcp-socket`, too.
   */
  kind: string;
  /** Address, path or pid; may be empty. */
  detail: string;
  /** `path:line:column` of the first frame of your own code. */
  site: string;
}

export interface LeakOptions {
  /** How long what was made may take to go, ms (default: 500). */
  graceMs?: number;
  /** What is meant to stay: comes back with true for it. */
  allow?: (leak: Leak) => boolean;
}

/** What `assertNoLeaks` rejects with; `leaks` says what was left, and the message does, too. */
export class LeakError extends Error {
  override readonly name: string = 'LeakError';
  readonly leaks: readonly Leak[];

  constructor(leaks: readonly Leak[]) {
    const lines = leaks.map(({ kind, detail, site }) => `  ${kind}${detail === '' ? '' : ` (${detail})`} made at ${site}`);
    super(`${leaks.length} left open:\n${lines.join('\n')}`);
    this.leaks = leaks;
  }
}

const STEP_MS = 20;
const USUAL_GRACE_MS = 500;
const context = new AsyncLocalStorage<TestMark>();
const { setTimeout } = timers;
let isInstalled = false;

/** At the first call: what was made before is nobody's leak. */
function install(): void {
  if (isInstalled) return;
  isInstalled = true;
  listening.test = () => context.getStore();
  trackAll();
  watchCreations();
  watchFiles();
  module.syncBuiltinESMExports();
}

/**
 * Runs `work`, and rejects with `LeakError` when something that it made is open still after it, and after the grace period: servers,
 * connections, datagram sockets, children, workers, watchers, intervals, descriptors, file handles and streams. Resolves to what `work`
 * does. Unreferenced timers, idle connections of keep-alive pools and whatever only libraries had a hand in are no leaks. When `work`
 * itself fails, that is what it rejects with.
 */
export async function assertNoLeaks<T>(work: () => T | PromiseLike<T>, options: LeakOptions = {}): Promise<T> {
  const { leaks, result } = await leaksOf(work, options);
  if (leaks.length > 0) throw new LeakError(leaks);
  return result;
}

/** The same, for those who judge themselves: what `work` left open, and what it came to. */
export async function leaksOf<T>(work: () => T | PromiseLike<T>, options: LeakOptions = {}): Promise<{ leaks: Leak[]; result: T }> {
  install();
  const { graceMs = USUAL_GRACE_MS, allow = () => false } = options;
  const mark: TestMark = { name: 'work', isLoading: false };
  const result = await context.run(mark, async () => work());
  const left = (): Leak[] => survivors((made) => made.test === mark).flatMap(({ kind, detail, site }) => (site === undefined ? [] : [{ kind, detail, site }])).filter((leak) => !allow(leak));
  let leaks = left();
  for (let waited = 0; leaks.length > 0 && waited < graceMs; waited += STEP_MS) {
    await new Promise<void>((resolve) => setTimeout(() => resolve(), STEP_MS));
    leaks = left();
  }
  return { leaks, result };
}
