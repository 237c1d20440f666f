import { shapeOf } from '../../kernel/shape.ts';
import type { Confidence, EvidenceItem, Finding, Remedy, Severity } from '../../report/index.ts';
import { fingerprint, lastEventRule } from '../../report/index.ts';
import { count, plural } from '../../report/words.ts';
import type { ResidueEvent, ResidueGroup } from '../../series/index.ts';

const ID = 'reload/residue';
/** Fewer events that left something are chance, or a cache that fills. */
const LEAST_EVENTS = 3;

interface Judged {
  severity: Severity;
  confidence: Confidence;
  because: string;
}

/** What reloads leave behind: descriptors that each event adds to one group and nobody closes. */
export const residue = lastEventRule<ResidueEvent>(ID, 'residue', findingsOf);

/** One finding for all groups of which the same can be said. */
function findingsOf(event: ResidueEvent): Finding[] {
  const alike = new Map<string, { judged: Judged; groups: ResidueGroup[] }>();
  for (const group of event.groups) {
    const judged = judge(group, event);
    if (!judged) continue;
    const known = alike.get(judged.because);
    if (known) known.groups.push(group);
    else alike.set(judged.because, { judged, groups: [group] });
  }
  return [...alike.values()].map(({ judged, groups }) => findingOf(event, judged, groups));
}

function judge({ leftPerEvent, quality, restless }: ResidueGroup, { events, word }: ResidueEvent): Judged | null {
  const hits = leftPerEvent.filter((left) => left > 0);
  if (hits.length === 0) return null;
  if (restless) return { severity: 'info', confidence: 'hint', because: `its members come and go between ${word}s too: what is left of one may be chance` };
  if (hits.length < LEAST_EVENTS) {
    return { severity: 'info', confidence: 'hint', because: `fewer than ${LEAST_EVENTS} ${word}s left something: this may be a cache that fills` };
  }
  if (quality === 'weak') {
    return { severity: 'warning', confidence: 'hint', because: `${word} after ${word} the group was larger, but its members cannot be told from one another` };
  }
  if (hits.length === events && hits.every((left) => left === hits[0])) {
    return { severity: 'warning', confidence: 'certain', because: `every ${word} left the same number, and each of them was still open at the end` };
  }
  return { severity: 'warning', confidence: 'likely', because: `at least ${LEAST_EVENTS} ${word}s left something that was still open at the end` };
}

function findingOf(event: ResidueEvent, { severity, confidence, because }: Judged, groups: readonly ResidueGroup[]): Finding {
  const { process } = event;
  const structure = groups.map(({ kind, one, key }) => `${one} ${kind === 'file' || kind === 'directory' ? shapeOf(key) : ''}`);
  return {
    id: ID,
    severity,
    confidence,
    because,
    title: titleOf(event, groups, severity),
    subject: { kind: 'descriptors', key: groups.map(({ kind, key }) => `${kind} ${key}`).join(', '), pid: process.pid, startTime: process.startTime },
    evidence: evidenceOf(event, groups),
    remedy: remediesOf(event, groups, severity),
    fingerprint: fingerprint(ID, ...[...new Set(structure)].sort()),
  };
}

function titleOf({ events, word, eventsUntilLimit, process }: ResidueEvent, groups: readonly ResidueGroup[], severity: Severity): string {
  const perEvent = addUp(groups);
  const hits = perEvent.filter((left) => left > 0).length;
  const who = events === 1 ? `the one ${word} leaves` : hits === events ? `each of ${count(events)} ${word}s leaves` : `${count(hits)} of ${count(events)} ${word}s ${hits === 1 ? 'leaves' : 'leave'}`;
  const total = perEvent.reduce((sum, left) => sum + left, 0);
  const ahead = severity === 'info' || eventsUntilLimit === null ? '' : `; ${plural(`more ${word}`, eventsUntilLimit)} until the limit of ${count(process.limit.soft ?? 0)}`;
  return `${who} ${whatWords(groups)} behind: +${count(total)} in all${ahead}`;
}

/** `1 listener and 3 files`, `up to 4 files`. */
function whatWords(groups: readonly ResidueGroup[]): string {
  const byNoun = new Map<string, ResidueGroup[]>();
  for (const group of groups) byNoun.set(group.one, [...(byNoun.get(group.one) ?? []), group]);
  const words = [...byNoun.values()].map((same) => {
    const hits = addUp(same).filter((left) => left > 0);
    const [least, most] = [Math.min(...hits), Math.max(...hits)];
    const { one, many } = same[0]!;
    return least === most ? plural(one, most, many) : `${count(least)} to ${plural(one, most, many)}`;
  });
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)!}`;
}

function addUp(groups: readonly ResidueGroup[]): number[] {
  return (groups[0]?.leftPerEvent ?? []).map((_, index) => groups.reduce((sum, { leftPerEvent }) => sum + leftPerEvent[index]!, 0));
}

function evidenceOf({ events, word, process, eventsUntilLimit }: ResidueEvent, groups: readonly ResidueGroup[]): EvidenceItem[] {
  const source = `/proc/${process.pid}/fd`;
  const items: EvidenceItem[] = groups.map(({ kind, key, leftPerEvent, example }) => ({
    name: `left behind: ${kind === key ? key : `${kind} ${key}`}`,
    value: leftPerEvent.reduce((sum, left) => sum + left, 0),
    source: example ?? source,
  }));
  items.push({ name: `${word}s that left something`, value: `${count(addUp(groups).filter((left) => left > 0).length)} of ${count(events)}`, source });
  items.push({ name: 'open now', value: process.open, ...(process.limit.soft !== null && { limit: process.limit.soft }), source });
  if (eventsUntilLimit !== null) items.push({ name: `${word}s until the limit`, value: eventsUntilLimit, source });
  return items;
}

function remediesOf({ process, word }: ResidueEvent, groups: readonly ResidueGroup[], severity: Severity): Remedy[] {
  const [{ kind }] = groups as [ResidueGroup, ...ResidueGroup[]];
  const see: Remedy = { text: 'see which these are', command: `reloadctl fds ${process.pid} --list --where 'kind=${kind}'`, risk: 'none' };
  if (severity === 'info') return [see, { text: `make more ${word}s, without traffic: what is left of each one adds up, a cache or a pool does not`, risk: 'reload' }];
  return [
    see,
    { text: `until the program closes what it replaces, restart it instead of a ${word}: that gives all of them back`, risk: 'restart' },
  ];
}
