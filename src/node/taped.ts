/** A look as it is kept on a tape, and back. What comes from a tape can be anything: what does not fit is left out. */
import { CoverageLog } from '../kernel/coverage.ts';
import { labelOf } from '../kernel/snapshot/label.ts';
import type { Process } from '../kernel/types.ts';
import type { NotAttached } from './attach/index.ts';
import type { CoverageStatus } from '../report/index.ts';
import { type LookResult, stuckLook } from './look.ts';
import type { Frame, Handle, LoopState, NodeLook, OrphanFd, PendingPromise, SecondLook } from './model.ts';
import { asList, asNumber, asRecord, asText, decodeFrames } from './read/decode.ts';
import type { HandleTrend } from './watch/event.ts';

/** Whose process it is, the tape says elsewhere. */
export function toTape(result: LookResult): object {
  const coverage = result.coverage.list().map(({ fix: _fix, ...entry }) => entry);
  if ('refused' in result) {
    const { refusal, left, stuck } = result.refused;
    return { refused: { code: refusal.code, why: refusal.why }, ...(left && { left }), ...(stuck && { stuck }), coverage };
  }
  const { look: { process: _process, label: _label, again, unread, ...look }, trends, how } = result;
  return {
    how, coverage, ...look, ...(again && { again: secondLook(again) }), ...(unread && { unread: secondLook(unread) }),
    ...(trends && { trends: { windowMs: trends.windowMs, samples: trends.samples, groups: trends.groups } }),
  };
}

function secondLook({ afterMs, still }: SecondLook): object {
  return { afterMs, still: [...still] };
}

function secondLookOf(value: unknown): SecondLook {
  const { afterMs, still } = asRecord(value);
  return { afterMs: asNumber(afterMs) ?? 0, still: new Set(asList(still).flatMap((key) => asText(key, 40) ?? [])) };
}

export function fromTape(value: unknown, process: Process | undefined, pid: number): LookResult {
  const taped = asRecord(value);
  const coverage = new CoverageLog();
  for (const one of asList(taped.coverage)) noteTaped(coverage, asRecord(one));
  const refusal = asRecord(taped.refused);
  const runtime = asRecord(taped.runtime);
  const major = asNumber(runtime.major);
  if (!process || major === undefined) {
    // That there is no look on the tape is told by the tape itself.
    const why = asText(refusal.why, 1000) ?? 'no look at its handles is on this tape: reloadctl record --node makes one';
    const stuck = stuckLook(process, stuckOf(taped.stuck));
    return { refused: { refusal: { code: (asText(refusal.code, 40) ?? 'gone') as 'gone', why } }, ...(stuck && { stuck }), coverage };
  }
  const loop = loopOf(taped.loop);
  const heap = asRecord(taped.heap);
  const left = asRecord(taped.left);
  const look: NodeLook = {
    type: 'node',
    label: labelOf([process], '', `process ${pid}`),
    process,
    runtime: { name: asText(runtime.name, 20) ?? '', version: asText(runtime.version, 60) ?? '', major },
    sites: taped.sites === true,
    handles: asList(taped.handles).map((one) => handleOf(asRecord(one), pid)),
    orphans: asList(taped.orphans).map((one) => orphanOf(asRecord(one), pid)),
    ...(loop && { loop }),
    ...(taped.promises !== undefined && { promises: asList(taped.promises).map((one) => promiseOf(asRecord(one))) }),
    ...(taped.heap !== undefined && { heap: { promises: asNumber(heap.promises) ?? 0, pending: asNumber(heap.pending) ?? 0, cut: heap.cut === true } }),
    ...(taped.again !== undefined && { again: secondLookOf(taped.again) }),
    ...(taped.unread !== undefined && { unread: secondLookOf(taped.unread) }),
    ...(taped.left !== undefined && {
      left: {
        portClosed: typeof left.portClosed === 'boolean' ? left.portClosed : null,
        fdsBefore: asNumber(left.fdsBefore) ?? null, fdsAfter: asNumber(left.fdsAfter) ?? null,
        threadsBefore: asNumber(left.threadsBefore) ?? null, threadsAfter: asNumber(left.threadsAfter) ?? null, openMs: asNumber(left.openMs) ?? 0,
      },
    }),
  };
  const trends = asRecord(taped.trends);
  return {
    look, how: asText(taped.how, 40) ?? '', coverage,
    ...(taped.trends !== undefined && {
      trends: { type: 'node-trends', process, major, windowMs: asNumber(trends.windowMs) ?? 0, samples: asNumber(trends.samples) ?? 0, groups: asList(trends.groups).flatMap((one) => trendOf(asRecord(one))) },
    }),
  };
}

type Loose = Record<string, unknown>;

const STATUSES: readonly string[] = ['ok', 'partial', 'denied', 'absent', 'unsupported', 'timeout'] satisfies CoverageStatus[];

function noteTaped(coverage: CoverageLog, { source, status, seen, total, detail, needed }: Loose): void {
  const name = asText(source, 200);
  const text = asText(detail, 1000);
  if (name === undefined || !STATUSES.includes(status as string)) return;
  const [some, all] = [asNumber(seen), asNumber(total)];
  coverage.note({
    source: name, status: status as CoverageStatus, needed: needed === true,
    ...(some !== undefined && { seen: some }), ...(all !== undefined && { total: all }), ...(text !== undefined && { detail: text }),
  });
}

const TEXTS = ['site', 'callback', 'local', 'remote', 'state', 'path', 'command'] as const;
const NUMBERS = ['id', 'fd', 'receiveQueue', 'buffered', 'connections', 'streams', 'childPid', 'workerId', 'intervalMs', 'dueMs', 'ageMs'] as const;
const FLAGS = ['ref', 'flowing', 'reads', 'held'] as const;
/** There where true only. */
const MARKS = ['accepted', 'ended', 'stdio', 'halfOpen', 'unread'] as const;

function handleOf(raw: Loose, pid: number): Handle {
  const handle: Handle = { pid, thread: asNumber(raw.thread) ?? 0, kind: (asText(raw.kind, 80) ?? 'other:?') as Handle['kind'] };
  for (const key of TEXTS) set(handle, key, asText(raw[key]));
  for (const key of NUMBERS) set(handle, key, asNumber(raw[key]));
  for (const key of FLAGS) if (typeof raw[key] === 'boolean') handle[key] = raw[key];
  for (const key of MARKS) if (raw[key] === true) handle[key] = true;
  if (raw.shared === 'primary' || raw.shared === 'worker') handle.shared = raw.shared;
  if (raw.stack !== undefined) handle.stack = decodeFrames(raw.stack);
  if (raw.http !== undefined) {
    const { method, url, side, status, unread } = asRecord(raw.http);
    const code = asNumber(status);
    handle.http = {
      method: asText(method, 40) ?? '', url: asText(url, 1000) ?? '', side: side === 'server' ? 'server' : 'client',
      ...(code !== undefined && { status: code }), ...(unread === true && { unread }),
    };
  }
  return handle;
}

function set<K extends keyof Handle>(handle: Handle, key: K, value: Handle[K] | undefined): void {
  if (value !== undefined) handle[key] = value;
}

function orphanOf(raw: Loose, pid: number): OrphanFd {
  const [site, age] = [asText(raw.site), asNumber(raw.ageMs)];
  return {
    pid, fd: asNumber(raw.fd) ?? -1, kind: asText(raw.kind, 40) ?? '', target: asText(raw.target) ?? '', likely: raw.likely === true,
    ...(site !== undefined && { site }), ...(age !== undefined && { ageMs: age }),
  };
}

function loopOf(value: unknown): LoopState | undefined {
  if (value === undefined) return undefined;
  const { delayMs, blocked, samples, utilisation, stacks, paused, starting } = asRecord(value);
  const used = asNumber(utilisation);
  const counted = asList(stacks).map((one): { frames: Frame[]; count: number } => ({ frames: decodeFrames(asRecord(one).frames), count: asNumber(asRecord(one).count) ?? 0 }));
  return { delayMs: asNumber(delayMs) ?? 0, blocked: blocked === true, samples: asNumber(samples) ?? 0, stacks: counted, ...(paused === true && { paused }), ...(starting === true && { starting }), ...(used !== undefined && { utilisation: used }) };
}

function stuckOf(value: unknown): Pick<NotAttached, 'stuck'> {
  const { name, target, forMs } = asRecord(value);
  const [text, about] = [asText(name, 60), asText(target, 500)];
  return text === undefined ? {} : { stuck: { name: text, ...(about !== undefined && { target: about }), forMs: asNumber(forMs) ?? 0 } };
}

function promiseOf({ site, count, old, settledLate, ageMs, stack }: Loose): PendingPromise {
  return { site: asText(site) ?? '', count: asNumber(count) ?? 0, old: asNumber(old) ?? 0, settledLate: asNumber(settledLate) ?? 0, ageMs: asNumber(ageMs) ?? 0, stack: decodeFrames(stack) };
}

const RATES = ['atStart', 'atEnd', 'births', 'deaths', 'survivorsGained', 'growthPerMinute', 'slowestPerMinute', 'fastestPerMinute', 'survivorAgeMs'] as const;

function trendOf(raw: Loose): HandleTrend[] {
  const rates = Object.fromEntries(RATES.map((name) => [name, asNumber(raw[name]) ?? 0])) as Record<(typeof RATES)[number], number>;
  const [kind, by, key, trend, because] = ['kind', 'by', 'key', 'trend', 'because'].map((name) => asText(raw[name]));
  if (kind === undefined || by === undefined || key === undefined || trend === undefined) return [];
  const delayMs = asNumber(raw.delayMs);
  return [{ ...rates, group: asText(raw.group) ?? key, quality: raw.quality === 'exact' ? 'exact' : 'weak', trend: trend as HandleTrend['trend'], because: because ?? '', kind, by, key, ...(delayMs !== undefined && { delayMs }) }];
}
