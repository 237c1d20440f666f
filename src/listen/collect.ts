/** Which questions are put to the world for `listen`, in which order, and what was not answered. */
import type { Evidence, HoldersFound } from '../evidence/types.ts';
import { CoverageLog, errnoWords, statusOf } from '../kernel/coverage.ts';
import { scanInet } from '../kernel/proc/net-inet.ts';
import { parseNumber } from '../kernel/proc/scan.ts';
import { listPids } from '../kernel/process.ts';
import { plural } from '../report/words.ts';
import { compareAfter, lookAgain, readCounters, someWait, watchListeners } from './again.ts';
import type { ListenAddress, ListenLook, NetworkNamespace } from './model.ts';
import { collectOutbound } from './outbound/collect.ts';
import type { OutboundLook } from './outbound/model.ts';
import { type Asking, askReuseport, findHolders, joinOwners } from './owners.ts';
import { isFull, wasFull } from './queues.ts';
import { findGonePaths } from './paths.ts';
import { unixTwins } from './rivals.ts';
import { type NamespaceTables, readTables } from './tables.ts';

const SOMAXCONN = '/proc/sys/net/core/somaxconn';
/** A host of many containers has as many; each is entered for a moment. */
const MOST_NAMESPACES = 256;

/** What is asked about. */
export type Scope =
  /** Every listener of every network namespace that is visible. */
  | { kind: 'all' }
  | { kind: 'port'; port: number }
  /** What these hold, in their namespaces. */
  | { kind: 'processes'; pids: readonly number[]; label: string };

export interface ListenOptions extends Asking {
  windowMs?: number;
  /** Watch only where something listens by TCP: for tapes, which are made of any process. */
  onlyTcp?: boolean;
  /** What stands in the way of new connections to others, too. */
  outbound?: boolean;
  progress?(text: string): void;
}

export interface Collected {
  look: ListenLook;
  coverage: CoverageLog;
  outbound?: OutboundLook;
  /** Of a port nobody listens on: those nearest to it. */
  nearest?: ListenAddress[];
  /** And a UDP socket is bound to it. */
  udp?: boolean;
}

/** Never throws for what the world refuses: that is in the coverage. */
export async function collectListen(scope: Scope, options: ListenOptions): Promise<Collected> {
  const { evidence, signal } = options;
  const coverage = new CoverageLog();
  const namespaces = namespacesOf(options, scope, coverage);
  const every = namespaces.flatMap((namespace) => {
    const tables = readTables(evidence, namespace.pid, namespace.id);
    namespace.diag = tables.diag;
    noteTables(namespace, tables, options, coverage);
    return tables.addresses;
  });
  // All listeners, whether they are told of later or not: a tape is asked the same, whichever are.
  const inodes = every.flatMap(({ listeners }) => listeners.map(({ inode }) => inode));
  const holders = await findHolders(options, inodes, coverage, 'holders of listeners');
  const held = new Set(scope.kind === 'processes' ? holders.filter(({ pid }) => scope.pids.includes(pid)).map(({ inode }) => inode) : []);
  const isMeant = ({ protocol, port, listeners }: ListenAddress): boolean =>
    scope.kind === 'all' || (scope.kind === 'port' ? protocol !== 'unix' && port === scope.port : listeners.some(({ inode }) => held.has(inode)));
  const addresses = every.filter(isMeant).sort(byAddress);
  const nearest = scope.kind === 'port' && addresses.length === 0 ? nearestTo(scope.port, every) : undefined;
  const asked = new Set(addresses);
  const others = every.filter((address) => address.protocol !== 'unix' && !asked.has(address));
  const generations = joinOwners(evidence, holders, nearest ?? addresses);
  askReuseport(evidence, addresses);
  findGonePaths(evidence, addresses);
  for (const namespace of namespaces) readSomaxconn(evidence, namespace);
  const again = { evidence, signal, namespaces, before: readCounters(evidence, namespaces) };
  const windowMs = options.onlyTcp && !addresses.some(({ protocol }) => protocol !== 'unix') ? undefined : options.windowMs;
  if (windowMs !== undefined) options.progress?.(`watching for ${Math.round(windowMs / 1000)} s`);
  const watched = windowMs === undefined ? [] : await watchListeners(again, [...addresses, ...others], windowMs);
  options.progress?.('');
  // On tapes the second look has pauses of its own.
  const isSeen = windowMs !== undefined && !options.onlyTcp && someWait(addresses) && compareAfter(again, addresses, windowMs);
  const looked = someWait(addresses) && !isSeen ? await lookAgain(again, addresses) : [];
  // Only those are named.
  joinOwners(evidence, holders, others.filter((address) => isFull(address) || wasFull(address)));
  const twins = twinsOf(evidence, holders, addresses, every);
  const nowTicks = Math.round(Number(/^[\d.]+/.exec(evidence.read('/proc/uptime').value ?? '')?.[0] ?? Number.NaN) * 100);
  const label = scope.kind === 'processes' ? scope.label : scope.kind === 'port' ? `port ${scope.port}` : 'this host';
  const look: ListenLook = { type: 'listen', label, addresses, others, ...(twins.length > 0 && { twins }), generations, namespaces, watches: windowMs === undefined ? looked : watched, ...(nowTicks >= 0 && { nowTicks }) };
  const outbound = options.outbound ? await collectOutbound({ ...options, label, namespaces, ...(scope.kind === 'processes' && { pids: scope.pids }) }, coverage) : undefined;
  const udp = nearest && scope.kind === 'port' && namespaces.some(({ pid }) => isUdpPort(evidence, pid, scope.port));
  return { look, coverage, ...(nearest && { nearest }), ...(udp && { udp }), ...(outbound && { outbound }) };
}

/** Of the paths that were asked about. */
function twinsOf(evidence: Evidence, holders: HoldersFound['holders'], addresses: readonly ListenAddress[], every: readonly ListenAddress[]): ListenAddress[][] {
  const paths = new Set(addresses.map(({ path }) => path));
  const asked = new Set(addresses);
  const same = every.filter(({ path }) => path !== undefined && paths.has(path));
  if (same.length === paths.size - Number(paths.has(undefined))) return [];
  joinOwners(evidence, holders, same.filter((address) => !asked.has(address)));
  return unixTwins(evidence, same);
}

/** By port, names behind. */
function byAddress(a: ListenAddress, b: ListenAddress): number {
  const unix = Number(a.protocol === 'unix') - Number(b.protocol === 'unix');
  return unix || a.port - b.port || compareTexts(a.address, b.address) || compareTexts(a.path ?? '', b.path ?? '') || compareTexts(a.netns, b.netns);
}

function compareTexts(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function namespacesOf({ evidence, isRoot, rerun }: Asking, scope: Scope, coverage: CoverageLog): NetworkNamespace[] {
  const own = evidence.readlink('/proc/self/ns/net').value?.slice(5, -1);
  const pids = scope.kind === 'processes' ? scope.pids : listPids(evidence);
  const found = new Map<string, NetworkNamespace>();
  let unread = 0;
  for (const pid of pids) {
    const { value, errno } = evidence.readlink(`/proc/${pid}/ns/net`);
    const id = value?.slice(5, -1) ?? '';
    if (value === undefined && errno !== 'ENOENT' && errno !== 'ESRCH') unread++;
    // Of a target that may not be looked at the tables still can be read.
    if ((value !== undefined || scope.kind === 'processes') && !found.has(id)) found.set(id, { id, pid, own: id === own, diag: false });
  }
  const namespaces = [...found.values()].slice(0, MOST_NAMESPACES);
  if (found.size > namespaces.length) {
    coverage.note({ source: 'network namespaces', status: 'partial', seen: namespaces.length, total: found.size, detail: `the first ${MOST_NAMESPACES} were looked at`, fix: 'name a process of the one that is meant', needed: true });
  }
  if (scope.kind !== 'processes' && unread > 0) {
    coverage.note({ source: 'network namespaces', status: 'partial', seen: namespaces.length, detail: `those of ${plural('process', unread, 'processes')} may not be read: there may be more listeners`, fix: rightsFor(isRoot, rerun), needed: false });
  }
  return namespaces;
}

function rightsFor(isRoot: boolean, rerun: string): string {
  return isRoot ? 'needs CAP_SYS_ADMIN and CAP_SYS_PTRACE: run it on the host' : `sudo ${rerun}`;
}

function isUdpPort(evidence: Evidence, pid: number, port: number): boolean {
  let found = false;
  for (const protocol of ['udp', 'udp6'] as const) {
    scanInet(evidence.read(`/proc/${pid}/net/${protocol}`).value ?? '', protocol, () => void (found = true), (_inode, _state, local, remote) => local === port && remote === 0);
  }
  return found;
}

function readSomaxconn(evidence: Evidence, namespace: NetworkNamespace): void {
  const [answer] = evidence.network?.readAsNetOf(namespace.pid, [SOMAXCONN]) ?? [];
  const most = parseNumber(answer?.value?.trim() ?? '');
  if (most >= 0) namespace.somaxconn = most;
}

function noteTables({ id, pid, own }: NetworkNamespace, { diag, diagErrno, tableErrno, unixDiagErrno, addresses }: NamespaceTables, { rerun, isRoot }: Asking, coverage: CoverageLog): void {
  const seen = addresses.filter(({ protocol }) => protocol !== 'unix').length;
  coverage.note({ source: 'socket tables', status: statusOf(tableErrno), ...(tableErrno !== undefined && { detail: `/proc/${pid}/net: ${errnoWords(tableErrno)}` }), needed: true });
  const where = own ? '' : ` of network namespace ${id || '(not known which)'}`;
  const fix = rightsFor(isRoot, rerun);
  const note = (source: string, errno: string, unknown: string): void =>
    coverage.note({ source, status: statusOf(errno), detail: `${errnoWords(errno)}${where}: ${unknown}`, ...(statusOf(errno) === 'denied' && { fix }), needed: false });
  if (diag) coverage.note({ source: 'sock_diag tcp', status: 'ok', seen, total: seen, needed: false });
  else note('sock_diag tcp', diagErrno ?? 'ENOTSUP', 'backlogs and idle ages are unknown');
  if (unixDiagErrno !== undefined) note('sock_diag unix', unixDiagErrno, 'queues of unix listeners are unknown');
  else if (addresses.length > seen) coverage.note({ source: 'sock_diag unix', status: 'ok', seen: addresses.length - seen, total: addresses.length - seen, needed: false });
}

const MOST_NEAREST = 3;

function nearestTo(port: number, addresses: readonly ListenAddress[]): ListenAddress[] {
  const distance = (each: ListenAddress): number => Math.abs(each.port - port);
  return addresses.filter(({ protocol }) => protocol !== 'unix').sort((a, b) => distance(a) - distance(b) || byAddress(a, b)).slice(0, MOST_NEAREST);
}
