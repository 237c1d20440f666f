import { describe, expect, it } from 'vitest';
import { lookFromSamples } from '../../../src/kernel/snapshot/from-samples.ts';
import { fdInfo } from '../../support/fake-process.ts';
import { makeFd, makeProcess } from '../../support/fds.ts';

describe('the look that is left of a watch', () => {
  it('says what was not asked', () => {
    const fds = [makeFd('/tmp/a', { fd: 3 }), makeFd('anon_inode:[eventfd]', { fd: 4, info: fdInfo({}) }), makeFd('socket:[9]', { fd: 5 })];
    const { snapshot, coverage } = lookFromSamples([{ process: makeProcess(), fds }], 'app', [{ pid: 42, how: 'gone' }]);
    expect(snapshot.tables[0]).toMatchObject({ linksOnly: true });
    expect(coverage.list().map(({ source, status, seen, total, needed }) => [source, status, seen, total, needed])).toEqual([
      ['processes', 'absent', 0, 1, true],
      ['open flags', 'partial', 1, 3, false],
      ['file types and sizes', 'partial', 0, 1, false],
      ['owners of other ends', 'partial', 0, 1, false],
    ]);
  });

  it('is complete when there was nothing to ask', () => {
    const { coverage } = lookFromSamples([{ process: makeProcess(), fds: [] }], 'app', []);
    expect(coverage.list().map(({ source }) => source)).toEqual(['fd table']);
  });
});
