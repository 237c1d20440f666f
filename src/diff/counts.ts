/** What of a report's `data` can be counted on both sides, by command. */
import { byLooks } from '../kernel/templates.ts';
import { isObject, type Problem } from './check.ts';

export interface Counted {
  kind: string;
  key: string;
  count: number;
}

export interface Counts {
  groups: Counted[];
  /** Single numbers, by their path in `data`; null is unlimited or not known. */
  numbers: Map<string, number | null>;
}

/** A list in `data` whose rows are counted. Paths have dots; several keys stand side by side. */
interface Rows {
  list: string;
  /** The kind itself, or where it stands. */
  kind: string | { at: string };
  keys: readonly string[];
  /** Paths that look alike are one: the folders of two runs differ. */
  byLooks?: true;
  /** Absent: each row is one. */
  count?: string;
}

const rows = new Map<string, readonly Rows[]>(Object.entries({
  fds: [{ list: 'groups', kind: { at: 'kind' }, keys: ['key'], count: 'count' }],
  'fds --top': [{ list: 'processes', kind: 'process', keys: ['comm'], count: 'open' }],
  'inotify-limits': [
    { list: 'users', kind: 'inotify instances', keys: ['userns', 'uid'], count: 'instances.used' },
    { list: 'users', kind: 'inotify watches', keys: ['userns', 'uid'], count: 'watches.used' },
  ],
  inotify: [{ list: 'watches', kind: 'watch', keys: ['path'] }],
  strace: [{ list: 'sites', kind: 'left open', keys: ['site'], byLooks: true, count: 'open' }],
  goroutines: [{ list: 'groups', kind: { at: 'state' }, keys: ['frames'], count: 'count' }],
  node: [{ list: 'handles', kind: { at: 'kind' }, keys: ['site'] }],
  tasks: [{ list: 'tasks', kind: { at: 'state' }, keys: ['syscall', 'wchan'] }],
  listen: [{ list: 'listeners', kind: 'accept queue', keys: ['address', 'port'], count: 'queue' }],
}));

/** How requests of a drill fail. */
const CLASSES = ['refused', 'reset', 'cut', 'timeout', 'status', 'wrongGeneration'];

const numbers = new Map<string, readonly string[]>(Object.entries({
  fds: ['open', 'limit.soft', 'limit.hard'],
  strace: ['lines', 'unclassified'],
  goroutines: ['total'],
  drill: [
    ...['bad', 'total'].map((key) => `statistics.reloads.${key}`),
    ...['new', 'pooled', 'stream'].flatMap((traffic) => ['total', 'failed', 'raced', ...CLASSES.map((name) => `byClass.${name}`)].map((key) => `traffic.${traffic}.${key}`)),
    ...['new', 'pooled'].flatMap((traffic) => ['control', 'reloads'].flatMap((part) => ['p50Ms', 'p99Ms', 'maxMs'].map((key) => `latency.${traffic}.${part}.${key}`))),
    ...['fds', 'processes', 'threads', 'memoryBytes'].map((key) => `leftovers.slopes.${key}`),
  ],
}));

/** Of a site that is told by what it opens, not by its place in the code. */
const PATH_BEHIND = / \/.*$/;

/** A `data` of another shape than its command's is a Problem. */
export function countsOf(command: string, data: Record<string, unknown>): Counts | Problem {
  const name = tableName(command, data);
  const groups = new Map<string, Counted>();
  for (const table of rows.get(name) ?? []) {
    const problem = addRows(groups, table, data);
    if (problem) return problem;
  }
  const found = new Map<string, number | null>();
  for (const path of numbers.get(name) ?? []) {
    const value = valueAt(data, path);
    if (value === undefined) continue;
    if (value !== null && typeof value !== 'number') return { path: ['data', ...path.split('.')], what: `data.${path} is not a number` };
    found.set(path, value);
  }
  return { groups: [...groups.values()], numbers: found };
}

/** The command of a report, with the option that makes its `data` another: `fds --top`. */
export function commandOf(command: string, { groups, processes }: Record<string, unknown>): string {
  return command === 'fds' && groups === undefined && processes !== undefined ? 'fds --top' : command;
}

/** A demo that was stopped before it could look has no groups. */
function tableName(command: string, data: Record<string, unknown>): string {
  return command === 'demo' && data.groups !== undefined ? 'fds' : commandOf(command, data);
}

function addRows(groups: Map<string, Counted>, { list, kind, keys, byLooks: isByLooks, count }: Rows, data: Record<string, unknown>): Problem | null {
  const items = data[list];
  if (!Array.isArray(items)) return items === undefined ? { path: ['data'], what: `data.${list} is missing` } : { path: ['data', list], what: `data.${list} is not a list` };
  for (const [index, item] of items.entries()) {
    const path = ['data', list, index];
    const what = `data.${list}[${index}]`;
    if (!isObject(item)) return { path, what: `${what} is not an object` };
    const amount = count === undefined ? 1 : valueAt(item, count);
    // Not known, as of a process that could not be read: nothing to compare.
    if (amount === null) continue;
    if (typeof amount !== 'number' || !Number.isFinite(amount)) return { path: amount === undefined ? path : [...path, ...count!.split('.')], what: `${what}.${count} is not a number` };
    const key = keys.map((one) => wordOf(valueAt(item, one))).filter((word) => word !== '').join(' ');
    const row: Counted = {
      kind: typeof kind === 'string' ? kind : wordOf(valueAt(item, kind.at)),
      key: isByLooks ? key.replace(PATH_BEHIND, byLooks) : key,
      count: amount,
    };
    const id = `${row.kind}\0${row.key}`;
    const known = groups.get(id);
    if (known) known.count += amount;
    else groups.set(id, row);
  }
  return null;
}

/** Own members only: a path from a table never leads to what every object has. */
function valueAt(value: unknown, path: string): unknown {
  let found = value;
  for (const step of path.split('.')) found = isObject(found) && Object.hasOwn(found, step) ? found[step] : undefined;
  return found;
}

/** A call stack as its functions, innermost first. */
function wordOf(value: unknown): string {
  if (Array.isArray(value)) return value.map((frame) => wordOf(isObject(frame) ? frame.func : frame)).join(' < ');
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
