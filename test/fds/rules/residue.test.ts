import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { residue } from '../../../src/fds/rules/residue.ts';
import { type Finding, runRules } from '../../../src/report/index.ts';
import type { Observation, ResidueEvent, ResidueGroup } from '../../../src/series/index.ts';

function group(leftPerEvent: number[], changes: Partial<ResidueGroup> = {}): ResidueGroup {
  return { kind: 'file', key: '/tmp/part-*.tmp', one: 'file', many: 'files', quality: 'exact', restless: false, leftPerEvent, example: '/proc/42/fd/9', ...changes };
}

const listener = (leftPerEvent: number[], changes: Partial<ResidueGroup> = {}): ResidueGroup =>
  group(leftPerEvent, { kind: 'socket', key: 'tcp LISTEN *', one: 'listener', many: 'listeners', example: '/proc/42/fd/7', ...changes });

function find(groups: ResidueGroup[], changes: Partial<ResidueEvent> = {}): Finding[] {
  const process = { pid: 42, startTime: '1000', open: 93, limit: { soft: 1024, hard: 4096 } };
  const events = groups[0]?.leftPerEvent.length ?? 0;
  return runRules<Observation>([residue], [{ type: 'residue', label: 'app (pid 42)', process, events, word: 'reload', eventsUntilLimit: 232, groups, ...changes }]);
}

const times = (count: number, left: number): number[] => new Array<number>(count).fill(left);

describe('reload/residue', () => {
  it('is certain when every reload left the same, all groups in one sentence', () => {
    const [finding, ...others] = find([listener(times(20, 1)), group(times(20, 3))]);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      id: 'reload/residue',
      severity: 'warning',
      confidence: 'certain',
      title: 'each of 20 reloads leaves 1 listener and 3 files behind: +80 in all; 232 more reloads until the limit of 1,024',
      subject: { kind: 'descriptors', pid: 42, startTime: '1000' },
    });
    expect(finding!.evidence.slice(0, 2)).toEqual([
      { name: 'left behind: socket tcp LISTEN *', value: 20, source: '/proc/42/fd/7' },
      { name: 'left behind: file /tmp/part-*.tmp', value: 60, source: '/proc/42/fd/9' },
    ]);
  });

  it.each([
    [[0, 0, 2, 0, 0, 2, 0, 0, 2], 'likely', '3 of 9 reloads leave 2 files behind: +6 in all'],
    [[1, 2, 3, 4], 'likely', 'each of 4 reloads leaves 1 to 4 files behind: +10 in all'],
    [[1, 1, 1, 0], 'likely', '3 of 4 reloads leave 1 file behind: +3 in all'],
  ])('%j is %s', (left, confidence, title) => {
    const [finding] = find([group(left)], { eventsUntilLimit: null });
    expect(finding).toMatchObject({ severity: 'warning', confidence, title });
  });

  it.each([
    ['too few', [group([1, 1, 0, 0])], '2 of 4 reloads leave 1 file behind: +2 in all'],
    ['two reloads at all', [group([5, 5])], 'each of 2 reloads leaves 5 files behind: +10 in all'],
    ['one reload', [group([4])], 'the one reload leaves 4 files behind: +4 in all'],
    ['one of many', [group([0, 9, 0, 0])], '1 of 4 reloads leaves 9 files behind: +9 in all'],
    ['what comes and goes', [group(times(9, 3), { restless: true })], 'each of 9 reloads leaves 3 files behind: +27 in all'],
  ])('%s is a note', (_, groups, title) => {
    expect(find(groups)).toMatchObject([{ severity: 'info', confidence: 'hint', title }]);
  });

  it('is a hint where members cannot be told from one another', () => {
    expect(find([group(times(5, 1), { quality: 'weak' })])).toMatchObject([{ severity: 'warning', confidence: 'hint' }]);
  });

  it('tells apart what is certain and what is not', () => {
    const found = find([listener(times(4, 1)), group([0, 1, 2, 3]), group([1, 0, 0, 0], { kind: 'pipe', key: 'pipe', one: 'pipe', many: 'pipes' })]);
    expect(found.map(({ confidence, title }) => [confidence, title.slice(0, title.indexOf(' behind'))])).toEqual([
      ['certain', 'each of 4 reloads leaves 1 listener'],
      ['likely', '3 of 4 reloads leave 1 to 3 files'],
      ['hint', '1 of 4 reloads leaves 1 pipe'],
    ]);
  });

  it('is silent when nothing was left, and about other events', () => {
    expect(find([group([0, 0, 0])])).toEqual([]);
    expect(find([])).toEqual([]);
    expect(runRules<Observation>([residue], [])).toEqual([]);
  });

  it('has one fingerprint for one fault, whatever its names and numbers', () => {
    const print = (...groups: ResidueGroup[]): string => find(groups)[0]!.fingerprint;
    expect(print(group(times(3, 1), { key: '/srv/a/part-1.tmp' }))).toBe(print(group([2, 3, 4, 5], { key: '/srv/x/late-77.tmp' })));
    expect(print(listener(times(3, 1)), group(times(3, 1)))).toBe(print(group(times(3, 1)), listener(times(3, 1))));
    expect(print(listener(times(3, 1)))).not.toBe(print(group(times(3, 1))));
  });

  it('never cries without three events that left something, and never says more than was left', () => {
    const left = fc.array(fc.nat(4), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(left, fc.boolean(), fc.constantFrom('exact' as const, 'weak' as const), (leftPerEvent, restless, quality) => {
        const found = find([group(leftPerEvent, { restless, quality })]);
        const hits = leftPerEvent.filter((number) => number > 0).length;
        expect(found).toHaveLength(hits > 0 ? 1 : 0);
        for (const { severity, confidence, title } of found) {
          expect(severity).toBe(hits >= 3 && !restless ? 'warning' : 'info');
          if (confidence === 'certain') expect(new Set(leftPerEvent).size).toBe(1);
          expect(title).toContain(`+${leftPerEvent.reduce((sum, number) => sum + number, 0)} in all`);
        }
      }),
    );
  });
});
