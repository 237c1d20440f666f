/** Handles that tests of Node leave behind: what the preload wrote down. */
import { openRecords, type Records } from '../effects/records.ts';
import { isSingleFile, packageFile } from '../package-files.ts';
import type { Coverage } from '../report/index.ts';
import { listOf, plural } from '../report/words.ts';
import type { SurvivorEvent } from './model.ts';

export interface NodeWatch {
  env: Record<string, string>;
  /** What was written until now. */
  read(): { events: SurvivorEvent[]; coverage: Coverage[] };
  close(): void;
}

const KINDS = new Set(['tcp-server', 'tcp-socket', 'udp-socket', 'child-process', 'worker', 'fs-watcher', 'stat-watcher', 'timer-interval', 'file-descriptor', 'file-handle', 'file-stream', 'promise']);

export async function watchNode(graceMs: number | undefined, promises: boolean): Promise<NodeWatch> {
  const records = await openRecords();
  const own = packageFile('dist/assert-preload.cjs');
  // What is embedded is no file to others.
  const preload = isSingleFile() ? records.put('preload.cjs', own) : own;
  const before = process.env.NODE_OPTIONS ?? '';
  return {
    env: {
      // A path with spaces or quotes in it is one word there.
      NODE_OPTIONS: `${before === '' ? '' : `${before} `}--require "${preload.replace(/(["\\])/g, '\\$1')}"`,
      RELOADCTL_ASSERT: records.folder,
      ...(promises && { RELOADCTL_ASSERT_PROMISES: '1' }),
      ...(graceMs !== undefined && { RELOADCTL_ASSERT_GRACE: String(graceMs) }),
    },
    read: () => readAll(records),
    close: () => records.remove(),
  };
}

function readAll(records: Records): { events: SurvivorEvent[]; coverage: Coverage[] } {
  const events: SurvivorEvent[] = [];
  const runners = new Set<string>();
  let judged = 0;
  let processes = 0;
  for (const record of records.read()) {
    const { t, pid, runner, kind, detail, site, test, isLoading } = record as Record<string, unknown>;
    if (t === 'ended' || t === 'judged') processes++;
    if (t === 'judged') {
      judged++;
      if (typeof runner === 'string') runners.add(runner);
    }
    if (t !== 'survivor' || typeof kind !== 'string' || !KINDS.has(kind) || typeof pid !== 'number' || typeof site !== 'string') continue;
    events.push({ type: 'survivor', pid, kind, detail: textOf(detail), site: site.slice(0, 4096), runner: textOf(runner), isLoading: isLoading === true, ...(typeof test === 'string' && { test: test.slice(0, 300) }) });
  }
  return { events, coverage: [coverageOf(judged, processes, [...runners])] };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, 300) : '';
}

function coverageOf(judged: number, processes: number, runners: readonly string[]): Coverage {
  const known = 'node:test, vitest, jest and mocha are known';
  if (judged > 0) return { source: 'handles of tests', status: 'ok', seen: judged, detail: `${listOf(runners)}: ${plural('file', judged)} of tests or runs`, needed: true };
  if (processes > 0) return { source: 'handles of tests', status: 'unsupported', detail: `${plural('Node process', processes, 'Node processes')} ran, and no test runner that is known (${known}): only what is open at the exits was seen`, needed: true };
  return { source: 'handles of tests', status: 'absent', detail: `no process of Node told anything: the command runs none, or one without NODE_OPTIONS (${known})`, needed: true };
}
