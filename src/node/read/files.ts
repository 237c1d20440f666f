/** Which FileHandles nobody holds any more: told by a collection of garbage, which the preload makes harmless. */
import { InspectorError } from '../../effects/inspector/connection.ts';
import { asNumber } from './decode.ts';
import type { Realm } from './remote.ts';

/** Of a heap so small it takes some ms. What is larger collects often enough by itself, MiB. */
const MOST_HEAP_MIB = 64;
const REGISTER = `globalThis[Symbol.for('reloadctl.register')]`;

/**
 * Asks only where there are FileHandles of which nothing is known yet. On Node 25 and later a FileHandle that is collected ends the
 * process: the preload holds what is behind them until releaseFiles(), and longer behind those that were lost.
 */
export async function settleFiles(realm: Realm, timeoutMs: number): Promise<void> {
  await unlessRefused(async () => {
    const heap = asNumber(await realm.value('process.memoryUsage().heapTotal')) ?? Number.POSITIVE_INFINITY;
    if (heap > MOST_HEAP_MIB * 1024 * 1024) return;
    const unknown = asNumber(await realm.value(`${REGISTER}?.holdFiles?.() ?? 0`)) ?? 0;
    // What was looked at is kept alive for the rest of that turn; the next call comes in another.
    if (unknown > 0) await realm.connection.call('HeapProfiler.collectGarbage', {}, timeoutMs);
  });
}

/** When they were listed. */
export async function releaseFiles(realm: Realm): Promise<void> {
  await unlessRefused(async () => void (await realm.value(`${REGISTER}?.releaseFiles?.()`)));
}

async function unlessRefused(action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    if (!(error instanceof InspectorError) || error.kind !== 'refused') throw error;
  }
}
