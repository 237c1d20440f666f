import type { Block, Cell, Tone } from '../render/index.ts';
import { count, plural } from '../report/words.ts';
import type { DiffData, FindingRow, SideRow } from './data.ts';

const GROUPS_SHOWN = 15;

/** What changed, for people: groups, numbers, findings, descriptors, coverage. */
export function* viewOf(data: DiffData): Generator<Block> {
  const { a, b, groups, numbers, descriptors, coverage } = data;
  if (!data.sameTarget) yield { type: 'paragraph', text: `not the same target${data.nameless ? ', as far as pseudonyms tell' : ''}: ${targetWords(a)} and ${targetWords(b)}; compared all the same`, tone: 'warning' };
  yield { type: 'facts', items: [['A', sideWords(a)], ['B', sideWords(b)]] };
  if (data.nameless) yield { type: 'paragraph', text: 'names on a redacted tape are pseudonyms of that tape: paths are compared by their shape, addresses not at all', tone: 'dim' };
  yield { type: 'blank' };
  if (numbers.length > 0) {
    yield { type: 'facts', items: numbers.map(({ name, a: before, b: now, delta }): [string, Cell] => [name, `${valueWords(before)} -> ${valueWords(now)}${delta ? ` (${signed(delta)})` : ''}`]) };
  }
  if (descriptors) yield { type: 'paragraph', text: descriptorWords(descriptors) };
  yield* groupBlocks(groups);
  yield* findingBlocks(data);
  if (coverage.length > 0) {
    yield { type: 'blank' };
    yield { type: 'paragraph', text: 'not read alike in A and B:' };
    yield { type: 'list', items: coverage.map(({ source, a: before, b: now }) => `${source}: ${before ?? 'not asked'} -> ${now ?? 'not asked'}`) };
  }
}

function* groupBlocks(groups: DiffData['groups']): Generator<Block> {
  const changed = groups.filter(({ delta }) => delta !== 0);
  const same = groups.length - changed.length;
  if (changed.length === 0) {
    if (groups.length > 0) yield { type: 'paragraph', text: `no group changed its number (${plural('group', groups.length)})` };
    return;
  }
  yield { type: 'blank' };
  yield {
    type: 'table',
    columns: [{ title: 'CHANGE', align: 'right' }, { title: 'A', align: 'right' }, { title: 'B', align: 'right' }, { title: 'KIND' }, { title: 'WHAT', flex: true, min: 30 }],
    rows: changed.slice(0, GROUPS_SHOWN).map(({ delta, a, b, kind, key }) => [{ text: signed(delta), tone: delta > 0 ? 'strong' : 'dim' }, count(a), count(b), kind, key]),
  };
  const rest = changed.length - GROUPS_SHOWN;
  const parts = [...(rest > 0 ? [`${plural('more group', rest)} changed (--json has all)`] : []), ...(same > 0 ? [`${plural('group', same)} did not change`] : [])];
  if (parts.length > 0) yield { type: 'paragraph', text: `and ${parts.join('; ')}`, tone: 'dim' };
}

const tones: Record<FindingRow['severity'], Tone> = { critical: 'critical', warning: 'warning', info: 'info' };

function* findingBlocks({ findings }: DiffData): Generator<Block> {
  const rows = (word: string, list: readonly FindingRow[]): Cell[][] =>
    list.map(({ severity, severityBefore, title, id }) => [word, { text: severityBefore ? `${severityBefore} -> ${severity}` : severity, tone: tones[severity] }, id, title]);
  const all = [...rows('new', findings.new), ...rows('gone', findings.gone), ...rows('same', findings.same)];
  if (all.length === 0) return;
  yield { type: 'blank' };
  yield { type: 'table', columns: [{ title: 'FINDING' }, { title: 'SEVERITY' }, { title: 'ID' }, { title: 'WHAT', flex: true, min: 30 }], rows: all };
}

function sideWords(side: SideRow): string {
  return `${side.file}${side.isTape ? ' (tape)' : ''}: ${targetWords(side)}, ${side.startedAt}`;
}

function targetWords({ target, host }: SideRow): string {
  return target ? `${target.label} on ${host.hostname}` : host.hostname;
}

function descriptorWords({ survived, opened, closed, otherProcesses }: NonNullable<DiffData['descriptors']>): string {
  if (survived + opened + closed === 0) return 'no process is on both sides: what it holds was not compared one by one';
  const others = otherProcesses === 0 ? '' : `; ${plural('process', otherProcesses, 'processes')} only on one side, not counted here`;
  return `of the descriptors ${count(survived)} are the same, ${count(opened)} were opened, ${count(closed)} were closed${others}`;
}

function valueWords(value: number | null): string {
  return value === null ? 'unlimited or unknown' : count(value);
}

function signed(delta: number): string {
  return delta > 0 ? `+${count(delta)}` : count(delta);
}
