import { expect, it } from 'vitest';
import { collectInotify } from '../../../src/inotify/instances/collect.ts';
import { fakeEvidence } from '../../support/fake-evidence.ts';
import { worldOf } from '../../support/fake-process.ts';

it('in gVisor an instance is seen, and that nothing is told of its watches is said', async () => {
  const world = worldOf({ pid: 42, fds: { 0: { link: '/dev/null' }, 3: { link: 'anon_inode:[inotifyfd:1]' } } });
  const { look, coverage } = await collectInotify(fakeEvidence(world), [42], '', { expect: [], rerun: 'reloadctl', isRoot: true, signal: new AbortController().signal });
  expect(look.instances.map(({ fd, watches }) => [fd, watches])).toEqual([[3, undefined]]);
  expect(look.complete).toBe(false);
  expect(coverage.list().find(({ source }) => source === 'watches (fdinfo)')).toMatchObject({ status: 'unsupported', seen: 0, total: 1, needed: true, detail: 'this is gVisor: it tells nobody what its processes watch' });
});
