import { expect, it } from 'vitest';
import type { InotifyLook, Instance, Watch } from '../../../src/inotify/instances/model.ts';
import { noteCoverage, notesOf } from '../../../src/inotify/instances/notes.ts';
import { unresolved } from '../../../src/inotify/instances/second-look.ts';
import { CoverageLog } from '../../../src/kernel/coverage.ts';

/** Is what is known of a watch on such a file system, which has no path, enough for a verdict? */
function isOpen(fsType: string | undefined): boolean | undefined {
  const raw = { wd: 1, ino: '7', major: 0, minor: 50, mask: 0xfce, ignoredMask: 0, handle: undefined };
  const watch: Watch = { ...unresolved(raw, 7, 3), fsType };
  const instance = { process: { pid: 7 }, fd: 3, watches: [watch], maxWd: 1, sharedWith: [] } as unknown as Instance;
  const look: InotifyLook = { type: 'inotify', label: 'app (pid 7)', instances: [instance], expectations: [], complete: true };
  const coverage = new CoverageLog();
  noteCoverage(look, notesOf({ rerun: 'reloadctl', isRoot: true }), coverage);
  return coverage.list().find(({ source }) => source === 'paths of watches')?.needed;
}

it('a watch that may be dead leaves the verdict open, on whatever file system it is', () => {
  for (const fsType of ['ext4', 'fuse', 'fuse.sshfs', 'nfs4', '9p', undefined]) expect([fsType, isOpen(fsType)]).toEqual([fsType, true]);
});
