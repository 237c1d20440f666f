/** Where functions of the target are written: by what V8 knows of each, and the names of its scripts. */
import type { Frame } from '../model.ts';
import { type Realm, type Remote, remoteOf } from './remote.ts';

/** Functions asked for; more of them tell no more. */
const MOST = 400;

/**
 * By index in each array that `lists` lead to. Functions of the runtime itself and native ones have none.
 * @param stacks source maps are wanted in any case: stacks are there
 */
export async function placesOf(realm: Realm, lists: readonly (Remote | undefined)[], stacks: boolean, timeoutMs: number): Promise<Places> {
  const asked = await Promise.all(lists.map((list) => (list ? ask(realm, list) : [])));
  if (!stacks && asked.every((list) => list.length === 0)) return { places: asked.map(() => new Map()), maps: new Map() };
  const { names, maps } = await scriptNames(realm, timeoutMs);
  return { places: await Promise.all(asked.map((list) => placed(list, names))), maps };
}

export interface Places {
  /** One for each list. */
  places: Map<number, Frame>[];
  /** URLs of source maps, by the name of the script. */
  maps: Map<string, string>;
}

interface Asked {
  index: number;
  found: Promise<Map<string, unknown>>;
}

async function ask(realm: Realm, functions: Remote): Promise<Asked[]> {
  const asked: Asked[] = [];
  for (const [name, value] of await realm.properties(functions)) {
    const remote = remoteOf(value);
    if (!/^\d+$/.test(name) || !remote || asked.length >= MOST) continue;
    asked.push({ index: Number(name), found: realm.properties(remote).catch(() => new Map()) });
  }
  return asked;
}

async function placed(asked: readonly Asked[], scripts: ReadonlyMap<string, string>): Promise<Map<number, Frame>> {
  const places = new Map<number, Frame>();
  for (const { index, found } of asked) {
    const properties = await found;
    const location = (properties.get('[[FunctionLocation]]') as { value?: { scriptId?: string; lineNumber?: number; columnNumber?: number } } | undefined)?.value;
    const file = scripts.get(String(location?.scriptId));
    if (file === undefined || file === '' || file.startsWith('node:')) continue;
    const func = (properties.get('name') as { value?: unknown } | undefined)?.value;
    places.set(index, { func: typeof func === 'string' ? func.slice(0, 200) : '', file, line: (location?.lineNumber ?? 0) + 1, column: (location?.columnNumber ?? 0) + 1 });
  }
  return places;
}

/** Only the debugger of V8 tells names of scripts. It is on for as long as it takes to say them. */
async function scriptNames(realm: Realm, timeoutMs: number): Promise<{ names: Map<string, string>; maps: Map<string, string> }> {
  const names = new Map<string, string>();
  const maps = new Map<string, string>();
  realm.connection.on('Debugger.scriptParsed', ({ scriptId, url, sourceMapURL }) => {
    if (typeof url !== 'string' || names.size >= 100_000) return;
    names.set(String(scriptId), url.slice(0, 4096));
    if (typeof sourceMapURL === 'string' && sourceMapURL !== '') maps.set(url, sourceMapURL);
  });
  await realm.connection.call('Debugger.enable', {}, timeoutMs).catch(() => undefined);
  await realm.connection.call('Debugger.disable', {}, timeoutMs).catch(() => undefined);
  return { names, maps };
}
