/** `data` of the report: the part scripts read. Add keys, never change them. */
import { decodeText } from '../kernel/text.ts';
import type { BlockedEvent, TraceEvent } from '../series/index.ts';
import type { Analysis, ProcessRow } from './collect/analysis.ts';
import type { Reload } from './collect/reloads.ts';
import type { StoryStep } from './collect/story.ts';
import { type TableRow, tableRows } from './collect/tables-data.ts';
import type { CallRow } from './follow/call-stats.ts';
import type { RecordingData } from './live/recording.ts';
import type { Recognised } from './read/recognise.ts';

export interface SiteRow {
  site: string;
  call: string;
  kind: string;
  opened: number;
  closed: number;
  /** Never closed: open at the end of the log, or of their process. */
  open: number;
  /** `open` per minute of the log; null without times. */
  openPerMinute: number | null;
  examples: { pid: number; fd: number; target: string; source: string }[];
  /** Innermost first (-k). */
  frames?: string[];
}

export interface PendingRow {
  pid: number;
  tid: number;
  call: string;
  fd: number | null;
  target: string;
  sinceMs: number | null;
  source: string;
}

export interface StraceData {
  lines: number;
  /** Lines that strace does not write. One cut at the end of the log, stacks and strace's own messages are not counted. */
  unclassified: number;
  bytes: number;
  recognised: Recognised;
  /** From the first to the last line; null without times. */
  durationMs: number | null;
  /** Opens of numbers that were believed open, and the like: calls that must have happened and are not in the log. */
  repairs: number;
  /** Most left open first. */
  sites: SiteRow[];
  processes: ProcessRow[];
  calls: CallRow[];
  pending: PendingRow[];
  reloads: Reload[];
  tables?: TableRow[];
  story?: StoryStep[];
  /** Of what was recorded now. */
  recording?: RecordingData;
}

export function emptyData(): StraceData {
  return { lines: 0, unclassified: 0, bytes: 0, recognised: { time: 'none', pids: 'none', options: [], files: 0 }, durationMs: null, repairs: 0, sites: [], processes: [], calls: [], pending: [], reloads: [] };
}

export interface DataOptions {
  tables: boolean;
  pid?: number;
  story?: StoryStep[];
}

export interface Named {
  /** The final name of what a site was called while the log was read. */
  nameOf(site: string): string;
  byId: string[];
}

export function nameSites({ model }: Analysis): Named {
  const byId = model.fds.sites.names().map((name) => decodeText(name).text);
  const early = new Map(model.fds.sites.all.map((site) => [site.frame ?? (site.look === '' ? site.call : `${site.call} ${decodeText(site.look).text}`), byId[site.id]!]));
  return { byId, nameOf: (site) => early.get(site) ?? site };
}

export function buildData(analysis: Analysis, recognised: Recognised, bytes: number, events: readonly TraceEvent[], { byId, nameOf }: Named, options: DataOptions): StraceData {
  const { follower } = analysis;
  const micros = follower.now - follower.clock.start;
  const durationMs = Number.isNaN(micros) ? null : Math.max(0, micros / 1000);
  const pending = events.filter((event): event is BlockedEvent => event.what === 'blocked' && event.pending);
  return {
    lines: follower.lines,
    unclassified: follower.mender.unclassified,
    bytes,
    recognised,
    durationMs,
    repairs: analysis.repairs,
    sites: siteRows(analysis, byId, durationMs, events),
    processes: analysis.processes.sort((a, b) => a.pid - b.pid),
    calls: follower.stats.rows(follower.names.text),
    pending: pending.map(({ actor, call, fd, target, ms, at }) => ({ pid: actor.pid, tid: actor.tid, call, fd, target, sinceMs: ms, source: at.source })),
    reloads: analysis.reloads.all,
    ...(options.tables && { tables: tableRows(analysis, nameOf, options.pid) }),
    ...(options.story && { story: options.story }),
  };
}

function siteRows({ model }: Analysis, names: readonly string[], durationMs: number | null, events: readonly TraceEvent[]): SiteRow[] {
  const rows = new Map<string, SiteRow>();
  for (const site of model.fds.sites.all) {
    // A stack took all it had.
    if (site.opened === 0) continue;
    const name = names[site.id]!;
    const key = `${name}\0${site.kind}`;
    let row = rows.get(key);
    if (!row) rows.set(key, (row = { site: name, call: site.call, kind: site.kind, opened: 0, closed: 0, open: 0, openPerMinute: null, examples: [], ...(site.frames && { frames: site.frames }) }));
    row.opened += site.opened;
    row.closed += site.closed;
    row.open += site.opened - site.closed;
  }
  for (const event of events) {
    if (event.what !== 'site') continue;
    const row = rows.get(`${event.site}\0${event.kind}`);
    for (const { fd, target, opened } of event.examples) if (row && row.examples.length < 3 && opened) row.examples.push({ pid: event.actor.pid, fd, target, source: opened.source });
  }
  const all = [...rows.values()];
  if (durationMs !== null && durationMs > 0) for (const row of all) row.openPerMinute = (row.open * 60_000) / durationMs;
  return all.sort((a, b) => b.open - a.open || b.opened - a.opened || (a.site < b.site ? -1 : 1));
}
