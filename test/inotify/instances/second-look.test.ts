import { expect, it } from 'vitest';
import type { Instance } from '../../../src/inotify/instances/model.ts';
import { dropEnded, unresolved } from '../../../src/inotify/instances/second-look.ts';
import { fakeEvidence } from '../../support/fake-evidence.ts';

it('a watch that was not met and is listed no more is no lost one; one that is still listed is', async () => {
  const line = (wd: number): string => `inotify wd:${wd} ino:${wd} sdev:fe00000 mask:fce ignored_mask:0\n`;
  const watches = [1, 2, 3].map((wd) => unresolved({ wd, ino: String(wd), major: 254, minor: 0, mask: 0xfce, ignoredMask: 0, handle: undefined }, 7, 3));
  watches[0]!.path = '/found';
  const instance = { process: { pid: 7 }, fd: 3, watches, maxWd: 3, sharedWith: [] } as unknown as Instance;
  await dropEnded(fakeEvidence({}), [instance]);
  expect(instance.watches).toHaveLength(3);
  await dropEnded(fakeEvidence({ files: { '/proc/7/fdinfo/3': `pos:\t0\nflags:\t02004000\nmnt_id:\t15\nino:\t60\n${line(2)}` } }), [instance]);
  expect(instance.watches?.map(({ wd }) => wd)).toEqual([1, 2]);
});
