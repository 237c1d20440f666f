import { describe, expect, it } from 'vitest';
import { CoverageLog, errnoWords, statusOf } from '../../src/kernel/coverage.ts';
import type { Coverage } from '../../src/report/types.ts';

const logged = (...entries: Partial<Coverage>[]): Coverage[] => {
  const log = new CoverageLog();
  for (const entry of entries) log.note({ source: 'x', status: 'ok', needed: false, ...entry });
  return log.list();
};

describe('CoverageLog', () => {
  it('keeps one line per source: counts add up, the worst status wins with its words', () => {
    expect(
      logged(
        { seen: 3, total: 3 },
        { status: 'denied', seen: 0, total: 2, detail: 'no', fix: 'sudo', needed: true },
        { seen: 1, total: 1, detail: 'fine' },
      ),
    ).toEqual([{ source: 'x', status: 'partial', seen: 4, total: 6, detail: 'no', fix: 'sudo', needed: true }]);
    expect(logged({ source: 'a' }, { source: 'b' })).toHaveLength(2);
  });

  it('calls partial what was answered in part, the first time too', () => {
    expect(logged({ status: 'denied', seen: 1, total: 2 })[0]!.status).toBe('partial');
    expect(logged({ status: 'denied', seen: 0, total: 2 })[0]!.status).toBe('denied');
    expect(logged({ status: 'timeout', seen: 1, total: 2 })[0]!.status).toBe('timeout');
  });

  it('does not change what it was given', () => {
    const entry: Coverage = { source: 'x', status: 'ok', seen: 1, total: 1, needed: false };
    const log = new CoverageLog();
    log.note(entry);
    log.note(entry);
    expect(entry.seen).toBe(1);
    expect(log.list()[0]!.seen).toBe(2);
  });
});

describe('statusOf', () => {
  it.each([
    [undefined, 'ok'],
    ['EACCES', 'denied'],
    ['EPERM', 'denied'],
    ['ETIMEDOUT', 'timeout'],
    ['ENOTSUP', 'unsupported'],
    ['ENOSYS', 'unsupported'],
    ['ENOTRECORDED', 'absent'],
    ['EMFILE', 'absent'],
  ])('%s is %s', (errno, status) => {
    expect(statusOf(errno)).toBe(status);
  });

  it('has words for the errnos that say little, and the name for others', () => {
    expect(errnoWords('EMFILE')).toContain('reloadctl itself');
    expect(errnoWords('ENOSPC')).toBe('ENOSPC');
  });
});
