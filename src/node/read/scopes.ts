/** What a function sees: V8 tells, where no function of Node hands it out. */
import { type Realm, type Remote, remoteOf } from './remote.ts';

/** The variable `name` in one of the closures around the function that the first of these expressions leads to. */
export async function variableSeenBy(realm: Realm, expressions: readonly string[], name: string): Promise<Remote | undefined> {
  for (const expression of expressions) {
    const fn = await realm.object(expression).catch(() => undefined);
    if (!fn) continue;
    const scopes = remoteOf((await realm.properties(fn)).get('[[Scopes]]'));
    if (!scopes) continue;
    for (const [index, value] of await realm.properties(scopes)) {
      const scope = remoteOf(value);
      if (!/^\d+$/.test(index) || !scope || !String(value.description).startsWith('Closure')) continue;
      const found = remoteOf((await realm.properties(scope)).get(name));
      if (found) return found;
    }
  }
  return undefined;
}
