/** What the findings of a drill have in common. */
import { type EvidenceItem, type Finding, fingerprint, type Remedy, type Severity } from '../../report/index.ts';
import { plural } from '../../report/words.ts';
import { destroyedIn } from '../destroyed.ts';
import type { FailureNote } from '../load/tally.ts';
import type { FailureClass } from '../load/types.ts';
import type { DrillSeen } from '../model.ts';
import { countedIn, judge } from '../verdict.ts';

export interface Failures {
  /** On new and kept connections, which are judged; and on streams, which are not. */
  judged: number;
  streams: number;
  /** Reloads in which there were some. */
  reloads: number[];
  notes: FailureNote[];
}

/** Of these classes, in the windows of the reloads. */
export function failuresOf(seen: DrillSeen, classes: readonly FailureClass[]): Failures {
  const sum = (traffic: 'new' | 'pooled' | 'stream', part: 'reloads' | number): number => classes.reduce((total, name) => total + countedIn(seen, traffic, part).byClass[name], 0);
  return {
    judged: sum('new', 'reloads') + sum('pooled', 'reloads'),
    streams: sum('stream', 'reloads'),
    reloads: seen.reloads.filter(({ index }) => sum('new', index) + sum('pooled', index) + sum('stream', index) > 0).map(({ index }) => index),
    notes: seen.load.tally.notes.filter((note) => note.reload > 0 && note.traffic !== 'held' && note.traffic !== 'websocket' && classes.includes(note.class)),
  };
}

/** A failure of a client that is not fit proves nothing of the server, and streams are not judged. */
export function severityOf(seen: DrillSeen, { judged }: Failures): Severity {
  return judged > 0 && judge(seen).outcome === 'fail' ? 'critical' : 'warning';
}

export interface Words {
  id: string;
  severity: Severity;
  title: string;
  because: string;
  /** What tells two faults of one id apart. */
  structure: string;
  evidence: EvidenceItem[];
  remedy: Remedy[];
}

export function findingOf({ endpoint, pid, startTime }: DrillSeen, { id, severity, title, because, structure, evidence, remedy }: Words): Finding {
  return {
    id, severity, confidence: 'certain', because, title,
    subject: { kind: 'service', key: endpoint.label, ...(pid !== null && { pid }), ...(startTime !== null && { startTime }) },
    evidence, remedy, fingerprint: fingerprint(id, structure),
  };
}

/** What the control window says of these classes, behind a `because`. */
export function controlWords(seen: DrillSeen, classes: readonly FailureClass[]): string {
  const many = (['new', 'pooled', 'stream'] as const).reduce((sum, traffic) => sum + classes.reduce((all, name) => all + countedIn(seen, traffic, 'control').byClass[name], 0), 0);
  return many === 0 ? 'and in the control window there was none of these' : `but in the control window there were ${many} of these, without any reload`;
}

/** `reload 3 of 4`, `2 of 4 reloads`. */
export function reloadsWords({ reloads }: DrillSeen, { reloads: hit }: Failures): string {
  return hit.length === 1 ? `reload ${hit[0]} of ${reloads.length}` : `${hit.length} of ${reloads.length} reloads`;
}

/** `12 new, 3 kept, 1 stream`. */
export function trafficWords(notes: readonly FailureNote[], { judged, streams }: Failures): string {
  const of = (traffic: string): number => notes.filter((note) => note.traffic === traffic).length;
  // Of very many only the first are noted.
  if (notes.length < judged + streams) return plural('request', judged + streams);
  return [[of('new'), 'on new connections'], [of('pooled'), 'on kept ones'], [of('stream'), of('stream') === 1 ? 'stream' : 'streams']].filter(([count]) => count !== 0).map(([count, words]) => `${count} ${words}`).join(', ');
}

/** The longest time in which every attempt failed so, by reload: from the first of them to the last. */
export function longestSpan(notes: readonly FailureNote[]): number {
  const spans = new Map<number, [number, number]>();
  for (const { reload, atMs, endedMs } of notes) {
    const [from, to] = spans.get(reload) ?? [atMs, endedMs];
    spans.set(reload, [Math.min(from, atMs), Math.max(to, endedMs)]);
  }
  return Math.max(0, ...[...spans.values()].map(([from, to]) => to - from));
}

/** When the kernel destroyed a listener of the service, in the first reload with such failures in which it did. */
function destroyedEvidence(seen: DrillSeen, { reloads }: Failures): EvidenceItem[] {
  for (const reload of seen.reloads) {
    const [first] = reloads.includes(reload.index) ? (destroyedIn(seen, reload) ?? []) : [];
    if (first) return [{ name: `${first.address} destroyed after reload ${reload.index} began`, value: first.afterMs, unit: 'ms', source: 'sock_diag destroy events' }];
  }
  return [];
}

export function evidenceOf(seen: DrillSeen, failures: Failures, more: EvidenceItem[] = []): EvidenceItem[] {
  const source = seen.endpoint.label;
  return [
    { name: 'failed on new and kept connections', value: failures.judged, source },
    ...(failures.streams > 0 ? [{ name: 'streams', value: failures.streams, source }] : []),
    { name: 'in reloads', value: failures.reloads.join(', '), source },
    ...destroyedEvidence(seen, failures),
    ...more,
  ];
}


