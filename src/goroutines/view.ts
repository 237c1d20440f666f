/** The text below the findings: how many goroutines, in which groups, and what keeps the process from ending. */
import { standsStill } from '../kernel/paused.ts';
import type { Block } from '../render/index.ts';
import { count, duration, percent, plural } from '../report/words.ts';
import type { GoroutineData, GoroutinesData, GroupData } from './data.ts';
import { type MemoryFacts, waitersOf } from './memory/facts.ts';
import { placeOf, shortName } from './names.ts';
import { traceBlocks } from './trace/view.ts';

const SHOWN = 15;
const FRAMES_SHOWN = 12;
const KEEPERS_SHOWN = 5;
const CHANNELS_SHOWN = 5;
const MANY_WAITERS = 10;
const FORMATS = { memory: 'its memory', trace: 'an execution trace, at its end', text: 'a full dump (debug=2 or a crash)', 'profile-text': 'a profile (debug=1: no ids, no waiting times)', profile: 'a profile (debug=0: no ids, no waiting times)' } as const;

export interface ViewOptions {
  all: boolean;
  filtered: boolean;
}

export function* viewOf(data: GoroutinesData, label: string, options: ViewOptions): Generator<Block> {
  const version = data.goVersion === null ? '' : `, ${data.goVersion}`;
  const of = data.profile === 'goroutineleak' && data.format !== 'text' ? 'leaked goroutines' : 'goroutines';
  const groups = options.filtered ? `, ${count(data.groups.reduce((sum, group) => sum + group.count, 0))} of them as --where says` : ` in ${plural('group', data.groups.length)}`;
  yield { type: 'paragraph', text: `${label}: ${count(data.total)} ${of}${groups}${version}; from ${FORMATS[data.format]}${costWords(data)}`, tone: 'strong' };
  if (data.reason !== undefined) yield { type: 'paragraph', text: data.reason };
  yield { type: 'blank' };
  if (options.filtered && data.groups.length === 0) yield { type: 'paragraph', text: 'no goroutine matches --where' };
  else if (data.goroutines) yield listTable(data.goroutines);
  else yield* groupBlocks(data, options.all);
  yield* reloadBlocks(data);
  if (data.memory) yield* channelBlocks(data.memory);
  yield* lockBlocks(data);
  if (data.trace) yield* traceBlocks(data.trace);
}

function costWords({ memory }: GoroutinesData): string {
  if (!memory) return '';
  const paused = memory.paused && standsStill(memory.paused) ? `; the process is ${memory.paused.how} now` : '';
  return `: read-only, 0 ms stop, ${count(memory.torn)} torn of ${count(memory.read + memory.torn)}${paused}`;
}

function* groupBlocks({ groups }: GoroutinesData, all: boolean): Generator<Block> {
  const shown = all ? groups : groups.slice(0, SHOWN);
  yield {
    type: 'table',
    columns: [
      { title: 'COUNT', align: 'right' }, { title: 'SHARE', align: 'right' }, { title: 'STATE' }, { title: 'WAIT', align: 'right' },
      { title: 'WHERE', flex: true, min: 30 }, { title: 'CREATED BY', flex: true, min: 12 }, { title: 'NOTE', flex: true, min: 8 },
    ],
    rows: shown.map((group) => [
      count(group.count), percent(group.share), group.state, waitWords(group), whereWords(group), group.createdBy ? shortName(group.createdBy.func) : '-', { text: noteOf(group), tone: 'dim' },
    ]),
  };
  const rest = groups.slice(shown.length);
  if (rest.length > 0) yield { type: 'paragraph', text: `and ${plural('more group', rest.length)} with ${plural('goroutine', rest.reduce((sum, one) => sum + one.count, 0))} (--all)`, tone: 'dim' };
  yield* stackBlocks(groups);
}

function whereWords({ by, site }: GroupData): string {
  return by ? Object.entries(by).map(([name, value]) => `${name}=${value === '' ? '-' : value}`).join(' ') : site;
}

function waitWords({ waitMs }: GroupData): string {
  if (!waitMs || waitMs.max === 0) return '-';
  return waitMs.min === waitMs.max ? `${waitMs.max / 60_000} min` : `${waitMs.min / 60_000}-${waitMs.max / 60_000} min`;
}

function noteOf(group: GroupData): string {
  const notes: string[] = [];
  if (group.leaked > 0) notes.push(`${count(group.leaked)} leaked`);
  // What was grouped by something else has these in common by chance only.
  if (group.by === undefined) {
    if (group.system) notes.push('of the runtime');
    else if (group.benign !== undefined) notes.push(group.benign);
    if (group.owner !== 'own' && !group.system) notes.push(group.owner);
  }
  if (group.lockedToThread > 0) notes.push(group.lockedToThread === group.count ? 'locked to a thread' : `${count(group.lockedToThread)} locked to a thread`);
  if (group.labels) notes.push(Object.entries(group.labels).map(([name, value]) => `${name}=${value}`).join(' '));
  return notes.join('; ');
}

/** The stack of the largest group that waits and is not known to do so by design. */
function* stackBlocks(groups: readonly GroupData[]): Generator<Block> {
  const group = groups.find((one) => !one.system && one.benign === undefined && one.by === undefined && one.count > 1 && !/^(IO wait|running|runnable|syscall)/.test(one.state));
  if (!group) return;
  yield { type: 'heading', text: `the stack of the largest of them that waits (${count(group.count)}, ${group.state})` };
  const frames = group.frames.slice(0, FRAMES_SHOWN);
  const lines = frames.map((frame) => `  ${frame.func}${frame.file === '' ? '' : `  ${frame.file}:${frame.line}`}`);
  if (group.frames.length > frames.length) lines.push(`  and ${plural('more frame', group.frames.length - frames.length)}`);
  if (group.createdBy) lines.push(`  created by ${group.createdBy.func}  ${group.createdBy.file}:${group.createdBy.line}`);
  yield { type: 'preformatted', text: lines.join('\n') };
}

/** Channels that many wait for: what a leak or a full queue looks like from inside. */
function* channelBlocks({ channels }: MemoryFacts): Generator<Block> {
  const wanted = channels.filter((channel) => waitersOf(channel) >= MANY_WAITERS).slice(0, CHANNELS_SHOWN);
  if (wanted.length === 0) return;
  yield { type: 'blank' };
  yield {
    type: 'table',
    columns: [{ title: 'CHANNEL' }, { title: 'HOLDS', align: 'right' }, { title: 'ROOM', align: 'right' }, { title: 'SENDERS WAIT', align: 'right' }, { title: 'RECEIVERS WAIT', align: 'right' }, { title: 'IN A SELECT', align: 'right' }, { title: 'NOTE' }],
    rows: wanted.map(({ address, length, capacity, closed, senders, receivers, selecting }) => [address, count(length), count(capacity), count(senders), count(receivers), count(selecting), { text: closed ? 'closed' : '', tone: 'dim' }]),
  };
}

/** Locks that many wait for, where the source tells which they are. */
function* lockBlocks({ locks }: GoroutinesData): Generator<Block> {
  const wanted = locks.filter(({ address, count: waiting }) => address !== null && waiting >= MANY_WAITERS).slice(0, CHANNELS_SHOWN);
  if (wanted.length === 0) return;
  yield { type: 'blank' };
  yield {
    type: 'table',
    columns: [{ title: 'LOCK' }, { title: 'WAIT', align: 'right' }, { title: 'OF', flex: true, min: 12 }, { title: 'MAY BE INSIDE', flex: true, min: 16 }],
    rows: wanted.map(({ address, count: waiting, type, holders: [holder] }) => [address!, count(waiting), type === undefined ? '-' : shortName(type), holder ? `${holder.id === null ? '' : `goroutine ${holder.id}, `}${holder.place}` : '-']),
  };
}

function listTable(goroutines: readonly GoroutineData[]): Block {
  return {
    type: 'table',
    columns: [{ title: 'ID', align: 'right' }, { title: 'STATE' }, { title: 'WAIT', align: 'right' }, { title: 'TOP', flex: true, min: 20 }, { title: 'WHERE', flex: true, min: 20 }, { title: 'CREATED BY', flex: true }],
    rows: (function* () {
      for (const goroutine of goroutines) {
        const { id, waitMs, frames, createdBy, createdById } = goroutine;
        const [top] = frames;
        const own = frames.find(({ func }) => !/^(runtime|internal|sync|syscall|time)\b/.test(func)) ?? top;
        yield [id ?? '-', stateWords(goroutine), waitMs === undefined ? '-' : duration(waitMs), top ? shortName(top.func) : '-', own ? placeOf(own) : '-', createdBy ? `${shortName(createdBy.func)}${createdById === undefined ? '' : ` in ${createdById}`}` : '-'];
      }
    })(),
  };
}

/** With what it waits for. */
function stateWords({ state, fd, peer, channels = [], lock, lockedToThread }: GoroutineData): string {
  const words = [state];
  if (fd !== undefined) words.push(`fd ${fd}${peer === undefined ? '' : ` of ${peer}`}`);
  if (channels.length > 0) words.push(channels.length === 1 ? channels[0]! : `${channels.length} channels`);
  if (lock !== undefined) words.push(lock);
  if (lockedToThread) words.push('locked to its thread');
  return words.join(', ');
}

function* reloadBlocks({ reload }: GoroutinesData): Generator<Block> {
  const requests = reload.keepers.filter(({ kind }) => kind === 'request');
  if (requests.length === 0) return;
  yield { type: 'heading', text: reload.shuttingDown ? 'a shutdown waits for these requests' : 'a reload of this process would wait for these requests' };
  const items = requests.slice(0, KEEPERS_SHOWN).map(({ count: n, place, state }) => `${plural('request', n)} in ${place}: ${state}`);
  if (requests.length > items.length) items.push(`and ${plural('more place', requests.length - items.length)}`);
  yield { type: 'list', items };
}
