/** One collection: what is counted, what the rules say of it, and what could not be seen. */
import type { CommandContext } from '../command.ts';
import type { Evidence } from '../evidence/types.ts';
import { nearTheirLimit } from '../fds/index.ts';
import { askUser, type InotifyUsersEvent, roomOf } from '../inotify/index.ts';
import { CoverageLog } from '../kernel/coverage.ts';
import type { InotifyUser } from '../kernel/inotify-users/index.ts';
import { parseFileNr } from '../kernel/proc/file-nr.ts';
import { collectListen } from '../listen/index.ts';
import { type Coverage, type Finding, runRules } from '../report/index.ts';
import { type Census, takeCensus } from './census.ts';
import { OnePass } from './one-pass.ts';

export interface QueueRow {
  service: string;
  port: number;
  /** Waiting to be accepted at the fullest of the sockets on this port. */
  queue: number | null;
  backlog: number | null;
  /** Connections that completed and that nobody accepted. */
  neverAccepted: number;
}

export interface UserRow {
  userns: string;
  uid: number;
  instances: { used: number | null; limit: number | null };
  watches: { used: number | null; limit: number | null };
}

export interface Collection {
  census: Census;
  queues: QueueRow[];
  users: UserRow[];
  /** By service; only where they are asked for. */
  goroutines: Map<string, number>;
  openFiles: { allocated: number; max: number } | null;
  findings: Finding[];
  coverage: Coverage[];
}

/** Rows beside services: ports, and users of inotify. */
const MOST_ROWS = 200;

/** Programs whose memory is read in one collection. */
const MOST_GO = 50;

export interface CollectOptions {
  mostServices: number;
  goroutines: boolean;
  /** Files that hold no Go, from one collection to the next. */
  known: Set<string>;
}

/** Never throws for what the world refuses: that is in the coverage. */
export async function collect({ evidence: world, signal, isRoot, rules }: CommandContext, { mostServices, goroutines, known }: CollectOptions): Promise<Collection> {
  const pass = new OnePass(world);
  const { evidence } = pass;
  const rerun = 'reloadctl exporter';
  const coverage = new CoverageLog();
  const census = takeCensus(pass, mostServices, coverage);
  if (census.unseen > 0) coverage.note({ source: 'kinds of descriptors', status: 'denied', seen: census.rows.length - census.unseen, total: census.rows.length, needed: false });
  const { look, coverage: seen } = await collectListen({ kind: 'all' }, { evidence, signal, isRoot, rerun });
  for (const entry of seen.list()) coverage.note(entry);
  const users = await askUser({ evidence, signal, isRoot, rerun, everybody: true }, coverage);
  const event: InotifyUsersEvent | undefined = users && { type: 'inotify-users', users: users.users, ownNamespace: users.self.userns };
  const queues = look.addresses.filter(({ protocol }) => protocol !== 'unix').map(({ port, listeners, connections }): QueueRow => {
    const [fullest] = [...listeners].sort((a, b) => shareOf(b) - shareOf(a));
    const owner = listeners.flatMap(({ owners }) => owners)[0];
    return {
      service: (owner && census.serviceOf.get(owner.process.pid)) ?? '',
      port,
      queue: fullest?.queue ?? null,
      backlog: fullest?.backlog ?? null,
      neverAccepted: connections.neverAccepted.length,
    };
  });
  return {
    census,
    queues: byPort(queues).slice(0, MOST_ROWS),
    users: (users?.users ?? []).map(userRow).sort((a, b) => usedShare(b) - usedShare(a)).slice(0, MOST_ROWS),
    goroutines: goroutines ? await goroutinesOf(world, census, known, coverage) : new Map(),
    openFiles: parseFileNr(evidence.read('/proc/sys/fs/file-nr').value ?? ''),
    findings: runRules(rules, [nearTheirLimit(evidence, census.rows), look, ...(event ? [event] : [])]),
    coverage: coverage.list(),
  };
}

async function goroutinesOf(evidence: Evidence, { serviceOf }: Census, known: Set<string>, coverage: CoverageLog): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  const programs = await import('../goroutines/index.ts');
  let seen = 0;
  for (const [pid, service] of serviceOf) {
    if (seen >= MOST_GO) {
      coverage.note({ source: 'goroutines', status: 'partial', seen, detail: `of the first ${MOST_GO} Go programs only`, needed: false });
      break;
    }
    const count = await programs.countGoroutinesOf(evidence, pid, known);
    if (count === undefined) continue;
    seen++;
    counts.set(service, (counts.get(service) ?? 0) + count);
  }
  return counts;
}

function shareOf({ queue = 0, backlog }: { queue?: number; backlog?: number }): number {
  return backlog === undefined ? queue : queue / (backlog + 1);
}

/** One row per port and service: IPv4 and IPv6 and all addresses together, the fullest of them. */
function byPort(rows: readonly QueueRow[]): QueueRow[] {
  const ports = new Map<string, QueueRow>();
  const share = ({ queue, backlog }: QueueRow): number => shareOf({ ...(queue !== null && { queue }), ...(backlog !== null && { backlog }) });
  for (const row of rows) {
    const key = `${row.port} ${row.service}`;
    const known = ports.get(key);
    const fuller = !known || share(row) > share(known) ? row : known;
    ports.set(key, { ...fuller, neverAccepted: (known?.neverAccepted ?? 0) + row.neverAccepted });
  }
  return [...ports.values()].sort((a, b) => share(b) - share(a) || a.port - b.port);
}

function userRow(user: InotifyUser): UserRow {
  const part = (resource: 'instances' | 'watches'): UserRow['instances'] => {
    const { used, atMost, limit } = roomOf(user, resource);
    // Nothing seen where not all could be seen is no 0.
    return { used: used === 0 && atMost !== 0 ? null : used, limit };
  };
  return { userns: user.userns, uid: user.uid, instances: part('instances'), watches: part('watches') };
}

function usedShare({ instances, watches }: UserRow): number {
  return Math.max(...[instances, watches].map(({ used, limit }) => (limit ? (used ?? 0) / limit : 0)));
}
