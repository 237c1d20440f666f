/** Which questions are put to the world for `listen`, in which order, and what was not answered. */
import type { Evidence } from '../evidence/types.ts';
import { CoverageLog, errnoWords, statusOf } from '../kernel/coverage.ts';
import { parseNumber } from '../kernel/proc/scan.ts';
import { listPids } from '../kernel/process.ts';
import { lookAgain, readCounters, someWait, watchListeners } from './again.ts';
import type { ListenAddress, ListenLook, NetworkNamespace } from './model.ts';
import { type Asking, askReuseport, findHolders, joinOwners } from './owners.ts';
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
  progress?(text: string): void;
}

export interface Collected {
  look: ListenLook;
  coverage: CoverageLog;
  /** Of a port nobody listens on: those nearest to it. */
  nearest?: ListenAddress[];
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
  const holders = await findHolders(options, every, coverage, scope.kind === 'processes');
  const held = new Set(scope.kind === 'processes' ? holders.filter(({ pid }) => scope.pids.includes(pid)).map(({ inode }) => inode) : []);
  const isMeant = ({ protocol, port, listeners }: ListenAddress): boolean =>
    scope.kind === 'all' || (scope.kind === 'port' ? protocol !== 'unix' && port === scope.port : listeners.some(({ inode }) => held.has(inode)));
  const addresses = every.filter(isMeant).sort(byAddress);
  const nearest = scope.kind === 'port' && addresses.length === 0 ? nearestTo(scope.port, every) : undefined;
  const generations = joinOwners(evidence, holders, nearest ?? addresses);
  askReuseport(evidence, addresses);
  for (const namespace of namespaces) readSomaxconn(evidence, namespace);
  const again = { evidence, signal, namespaces, before: readCounters(evidence, namespaces) };
  const { windowMs } = options;
  if (windowMs !== undefined) options.progress?.(`watching for ${Math.round(windowMs / 1000)} s`);
  const watched = windowMs === undefined ? [] : await watchListeners(again, addresses, windowMs);
  options.progress?.('');
  const looked = someWait(addresses) ? await lookAgain(again, addresses) : [];
  const nowTicks = Math.round(Number(/^[\d.]+/.exec(evidence.read('/proc/uptime').value ?? '')?.[0] ?? Number.NaN) * 100);
  const label = scope.kind === 'processes' ? scope.label : scope.kind === 'port' ? `port ${scope.port}` : 'this host';
  const look: ListenLook = { type: 'listen', label, addresses, generations, namespaces, watches: windowMs === undefined ? looked : watched, ...(nowTicks >= 0 && { nowTicks }) };
  return { look, coverage, ...(nearest && { nearest }) };
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
    coverage.note({ source: 'network namespaces', status: 'partial', seen: namespaces.length, detail: `those of ${unread} processes may not be read: there may be more listeners`, fix: rightsFor(isRoot, rerun), needed: false });
  }
  return namespaces;
}

function rightsFor(isRoot: boolean, rerun: string): string {
  return isRoot ? 'needs CAP_SYS_ADMIN and CAP_SYS_PTRACE: run it on the host' : `sudo ${rerun}`;
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
}

const MOST_NEAREST = 3;

function nearestTo(port: number, addresses: readonly ListenAddress[]): ListenAddress[] {
  const distance = (each: ListenAddress): number => Math.abs(each.port - port);
  return addresses.filter(({ protocol }) => protocol !== 'unix').sort((a, b) => distance(a) - distance(b) || byAddress(a, b)).slice(0, MOST_NEAREST);
}
