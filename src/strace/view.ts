/** The text below the findings: what was recognised, sites, tables or a story, what waits, reloads. */
import type { Block, Cell } from '../render/index.ts';
import { bytes, count, duration, plural } from '../report/words.ts';
import type { Reload } from './collect/reloads.ts';
import type { StoryStep } from './collect/story.ts';
import type { TableRow } from './collect/tables-data.ts';
import type { SiteRow, StraceData } from './data.ts';
import type { RecordingData } from './live/recording.ts';

const SITES_SHOWN = 15;
const CLOSES = new Set(['close', 'close_range']);
const CALLS_SHOWN = 10;
const PENDING_SHOWN = 10;

export interface ViewOptions {
  all: boolean;
  at: string | undefined;
}

export function* viewOf(data: StraceData, options: ViewOptions): Generator<Block> {
  yield { type: 'paragraph', text: data.recording ? recordingWords(data.recording) : recognisedWords(data), tone: 'dim' };
  yield { type: 'paragraph', text: `${plural('process', data.processes.length, 'processes')}, ${plural('line', data.lines)}${lengthWords(data)}` };
  if (data.story) yield* storyBlocks(data.story);
  if (data.tables) yield* tableBlocks(data.tables, options.at);
  if (data.story || data.tables) return;
  if (!data.recording && data.sites.some(({ opened }) => opened > 0) && !data.calls.some(({ call }) => CLOSES.has(call))) yield { type: 'paragraph', text: 'no close() is in this log: what it shows as open may be closed', tone: 'dim' };
  yield* siteBlocks(data.sites, options.all);
  yield* pendingBlocks(data);
  yield* callBlocks(data, options.all);
  for (const reload of data.reloads) yield* reloadBlocks(reload);
}

/** Times of -t are whole seconds. */
function lengthWords({ durationMs, recognised }: StraceData): string {
  if (durationMs === null) return '';
  return durationMs > 0 ? ` over ${duration(durationMs)}` : recognised.time === '-t' ? ' within a second' : '';
}

const STOPPED: Record<RecordingData['stopped'], string> = {
  time: 'as long as asked for', signal: 'until it was interrupted', leak: 'until a leak showed', rate: 'until it made more calls than strace may record (--max-rate)',
  size: 'until its log could not grow', ended: 'until it ended', failed: 'until the recording failed',
};

function recordingWords({ engine, recordedMs, stopped, kept, commandExit }: RecordingData): string {
  return `recorded by ${engine} for ${duration(recordedMs)}, ${STOPPED[stopped]}${kept === undefined ? '' : `; the raw log is ${kept}`}${commandExit === undefined || commandExit === 0 ? '' : `; the command's exit code is ${commandExit}`}`;
}

function recognisedWords({ recognised, bytes: size, unclassified }: StraceData): string {
  const { time, pids, options, files } = recognised;
  const pidWords = { none: 'no pids', number: 'pids', bracket: '[pid N]', file: `${plural('file', files)} of -ff` };
  const cannot = [
    ...(time === 'none' ? ['when anything happened (-tt)'] : []),
    ...(options.some((option) => option.startsWith('-k')) ? [] : ['the code that opened (-k)']),
    ...(options.some((option) => option === '-y' || option === '-yy') ? [] : ['what descriptors from before the log are (-y)']),
  ];
  const strange = unclassified === 0 ? '' : `, ${plural('line', unclassified)} not strace's`;
  return `log of strace, ${bytes(size)}: ${time === 'none' ? 'no times' : time}, ${pidWords[pids]}${options.length > 0 ? `, ${options.join(' ')}` : ''}${strange}${cannot.length > 0 ? `; it cannot tell ${cannot.join(', ')}` : ''}`;
}

function* siteBlocks(sites: readonly SiteRow[], all: boolean): Generator<Block> {
  const open = sites.filter((site) => site.open > 0);
  const listed = all ? sites : open;
  if (listed.length === 0) {
    yield { type: 'paragraph', text: sites.length === 0 ? 'nothing was opened' : `all of ${plural('opening site', sites.length)} closed what they opened` };
    return;
  }
  yield { type: 'blank' };
  const shown = all ? listed : listed.slice(0, SITES_SHOWN);
  yield {
    type: 'table',
    columns: [{ title: 'OPEN', align: 'right' }, { title: 'OPENED', align: 'right' }, { title: 'CLOSED', align: 'right' }, { title: 'SITE', flex: true, min: 30 }, { title: 'E.G.', flex: true, min: 10 }],
    rows: shown.map(({ open: left, opened, closed, site, examples: [example] }): Cell[] => [
      count(left), count(opened), count(closed), site, { text: example ? `fd ${example.fd} ${example.target === '' || site.endsWith(example.target) ? '' : `${example.target} `}${example.source}` : '', tone: 'dim' },
    ]),
  };
  if (listed.length > shown.length) yield { type: 'paragraph', text: `and ${plural('more site', listed.length - shown.length)} (--all)`, tone: 'dim' };
  if (!all && sites.length > open.length) yield { type: 'paragraph', text: `${plural('site', sites.length - open.length)} closed all they opened (--all)`, tone: 'dim' };
}

function* tableBlocks(tables: readonly TableRow[], at: string | undefined): Generator<Block> {
  for (const { pid, program, fds, repairs } of tables) {
    yield { type: 'heading', text: `${program === '' ? 'process' : program}${pid === 0 ? '' : ` (pid ${pid})`}${at === undefined ? ' at the end of the log' : ` at ${at}`}: ${plural('descriptor', fds.length)}${repairs > 0 ? `, as far as an incomplete log tells (${plural('repair', repairs)})` : ''}` };
    yield {
      type: 'table',
      columns: [{ title: 'FD', align: 'right' }, { title: 'CLOEXEC' }, { title: 'KIND' }, { title: 'WHAT', flex: true, min: 20 }, { title: 'FROM', flex: true, min: 16 }],
      rows: fds.map((row): Cell[] => [
        row.fd, row.cloexec === null ? '?' : row.cloexec ? 'yes' : 'no', row.kind, row.path ?? '',
        { text: row.assumed ? 'taken for granted' : row.how === 'pre-existing' ? 'before the log' : `${row.how === 'opened' ? '' : `${row.how}, `}${row.source ?? ''}`, tone: 'dim' },
      ]),
    };
  }
}

function* storyBlocks(story: readonly StoryStep[]): Generator<Block> {
  yield { type: 'blank' };
  yield {
    type: 'table',
    columns: [{ title: 'FILE', align: 'right' }, { title: 'PID', align: 'right' }, { title: 'FD', align: 'right' }, { title: 'STEP' }, { title: 'BY' }, { title: 'WHAT', flex: true, min: 16 }, { title: 'WHERE', flex: true, min: 12 }],
    rows: story.map(({ file, pid, fd, what, call, kind, target, source }): Cell[] => [file, pid, fd, what, call, target === '' ? kind : target, { text: source, tone: 'dim' }]),
  };
}

function* pendingBlocks({ pending }: StraceData): Generator<Block> {
  if (pending.length === 0) return;
  yield { type: 'heading', text: `${plural('call', pending.length)} had not returned when the log ended` };
  yield {
    type: 'table',
    columns: [{ title: 'PID', align: 'right' }, { title: 'CALL' }, { title: 'FOR', align: 'right' }, { title: 'ON', flex: true, min: 16 }, { title: 'WHERE' }],
    rows: pending.slice(0, PENDING_SHOWN).map(({ tid, call, fd, target, sinceMs, source }): Cell[] => [tid, call, sinceMs === null ? '-' : duration(sinceMs), fd === null ? '' : `fd ${fd} ${target}`.trim(), { text: source, tone: 'dim' }]),
  };
}

function* callBlocks({ calls }: StraceData, all: boolean): Generator<Block> {
  const timed = calls.filter(({ maxMs }) => maxMs !== null).sort((a, b) => b.maxMs! - a.maxMs!);
  if (timed.length === 0) return;
  yield { type: 'heading', text: 'slowest calls' };
  // What is known of these at all is that they took less than -t tells.
  const ms = (value: number | null): string => (value === null ? '< 1 s' : duration(value));
  yield {
    type: 'table',
    columns: [{ title: 'CALL' }, { title: 'COUNT', align: 'right' }, { title: 'ERRORS', align: 'right' }, { title: 'P50', align: 'right' }, { title: 'P99', align: 'right' }, { title: 'MAX', align: 'right' }],
    rows: (all ? timed : timed.slice(0, CALLS_SHOWN)).map((row): Cell[] => [row.call, count(row.count), count(row.errors), ms(row.p50Ms), ms(row.p99Ms), ms(row.maxMs)]),
  };
}

function* reloadBlocks({ pid, trigger, steps }: Reload): Generator<Block> {
  yield { type: 'heading', text: `reload of pid ${pid} (${trigger})` };
  yield {
    type: 'table',
    columns: [{ title: 'AFTER', align: 'right' }, { title: 'PID', align: 'right' }, { title: 'STEP' }, { title: 'WHAT', flex: true, min: 16 }, { title: 'WHERE' }],
    rows: steps.map(({ afterMs, pid: who, what, detail, source }): Cell[] => [afterMs === null ? '-' : duration(afterMs), who, what, detail, { text: source, tone: 'dim' }]),
  };
}
