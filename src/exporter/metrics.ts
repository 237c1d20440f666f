/** From a collection to metrics. Labels hold names of services, kinds, ports and ids of ours: no pid, path, argument or peer. */
import { version } from '../version.ts';
import type { Collection } from './collect.ts';
import { type Family, gauge, single } from './families.ts';
import type { Growth } from './growth.ts';

/** What the exporter itself costs and is. */
export interface OwnFigures {
  /** Unix time at the end of the collection, s. */
  at: number;
  durationSeconds: number;
  /** Since we were started, our helpers aside. */
  cpuSeconds: number;
  memoryBytes: number;
  collections: number;
}

const SEVERITIES = ['critical', 'warning', 'info'] as const;

export function metricsOf({ census, queues, users, goroutines, openFiles, findings, coverage }: Collection, growth: Growth, own: OwnFigures): Family[] {
  const { services } = census;
  const service = (row: { service: string }): { service: string } => ({ service: row.service });
  const port = (row: { service: string; port: number }): Record<string, string> => ({ service: row.service, port: String(row.port) });
  const user = ({ userns, uid }: { userns: string; uid: number }): Record<string, string> => ({ userns, uid: String(uid) });
  const gaps = coverage.filter(({ status }) => status !== 'ok');
  const isWhole = !gaps.some(({ needed }) => needed === true);
  return [
    gauge('reloadctl_processes', 'Processes of the service.', services, service, ({ processes }) => processes),
    gauge('reloadctl_process_open_fds', 'Open file descriptors of all processes of the service.', services, service, ({ open }) => open),
    gauge('reloadctl_process_open_fds_highest', 'Open file descriptors of the process of the service that has most.', services, service, ({ highest }) => highest),
    gauge('reloadctl_process_fd_limit_ratio', 'Open file descriptors by soft limit (RLIMIT_NOFILE) of the process of the service that is nearest to it.', services, service, ({ ratio }) => ratio),
    gauge('reloadctl_process_open_fds_growth_per_minute', 'How fast the lowest count of the last 10 minutes rises; absent until it was seen for a minute.', services, service, (row) => growth.perMinute(row.service)),
    gauge('reloadctl_process_fds', 'Open file descriptors by kind, of the processes whose descriptors may be seen; directories are files here.', services.flatMap((row) => [...row.kinds].sort().map(([kind, count]) => ({ ...row, kind, count }))), (row) => ({ service: row.service, kind: row.kind }), ({ count }) => count),
    gauge('reloadctl_listen_queue', 'Connections that wait to be accepted, at the fullest TCP listener of the port.', queues, port, ({ queue }) => queue),
    gauge('reloadctl_listen_backlog', 'Backlog of that listener: the queue is full above it.', queues, port, ({ backlog }) => backlog),
    gauge('reloadctl_listen_never_accepted', 'Connections to the port that no process has accepted.', queues, port, ({ neverAccepted }) => neverAccepted),
    gauge('reloadctl_inotify_instances', 'Inotify instances that are charged to the user in its user namespace.', users, user, ({ instances }) => instances.used),
    gauge('reloadctl_inotify_instances_limit', 'Most that user may have (the smallest limit of its user namespace and those around it).', users, user, ({ instances }) => instances.limit),
    gauge('reloadctl_inotify_watches', 'Inotify watches that are charged to the user in its user namespace.', users, user, ({ watches }) => watches.used),
    gauge('reloadctl_inotify_watches_limit', 'Most that user may have.', users, user, ({ watches }) => watches.limit),
    gauge('reloadctl_goroutines', 'Goroutines of the Go programs of the service, those of the runtime aside (--goroutines).', goroutines, ([name]) => ({ service: name }), ([, count]) => count),
    single('reloadctl_host_open_files', 'Open file descriptions of the host (fs.file-nr).', openFiles?.allocated),
    single('reloadctl_host_open_files_limit', 'Most the host may have (fs.file-max).', openFiles?.max),
    gauge('reloadctl_findings', 'Findings by id, as the commands of reloadctl would print them; reloadctl explain ID tells more.', findingRows(findings), ({ id, severity }) => ({ id, severity }), ({ count }) => count),
    gauge('reloadctl_findings_by_severity', 'Findings by severity; absent where none was found and not all that is needed could be read.', SEVERITIES, (severity) => ({ severity }), (severity) => findings.filter((finding) => finding.severity === severity).length || (isWhole ? 0 : null)),
    gauge('reloadctl_coverage_gap', 'What could not be read, or not all: 1 for each source.', unique(gaps.map(({ source, status }) => `${source}\n${status}`)), (key) => ({ source: key.split('\n')[0]!, status: key.split('\n')[1]! }), () => 1),
    single('reloadctl_processes_unseen', 'Processes whose descriptors may not be seen: their kinds are not counted.', census.unseen),
    single('reloadctl_scrape_ok', '1 when all that was needed could be read.', Number(isWhole)),
    single('reloadctl_last_run_timestamp_seconds', 'When the values were collected, Unix time.', own.at),
    single('reloadctl_collection_duration_seconds', 'How long that took.', own.durationSeconds),
    single('reloadctl_collections', 'Collections since the exporter was started.', own.collections, 'counter'),
    single('reloadctl_exporter_cpu_seconds', 'CPU time of the exporter since it was started, helpers aside.', own.cpuSeconds, 'counter'),
    single('reloadctl_exporter_memory_bytes', 'Resident memory of the exporter.', own.memoryBytes),
    gauge('reloadctl_build_info', 'Always 1.', [version], () => ({ version }), () => 1),
  ];
}

function findingRows(findings: Collection['findings']): { id: string; severity: string; count: number }[] {
  const rows = new Map<string, { id: string; severity: string; count: number }>();
  for (const { id, severity } of findings) {
    const key = `${id} ${severity}`;
    const row = rows.get(key) ?? { id, severity, count: 0 };
    row.count++;
    rows.set(key, row);
  }
  return [...rows.values()].sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
}

const unique = <T>(values: readonly T[]): T[] => [...new Set(values)];
