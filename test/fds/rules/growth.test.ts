import { describe, expect, it } from 'vitest';
import { growth } from '../../../src/fds/rules/growth.ts';
import { runRules } from '../../../src/report/index.ts';
import type { TrendsEvent, WatchedGroup, WatchedProcess } from '../../../src/series/index.ts';

const process = (pid: number, open: number, soft: number | null): WatchedProcess => ({ pid, startTime: '1', open, limit: { soft, hard: soft } });

const group = (overrides: Partial<WatchedGroup>): WatchedGroup => ({
  group: '/tmp/*', kind: 'file', key: '/tmp/*', quality: 'exact', trend: 'growing', because: 'it grows', atStart: 10, atEnd: 40, births: 30, deaths: 0,
  survivorsGained: 30, growthPerMinute: 60, slowestPerMinute: 50, fastestPerMinute: 75, survivorAgeMs: 0, keptBy: [{ pid: 42, count: 30 }], ...overrides,
});

const find = (groups: WatchedGroup[], processes = [process(42, 100, 1000)]) => {
  const event: TrendsEvent = { type: 'trends', label: 'app (pid 42)', processes, windowMs: 30_000, samples: 31, groups, source: '/proc/42/fd' };
  return runRules([growth], [event]);
};

describe('fd/growth', () => {
  it.each<[string, Partial<WatchedGroup>, string, string]>([
    ['exact and near the limit', {}, 'critical', 'likely'],
    ['exact, with time left', { slowestPerMinute: 10 }, 'warning', 'likely'],
    ['a quarter without growth', { slowestPerMinute: 0 }, 'warning', 'likely'],
    ['of doubtful identity', { quality: 'weak' }, 'warning', 'hint'],
    ['not all through', { trend: 'grew' }, 'info', 'hint'],
    ['kept by clients', { byOthers: true }, 'info', 'hint'],
  ])('%s', (_name, overrides, severity, confidence) => {
    expect(find([group(overrides)])).toMatchObject([{ severity, confidence }]);
  });

  it.each(['steady', 'too-short'] as const)('is silent about what is %s', (trend) => expect(find([group({ trend })])).toEqual([]));

  it('tells the range in which the limit is reached', () => {
    const [finding] = find([group({})]);
    expect(finding!.title).toBe('file /tmp/* of app (pid 42) grows by 60 a minute: 30 descriptors more in 30 s, and kept; the limit of 1,000 is reached in 12 min to 18 min');
    expect(find([group({})], [process(42, 100, null)])[0]!.title).toMatch(/and kept$/);
  });

  it('divides the growth among the processes that keep it, and names the one that is full first', () => {
    const keptBy = [{ pid: 1, count: 20 }, { pid: 2, count: 10 }];
    // 40 and 20 a minute of 60: 1 has room for 900, 2 for 100.
    const [finding] = find([group({ keptBy, slowestPerMinute: 60, fastestPerMinute: 60 })], [process(1, 100, 1000), process(2, 900, 1000)]);
    expect(finding!.title).toMatch(/the limit of 1,000 of process 2 is reached in 5 min$/);
    expect(finding!.subject.pid).toBe(2);
    const many = Array.from({ length: 24 }, (_, index) => index + 1);
    const spread = group({ keptBy: many.map((pid) => ({ pid, count: 4 })), slowestPerMinute: 150, fastestPerMinute: 200 });
    expect(find([spread], many.map((pid) => process(pid, 50, 1024)))[0]!.severity).toBe('warning');
  });

  it('names who keeps most where no limit is reached', () => {
    const [finding] = find([group({ keptBy: [{ pid: 2, count: 20 }, { pid: 1, count: 10 }] })], [process(1, 5, null), process(2, 5, null)]);
    expect(finding!.subject.pid).toBe(2);
  });
});
