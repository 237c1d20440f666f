/** The list of timers, which no function of Node hands out: setTimeout() sees it, and V8 shows what a function sees. */
import { listTimers } from '../probe/timers.ts';
import { type Realm, type Remote, remoteOf } from './remote.ts';

/** An object `{json, functions}` in the target; undefined where this runtime keeps its timers elsewhere. */
export async function remoteTimers(realm: Realm, most: number): Promise<Remote | undefined> {
  // A preload of ours, or fake timers, may stand before the one of Node.
  for (const expression of [`globalThis[Symbol.for('reloadctl.register')]?.setTimeout`, 'setTimeout', `(process.getBuiltinModule ?? require)('node:timers').setTimeout`]) {
    const fn = await realm.object(expression).catch(() => undefined);
    if (!fn) continue;
    const scopes = remoteOf((await realm.properties(fn)).get('[[Scopes]]'));
    if (!scopes) continue;
    for (const [name, value] of await realm.properties(scopes)) {
      const scope = remoteOf(value);
      if (!/^\d+$/.test(name) || !scope || !String(value.description).startsWith('Closure')) continue;
      const map = remoteOf((await realm.properties(scope)).get('timerListMap'));
      if (map) return await realm.call(map, listTimers, most);
    }
  }
  return undefined;
}
