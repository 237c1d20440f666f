import { describe, expect, it } from 'vitest';
import { checkPlanted } from '../../src/demo/check.ts';
import { allFindings, finding, group, planted, seen } from './findings.ts';

function notOk(...args: Parameters<typeof checkPlanted>): string[] {
  return checkPlanted(...args)
    .filter(({ ok }) => !ok)
    .map((row) => row.finding ?? row.fault);
}

describe('checkPlanted', () => {
  it('is content when every number is the planted one', () => {
    expect(
      checkPlanted(planted, allFindings(), seen).map(({ finding: id, planted: wanted, found, ok }) => [id, wanted, found, ok]),
    ).toEqual([
      ['fd/near-limit', 140, 140, true],
      ['socket/close-wait', 40, 40, true],
      ['fd/deleted-file', 1, 1, true],
      ['fd/duplicates', 12, 12, true],
      [undefined, 60, 60, true],
    ]);
  });

  it.each(['fd/near-limit', 'socket/close-wait', 'fd/deleted-file', 'fd/duplicates'])('misses %s when it is not there', (id) => {
    expect(
      notOk(
        planted,
        allFindings().filter((one) => one.id !== id),
        seen,
      ),
    ).toEqual([id]);
  });

  it.each([39, 41])('does not take %i for 40', (count) => {
    const others = allFindings().filter(({ id }) => id !== 'socket/close-wait');
    expect(notOk(planted, [...others, finding('socket/close-wait', { 'in CLOSE_WAIT': count })], seen)).toEqual(['socket/close-wait']);
  });

  it('does not take a deleted log without its space', () => {
    const others = allFindings().filter(({ id }) => id !== 'fd/deleted-file');
    for (const evidence of [
      { 'names marked deleted': 1 },
      { 'deleted files held open': 1, 'allocated space': 4096 },
      { 'deleted files held open': 2, 'allocated space': 30_000_000 },
    ]) {
      expect(notOk(planted, [...others, finding('fd/deleted-file', evidence)], seen)).toEqual(['fd/deleted-file']);
    }
  });

  it('adds up uploads that fell into several groups, and no other files', () => {
    const groups = [
      group('file', '/tmp/x/uploads/upload-1.part', 1),
      group('file', '/tmp/x/uploads/upload-*.part', 59),
      group('file', '/tmp/x/app.conf', 12),
      group('socket', '/uploads/', 1),
    ];
    expect(notOk(planted, allFindings(), { ...seen, groups })).toEqual([]);
    expect(notOk(planted, allFindings(), { ...seen, groups: groups.slice(1) })).toEqual(['files of unfinished uploads']);
  });

  it('does not ask for a limit that could not be lowered', () => {
    const { softLimit: _, ...rest } = planted;
    expect(checkPlanted(rest, allFindings(), seen).map((row) => row.finding)).not.toContain('fd/near-limit');
  });
});
