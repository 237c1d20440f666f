/** Where functions of the target are written: by what V8 knows of each, and the names of its scripts. */
import type { InspectorConnection } from '../../effects/inspector/connection.ts';
import type { Frame } from '../model.ts';
import { type Realm, type Remote, remoteOf } from './remote.ts';

/** Functions asked for at most. */
const MOST = 240;
/** Questions that the target answers in one go. */
const AT_ONCE = 40;

/**
 * By index in each array that `lists` lead to. Functions of the runtime itself and native ones have none.
 * @param stacks source maps are wanted in any case: stacks are there
 */
export async function placesOf(realm: Realm, lists: readonly (Remote | undefined)[], stacks: boolean, timeoutMs: number): Promise<Places> {
  const asked: Asked[][] = [];
  for (const list of lists) asked.push(list ? await ask(realm, list) : []);
  if (!stacks && asked.every((list) => list.length === 0)) return { places: asked.map(() => new Map()), maps: new Map() };
  const located = await Promise.all(asked.map((list) => Promise.all(list.map(locate))));
  const { names, maps } = await scriptNames(realm, new Set(located.flat().map(({ scriptId }) => scriptId)), timeoutMs);
  return { places: located.map((list) => placed(list, names)), maps };
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
    const found = realm.properties(remote).catch(() => new Map());
    asked.push({ index: Number(name), found });
    if (asked.length % AT_ONCE === 0) await found;
  }
  return asked;
}

interface Located {
  index: number;
  scriptId: string;
  func: string;
  line: number;
  column: number;
}

async function locate({ index, found }: Asked): Promise<Located> {
  const properties = await found;
  const location = (properties.get('[[FunctionLocation]]') as { value?: { scriptId?: unknown; lineNumber?: unknown; columnNumber?: unknown } } | undefined)?.value;
  const func = (properties.get('name') as { value?: unknown } | undefined)?.value;
  return {
    index,
    scriptId: String(location?.scriptId ?? ''),
    func: typeof func === 'string' ? func.slice(0, 200) : '',
    line: Number(location?.lineNumber ?? 0) + 1,
    column: Number(location?.columnNumber ?? 0) + 1,
  };
}

function placed(located: readonly Located[], scripts: ReadonlyMap<string, string>): Map<number, Frame> {
  const places = new Map<number, Frame>();
  for (const { index, scriptId, func, line, column } of located) {
    const file = scripts.get(scriptId);
    if (file === undefined || file === '' || file.startsWith('node:')) continue;
    places.set(index, { func, file, line, column });
  }
  return places;
}

interface Scripts {
  /** By script id. */
  names: Map<string, string>;
  maps: Map<string, string>;
}

/** A watch asks again and again, and scripts have their ids for good. */
const known = new WeakMap<InspectorConnection, Scripts>();

/** Only the debugger of V8 tells names of scripts. It is on for as long as it takes to say them. */
async function scriptNames({ connection }: Realm, wanted: ReadonlySet<string>, timeoutMs: number): Promise<Scripts> {
  const scripts = known.get(connection) ?? { names: new Map<string, string>(), maps: new Map<string, string>() };
  if (known.has(connection) && [...wanted].every((id) => scripts.names.has(id))) return scripts;
  known.set(connection, scripts);
  // Sent with the first name that comes, and acknowledges it: the others wait for that (Nagle).
  let off: Promise<unknown> | undefined;
  const stop = connection.on('Debugger.scriptParsed', ({ scriptId, url, sourceMapURL }) => {
    off ??= connection.call('Debugger.disable', {}, timeoutMs).catch(() => undefined);
    if (typeof url !== 'string' || scripts.names.size >= 100_000) return;
    scripts.names.set(String(scriptId), url.slice(0, 4096));
    if (typeof sourceMapURL === 'string' && sourceMapURL !== '') scripts.maps.set(url, sourceMapURL);
  });
  await connection.call('Debugger.enable', {}, timeoutMs).catch(() => undefined);
  await (off ?? connection.call('Debugger.disable', {}, timeoutMs).catch(() => undefined));
  stop();
  // What has no name now has none later.
  for (const id of wanted) if (!scripts.names.has(id)) scripts.names.set(id, '');
  return scripts;
}
