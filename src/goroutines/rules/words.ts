/** Words and parts that several rules share. */
import type { Frame } from '../../kernel/goroutines.ts';
import type { EvidenceItem, Remedy, Subject } from '../../report/index.ts';
import { count, duration, listOf, percent, shellWord } from '../../report/words.ts';
import type { GoroutinesEvent } from '../../series/index.ts';
import { placeOf } from '../names.ts';
import type { Site } from '../sites.ts';

const MINUTE = 60_000;

export function waitWords(wait: { min: number; max: number } | undefined): string {
  if (!wait || wait.max === 0) return '';
  const least = duration(wait.min * MINUTE);
  // It may be less by the time between two collections.
  return wait.min === wait.max ? `for about ${least}` : `for ${wait.min === 0 ? 'up to' : `about ${least} to`} ${duration(wait.max * MINUTE)}`;
}

/** The same of a place where not all tell how long: most of them may be young. */
export function waitWordsOf({ wait, count: all }: { wait?: { min: number; max: number; told: number }; count: number }): string {
  const words = waitWords(wait);
  return words === '' || !wait || wait.told >= all ? words : `, ${count(wait.told)} of them ${words}`;
}

export function goroutines(n: number): string {
  return `${count(n)} ${n === 1 ? 'goroutine' : 'goroutines'}`;
}

export function subject(event: GoroutinesEvent, kind: string, frame: Frame): Subject {
  return { kind, key: frame.func, ...(event.pid !== undefined && { pid: event.pid }) };
}

/** The structure of a place, for fingerprints: no line numbers, which move with every commit. */
export function structure(frame: Frame): string {
  return frame.func.replace(/\[.*\]/, '[...]');
}

export function siteEvidence(event: GoroutinesEvent, site: Site): EvidenceItem[] {
  const { source } = event;
  const place = site.frame.file === '' ? site.frame.func : `${site.frame.file}:${site.frame.line}`;
  const items: EvidenceItem[] = [
    { name: 'goroutines', value: site.count, source },
    { name: 'share of all', value: percent(site.share), source },
    { name: 'where', value: place, source },
  ];
  const created = site.creators.map(placeOf);
  if (created.length > 0) items.push({ name: 'created by', value: listOf(created, 3), source });
  if (site.wait) items.push({ name: 'waiting', value: waitWordsOf(site).replace(/^, /, '') || 'less than a minute', source });
  return items;
}

export function idsOf(site: Site): string {
  const ids = site.groups.flatMap(({ samples }) => samples.map(({ id }) => id)).filter((id) => id !== undefined);
  return listOf(ids, 5);
}

/** The same question again, for those of this site only. */
export function listCommand(event: GoroutinesEvent, site: Site): string {
  return `reloadctl goroutines ${shellWord(event.again)} --list --where ${shellWord(`state="${site.state}" func~"${site.frame.func}"`)}`;
}

export function watchRemedy(event: GoroutinesEvent): Remedy {
  return event.live
    ? { text: 'see whether their number rises', command: `reloadctl goroutines ${shellWord(event.again)} --watch 30s`, risk: 'none' }
    : { text: 'take a second dump some minutes later and compare: a leak is larger then', risk: 'none' };
}
