/** Promises that somebody still holds and that have not settled: V8 looks through its whole heap for them. */
import { asNumber, asRecord } from './decode.ts';
import { Realm, remoteOf } from './remote.ts';

export interface HeapCount {
  promises: number;
  pending: number;
  /** More were there than were looked at. */
  cut: boolean;
}

const MOST = 200_000;

/**
 * It collects garbage first, and the loop stands still meanwhile: 0.1 s for a small heap, half a second for a million objects. From Node 25
 * on that collection ends a process which lost a FileHandle. Throws InspectorError.
 */
export async function countPromises(realm: Realm): Promise<HeapCount> {
  const prototype = await realm.object('Promise.prototype');
  const found = await realm.connection.call('Runtime.queryObjects', { prototypeObjectId: prototype?.objectId, objectGroup: 'reloadctl' }, HEAP_MS);
  const objects = remoteOf(asRecord(found.objects));
  const text = objects && (await new Realm(realm.connection, HEAP_MS).callValue(objects, countPending, MOST));
  await realm.release();
  const { promises, pending, cut } = asRecord(typeof text === 'string' ? JSON.parse(text) : {});
  return { promises: asNumber(promises) ?? 0, pending: asNumber(pending) ?? 0, cut: cut === true };
}

/** A large heap takes its time. */
const HEAP_MS = 8000;

/** Runs inside the target, as its own text. Only util.inspect tells the state of a promise without waiting for it. */
function countPending(this: unknown[], most: number): string {
  const load = (process as { getBuiltinModule?: (name: string) => unknown }).getBuiltinModule ?? ((globalThis as unknown as { require: (name: string) => unknown }).require || require);
  const { inspect } = load('node:util') as typeof import('node:util');
  let pending = 0;
  const end = Math.min(this.length, most);
  for (let index = 0; index < end; index++) {
    try {
      if (inspect(this[index], { depth: 0, customInspect: false, maxStringLength: 1, maxArrayLength: 1 }).includes('<pending>')) pending++;
    } catch {
      // A proxy.
    }
  }
  return JSON.stringify({ promises: this.length, pending, cut: this.length > most });
}
