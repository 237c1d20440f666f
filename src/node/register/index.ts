/**
 * The preload: node --import reloadctl/register. Notes which line makes each handle, and opens a unix socket of mode 0600 at which
 * `reloadctl node` asks, so that no signal and no TCP port is needed. Holds nothing of the loop, changes no result, prints nothing.
 */
import module from 'node:module';
import workerThreads from 'node:worker_threads';
import { installHook } from '../probe/hook.ts';
import { listHandles, newListing } from '../probe/list.ts';
import { listPaths, watchPaths } from './by-path.ts';
import { listWorkers, watchCreations } from './creations.ts';
import { holdFiles, listFiles, releaseFiles, streamOf, watchFiles } from './files.ts';
import { of } from './made.ts';
import { openControlSocket } from './socket.ts';

const MOST_ENTRIES = 50_000;
const KEY = Symbol.for('reloadctl.register');

/** Workers of a test runner are its own business, unless asked for: RELOADCTL_REGISTER=all. */
function isInert(): boolean {
  const { RELOADCTL_REGISTER: wanted, JEST_WORKER_ID: jest, VITEST_WORKER_ID: vitest, VITEST_POOL_ID: pool } = process.env;
  if (wanted === 'off') return true;
  return wanted !== 'all' && !workerThreads.isMainThread && (jest !== undefined || vitest !== undefined || pool !== undefined);
}

function register(): void {
  if (KEY in globalThis || isInert()) return;
  const original = watchCreations();
  watchFiles();
  watchPaths();
  module.syncBuiltinESMExports();
  const api = { of, setTimeout: original.setTimeout, extras: () => [...listFiles(), ...listPaths(), ...listWorkers()], streamOf, holdFiles, releaseFiles };
  Object.defineProperty(globalThis, KEY, { value: api, enumerable: false });
  // Also what no wrapped function makes: by an async hook, which costs something all the time.
  if (process.env.RELOADCTL_REGISTER === 'deep') installHook({ ttlMs: 0, promises: false, timers: true, most: MOST_ENTRIES, mostOverhead: 0, oldMs: 0 });
  if (!workerThreads.isMainThread) return;
  openControlSocket((method) => {
    if (method === 'Reloadctl.hello') return { pid: process.pid, version: process.version };
    if (method === 'Reloadctl.list') return { json: listHandles.call(newListing(), 50_000, 50_000) };
    return undefined;
  });
}

register();
