/** The text below the findings: what keeps the loop alive, in groups; descriptors without a handle; where the loop is; how we left. */
import type { Block, Cell } from '../render/index.ts';
import { count, duration, percent, plural } from '../report/words.ts';
import type { GroupRow, NodeData } from './data.ts';
import type { Handle } from './model.ts';

const GROUPS_SHOWN = 15;
const ORPHANS_SHOWN = 10;
const FRAMES_SHOWN = 8;

export interface ViewOptions {
  list: boolean;
  rerun: string;
}

export function* viewOf(label: string, data: NodeData, options: ViewOptions): Generator<Block> {
  yield { type: 'blank' };
  if (data.refusal) {
    yield { type: 'paragraph', text: `${label}: ${data.refusal.why}`, tone: 'strong' };
    if (data.left?.note !== undefined) yield { type: 'paragraph', text: data.left.note, tone: 'warning' };
    return;
  }
  const refs = data.handles.filter(({ ref, stdio }) => ref !== false && !stdio).length;
  const runtime = data.runtime ? ` (${data.runtime.name} ${data.runtime.version})` : '';
  yield { type: 'paragraph', text: `${label}${runtime}: ${plural('handle', data.handles.length)}, ${count(refs)} keep the loop alive; ${plural('descriptor', data.orphanFds.length)} without a handle`, tone: 'strong' };
  yield* groupTable(data.groups);
  if (options.list) yield* handleTable(data.handles, data.processes.length > 1);
  else if (data.handles.length > 0) yield { type: 'paragraph', text: `--list shows each handle`, tone: 'dim' };
  yield* orphanTable(data);
  yield* loopBlocks(data);
  yield* promiseBlocks(data);
  yield* leftBlocks(data);
}

function* groupTable(groups: readonly GroupRow[]): Generator<Block> {
  if (groups.length === 0) return;
  const isGrowing = groups.some(({ growthPerMinute }) => growthPerMinute !== undefined);
  yield {
    type: 'table',
    columns: [{ title: 'COUNT', align: 'right' }, { title: 'KEEP ALIVE', align: 'right' }, { title: 'KIND' }, ...(isGrowing ? [{ title: 'PER MIN', align: 'right' as const }] : []), { title: 'BY' }, { title: 'WHICH', flex: true, min: 30 }],
    rows: groups.slice(0, GROUPS_SHOWN).map((row): Cell[] => [
      count(row.count), count(row.refs), row.kind, ...(isGrowing ? [row.growthPerMinute === undefined ? '' : count(row.growthPerMinute)] : []), { text: row.by === 'kind' ? '' : row.by, tone: 'dim' as const }, row.key,
    ]),
  };
  if (groups.length > GROUPS_SHOWN) yield { type: 'paragraph', text: `and ${plural('more group', groups.length - GROUPS_SHOWN)} (--json has all)`, tone: 'dim' };
}

function* handleTable(handles: NodeData['handles'], isTree: boolean): Generator<Block> {
  yield { type: 'blank' };
  yield {
    type: 'table',
    columns: [...(isTree ? [{ title: 'PID', align: 'right' as const }] : []), { title: 'FD', align: 'right' }, { title: 'KIND' }, { title: 'REF' }, { title: 'AGE', align: 'right' }, { title: 'WHAT', flex: true, min: 30 }, { title: 'WHERE', flex: true, min: 20 }],
    rows: handles.map((handle): Cell[] => [
      ...(isTree ? [handle.pid] : []),
      handle.fd ?? '',
      handle.thread > 0 ? `${handle.kind} (worker ${handle.thread})` : handle.kind,
      handle.ref === undefined ? '?' : handle.ref ? 'yes' : 'no',
      handle.ageMs === undefined ? '' : duration(handle.ageMs),
      whatIs(handle),
      { text: handle.site ?? (handle.callback === undefined ? '' : `calls ${handle.callback}`), tone: 'dim' },
    ]),
  };
}

/** One line for people: `GET /slow, 127.0.0.1:8080 <- 127.0.0.1:5555 CLOSE_WAIT`. */
export function whatIs(handle: Omit<Handle, 'flowing' | 'reads'>): string {
  const { http, local, remote, state, path, childPid, command, intervalMs, dueMs, connections, streams, shared, stdio, kind } = handle;
  const parts: string[] = [];
  if (http) parts.push(`${http.method} ${http.url}${http.status === undefined ? '' : ` (${http.status}${http.unread ? ', body not read' : ''})`}`);
  if (kind.startsWith('timer-')) parts.push(`${kind === 'timer-interval' ? 'every' : 'after'} ${duration(intervalMs ?? 0)}${dueMs === undefined ? '' : `, next in ${duration(dueMs)}`}`);
  if (childPid !== undefined) parts.push(`pid ${childPid}`);
  if (command !== undefined) parts.push(command);
  if (path !== undefined) parts.push(path);
  if (local !== undefined) parts.push(remote === undefined ? local : `${local} ${handle.accepted ? '<-' : '->'} ${remote}`);
  if (state !== undefined && state !== 'ESTABLISHED') parts.push(state);
  if (shared === 'primary') parts.push(`for ${plural('cluster worker', connections ?? 0)}`);
  else if (connections !== undefined && kind.endsWith('server')) parts.push(plural('connection', connections));
  if (shared === 'worker') parts.push('its cluster primary listens');
  if (streams !== undefined) parts.push(plural('stream', streams));
  if (stdio) parts.push('standard stream');
  return parts.join(', ');
}

function* orphanTable({ orphanFds }: NodeData): Generator<Block> {
  if (orphanFds.length === 0) return;
  yield { type: 'heading', text: 'Descriptors without a handle' };
  yield {
    type: 'table',
    columns: [{ title: 'FD', align: 'right' }, { title: 'KIND' }, { title: 'TARGET', flex: true, min: 30 }, { title: 'WHERE', flex: true }],
    rows: orphanFds.slice(0, ORPHANS_SHOWN).map((row): Cell[] => [row.fd, row.kind, row.target, { text: row.site ?? '', tone: 'dim' }]),
  };
  if (orphanFds.length > ORPHANS_SHOWN) yield { type: 'paragraph', text: `and ${count(orphanFds.length - ORPHANS_SHOWN)} more (--json has all)`, tone: 'dim' };
}

function* loopBlocks({ loop }: NodeData): Generator<Block> {
  if (!loop) return;
  yield { type: 'heading', text: loop.paused ? 'A debugger has stopped it' : loop.blocked ? `The loop did not turn for ${duration(loop.delayMs)}` : `The loop: longest delay ${duration(loop.delayMs)}${loop.utilisation === undefined ? '' : `, ${percent(loop.utilisation)} busy`}` };
  for (const { frames, count: times } of loop.stacks.slice(0, 3)) {
    yield { type: 'paragraph', text: `${times} of ${plural('sample', loop.samples)}:` };
    yield { type: 'list', items: frames.slice(0, FRAMES_SHOWN).map(({ func, file, line, column }) => `${func || '(anonymous)'}  ${file}:${line}:${column}`) };
  }
}

function* promiseBlocks({ promises, heap }: NodeData): Generator<Block> {
  if (heap) yield { type: 'paragraph', text: `Held in the heap: ${plural('promise', heap.promises)}, ${count(heap.pending)} not settled${heap.cut ? ' of those looked at' : ''}` };
  if (!promises || promises.length === 0) return;
  yield { type: 'heading', text: 'Promises that do not settle' };
  yield {
    type: 'table',
    columns: [{ title: 'COUNT', align: 'right' }, { title: 'OLDEST', align: 'right' }, { title: 'MADE AT', flex: true }],
    rows: promises.slice(0, GROUPS_SHOWN).map(({ count: number, ageMs, site }): Cell[] => [count(number), duration(ageMs), site]),
  };
}

function* leftBlocks({ left, processes }: NodeData): Generator<Block> {
  if (!left) return;
  yield { type: 'blank' };
  const { how, openMs, portClosed, fdsBefore, fdsAfter, threadsBefore, threadsAfter, note } = left;
  const counts = `fds ${fdsBefore ?? '?'} -> ${fdsAfter ?? '?'}, threads ${threadsBefore ?? '?'} -> ${threadsAfter ?? '?'}`;
  const text = how === 'signal'
    ? `inspector opened for ${duration(openMs)} and ${portClosed ? 'closed again' : 'NOT closed'}; ${counts}`
    : `asked through the ${how}, which stays as it was; ${counts}`;
  yield { type: 'paragraph', text: note === undefined ? text : `${text}; ${note}`, tone: portClosed === false ? 'warning' : 'dim' };
  // Of a tree all must be told that were not left as they were found.
  for (const { pid, left: other } of processes.slice(1)) {
    if (other?.portClosed === false) yield { type: 'paragraph', text: `process ${pid}: inspector NOT closed${other.note === undefined ? '' : `; ${other.note}`}`, tone: 'warning' };
  }
}
