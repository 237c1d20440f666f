/** One generation: its table, its listeners, what it was handed on purpose, what it uses, and its context. */
import type { Evidence } from '../evidence/types.ts';
import { announcedFds } from '../kernel/announced-fds.ts';
import { type CoverageLog, errnoWords, statusOf } from '../kernel/coverage.ts';
import { decodePacked, readRawTable } from '../kernel/fd-table.ts';
import { fdsOf } from '../kernel/fd-index.ts';
import { epoll } from '../kernel/kinds/epoll.ts';
import { socket } from '../kernel/kinds/socket.ts';
import { O_NONBLOCK } from '../kernel/proc/fdinfo.ts';
import { parseImage } from '../kernel/proc/image.ts';
import { parseStatus } from '../kernel/proc/status.ts';
import { isPid, readProcess } from '../kernel/process.ts';
import { readFdUse } from '../kernel/snapshot/fd-use.ts';
import type { SnapshotOptions } from '../kernel/snapshot/options.ts';
import { readSockets } from '../kernel/snapshot/sockets.ts';
import { decodeText } from '../kernel/text.ts';
import type { FdTable, SocketRow } from '../kernel/types.ts';
import { type Context, readContext } from './context.ts';
import type { Generation, Listener } from './model.ts';

export type Asking = Pick<SnapshotOptions, 'rerun' | 'isRoot' | 'signal'>;

const DELETED = ' (deleted)';
const EPOLL = 'anon_inode:[eventpoll]';
/** Enough to find the listeners they have in common. */
const MOST_WORKERS = 8;

/** Null when the process is gone or has no table: the coverage says so. @param which `old` or `new`, for the coverage */
export async function readGeneration(evidence: Evidence, pid: number, which: string, asking: Asking, coverage: CoverageLog): Promise<Generation | null> {
  const table = await readTable(evidence, pid, which, asking, coverage);
  if (!table) return null;
  const { process } = table;
  const context = await readContext(evidence, pid);
  for (const [path, errno] of context.unread) {
    coverage.note({ source: `${which}: ${path.split('/').at(-1)!}`, status: statusOf(errno), detail: `${path}: ${errnoWords(errno)}`, ...fixFor(errno, asking), needed: false });
  }
  const [exeStat] = await evidence.statSlow(`/proc/${pid}`, ['exe']);
  return {
    process,
    table,
    listeners: listenersOf(table),
    context,
    announced: announcedTo(evidence, table, context),
    // What the old one uses is nobody's question.
    ...(which === 'new' ? await readUse(evidence, table, context, asking, coverage) : { used: new Set<number>(), useUnknown: true }),
    ...(exeStat?.value && { exe: { stat: exeStat.value, deleted: process.exe?.endsWith(DELETED) ?? false } }),
  };
}

/** Links, flags and sockets: nothing is asked of others, and nothing twice. */
async function readTable(evidence: Evidence, pid: number, which: string, asking: Asking, coverage: CoverageLog): Promise<FdTable | null> {
  const process = readProcess(evidence, pid);
  const none = !process ? `process ${pid} is gone` : process.state === 'Z' ? `process ${pid} is a zombie: it has ended` : process.kernelThread ? `process ${pid} is a kernel thread` : undefined;
  if (!process || none !== undefined) {
    coverage.note({ source: `${which}: process`, status: 'absent', detail: none!, fix: 'record it before the reload: reloadctl record PID -o gen.rctl', needed: true });
    return null;
  }
  const raw = await readRawTable(evidence, process, { infos: true, stats: false, signal: asking.signal });
  const refused = raw.errno ?? raw.errors.values().next().value;
  const seen = { seen: raw.links.size, total: raw.errno === undefined ? raw.numbers.length - raw.vanished : (process.open ?? 0) };
  coverage.note({ source: `${which}: fd table`, status: raw.stopped ? 'partial' : statusOf(refused), ...seen, ...(refused !== undefined && { detail: `/proc/${pid}/fd: ${errnoWords(refused)}`, ...fixFor(refused, asking) }), needed: true });
  const sockets = readSockets(evidence, [raw], { ...asking, allOwners: false, everything: false }, coverage);
  return { process, ...decodePacked(raw, sockets.of(process), sockets.packed(raw)), ...(raw.errno !== undefined && { errno: raw.errno }) };
}

function fixFor(errno: string, { isRoot, rerun }: Asking): { fix?: string } {
  return statusOf(errno) === 'denied' && !isRoot ? { fix: `sudo ${rerun}` } : {};
}

function announcedTo(evidence: Evidence, { process: { pid }, fds }: FdTable, { environ }: Context): number[] {
  if (!environ) return [];
  const text = [...environ].map(([name, value]) => `${name}=${value}\0`).join('');
  const nsPids = parseStatus(evidence.read(`/proc/${pid}/status`).value ?? '')?.nsPids ?? [];
  return announcedFds(text, [pid, ...nsPids], fds.map(({ fd }) => fd));
}

/** What it waits for itself, or its workers do: forks of it, which have what it has under the same numbers. */
async function readUse(evidence: Evidence, table: FdTable, { placed }: Context, asking: Asking, coverage: CoverageLog): Promise<Pick<Generation, 'used' | 'useUnknown'>> {
  const { pid } = table.process;
  const children = (evidence.read(`/proc/${pid}/task/${pid}/children`).value ?? '').split(' ').filter(isPid).map(Number).slice(0, MOST_WORKERS);
  const workers = children.filter((child) => placed !== '' && parseImage(evidence.read(`/proc/${child}/stat`).value ?? '')?.placed === placed);
  const uses = await readFdUse(evidence, [pid, ...workers], { ...asking, allOwners: false, everything: false }, coverage);
  const used = new Set([...uses.values()].flatMap(({ fds }) => fds));
  for (const { detail } of fdsOf(table.fds, epoll)) for (const target of detail.targets ?? []) used.add(target.fd);
  const instances = workers.flatMap((worker) => (evidence.users?.findLinks(worker, [EPOLL]).value ?? []).map((fd) => `/proc/${worker}/fdinfo/${fd}`));
  for (const { value = '' } of instances.length > 0 ? await evidence.readSlow(instances) : []) {
    for (const [, number] of value.matchAll(/^tfd:\s+(\d+) /gm)) used.add(Number(number));
  }
  return { used, useUnknown: [...uses.values()].some(({ unread, pollsBelow }) => unread || pollsBelow > 0) };
}

/** Each listening socket once, with all its numbers. */
export function listenersOf({ fds }: FdTable): Listener[] {
  const listeners = new Map<string, Listener>();
  for (const { fd, detail, info } of fdsOf(fds, socket)) {
    if (detail.row?.state !== 'LISTEN') continue;
    const known = listeners.get(detail.inode);
    if (known) known.fds.push(fd);
    else listeners.set(detail.inode, { inode: detail.inode, ...nameOf(detail.row), fds: [fd], ...(info && { nonBlocking: (info.flags & O_NONBLOCK) !== 0 }) });
  }
  return [...listeners.values()];
}

function nameOf({ protocol, path, localAddress = '', localPort }: SocketRow): Pick<Listener, 'name' | 'address' | 'port'> {
  if (protocol === 'unix') {
    const text = path === undefined ? 'unnamed unix socket' : decodeText(path).text;
    return { name: text, address: text, port: null };
  }
  const host = localAddress.includes(':') ? `[${localAddress}]` : localAddress;
  return { name: `${host}:${localPort}`, address: localAddress, port: localPort ?? null };
}
