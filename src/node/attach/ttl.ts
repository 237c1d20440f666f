/** Should the guard be killed with us, the target itself closes what we opened. */
import { InspectorError } from '../../effects/inspector/connection.ts';
import type { Realm } from '../read/remote.ts';
import type { Attachment } from './types.ts';

export const TTL_MS = 15_000;

/** Gives us so much more time, ms. Only where the inspector is ours: another's is never closed. */
export async function renewTtl({ how }: Pick<Attachment, 'how'>, realm: Realm, ms = TTL_MS): Promise<void> {
  if (how !== 'signal') return;
  // Without timers there is the guard alone.
  await realm.value(`(() => { const key = Symbol.for('reloadctl.attached'); clearTimeout(globalThis[key]);
const inspector = process.getBuiltinModule ? process.getBuiltinModule('node:inspector') : require('node:inspector');
const timer = setTimeout(() => { delete globalThis[key]; inspector.close(); }, ${Math.round(ms)}); timer.unref();
Object.defineProperty(timer, Symbol('reloadctl.own'), { value: true });
Object.defineProperty(globalThis, key, { value: timer, configurable: true, writable: true, enumerable: false }); })()`).catch((error: unknown) => {
    if (!(error instanceof InspectorError) || error.kind !== 'refused') throw error;
  });
}
