/** Targets by cgroup: units, containers and pods, in hierarchies made for the test. */
import { afterEach, expect, it } from 'vitest';
import { look } from '../cli/support/look.ts';
import { endGroups, needGroups, ownName as own, sleepIn } from './support/cgroups.ts';
import { describeNeeds } from './support/need.ts';
import { reloadctl } from './support/program.ts';

const ID = `${process.pid.toString(16).padStart(8, '0')}${'4f2a9c1b'.repeat(7)}`;
const UID = `${process.pid.toString(16).padStart(8, '0')}-1234-4321-8765-0123456789ab`;

afterEach(endGroups);

describeNeeds(['root'], 'targets by cgroup', () => {
  const usable = needGroups();

  it.skipIf(!usable)('unit: every process of the unit, with .service left out or not', async () => {
    const path = `system.slice/reloadctl-${own}.service`;
    const pids = [await sleepIn(path), await sleepIn(path)].sort((a, b) => a - b);
    for (const spec of [`unit:reloadctl-${own}.service`, `unit:reloadctl-${own}`]) {
      const { run, report } = await look([spec]);
      expect(run.code).toBe(0);
      expect(report.target).toMatchObject({ spec, pids });
      expect(report.data.processes.map(({ pid, unit }) => [pid, unit])).toEqual(pids.map((pid) => [pid, `reloadctl-${own}.service`]));
    }
  });

  it.skipIf(!usable)('unit: the limit is traced to it', async () => {
    const pid = await sleepIn(`system.slice/reloadctl-${own}.service`);
    const text = (await reloadctl(['fds', String(pid)])).stdout;
    expect(text).toContain(`reloadctl-${own}.service`);
  });

  it.skipIf(!usable)('container: whole id or its beginning, as docker and as a plain directory', async () => {
    const docker = await sleepIn(`system.slice/docker-${ID}.scope`);
    expect((await look([`container:${ID.slice(0, 12)}`])).report.target?.pids).toEqual([docker]);
    const inPod = await sleepIn(`kubepods/burstable/pod${UID}/${ID}`);
    const both = (await look([`container:${ID}`])).report;
    expect(both.target?.pids).toEqual([docker, inPod].sort((a, b) => a - b));
    expect(both.data.processes.map(({ container }) => container)).toEqual([ID, ID]);
  });

  it.skipIf(!usable)('container: a beginning that two share', async () => {
    const other = `${ID.slice(0, 16)}${'0'.repeat(48)}`;
    await sleepIn(`system.slice/docker-${ID}.scope`);
    await sleepIn(`system.slice/cri-containerd-${other}.scope`);
    const run = await reloadctl(['fds', `container:${ID.slice(0, 10)}`]);
    expect([run.code, run.stdout]).toEqual([2, '']);
    expect(run.stderr).toContain(`2 containers begin with ${ID.slice(0, 10)}`);
  });

  it.skipIf(!usable)('pod: by uid, of both cgroup drivers', async () => {
    const plain = await sleepIn(`kubepods/besteffort/pod${UID}/${ID}`);
    expect((await look([`pod:${UID}`])).report.data.processes).toMatchObject([{ pid: plain, pod: UID, container: ID }]);
    const slice = `kubepods-burstable-pod${UID.replaceAll('-', '_')}.slice`;
    const systemd = await sleepIn(`kubepods.slice/kubepods-burstable.slice/${slice}/cri-containerd-${ID}.scope`);
    expect((await look([`pod:${UID}`])).report.target?.pids).toEqual([plain, systemd].sort((a, b) => a - b));
  });
});

it.each([
  ['unit:no-such-unit-anywhere', 3, /no process runs in unit no-such-unit-anywhere\.service/],
  ['container:0000000000000000', 3, /no process runs in container 0{16}/],
  ['pod:00000000-0000-0000-0000-000000000000', 3, /no process runs in pod /],
  ['unit:', 2, /unit: needs a name/],
  ['container:', 2, /container: needs an id/],
  ['pod:', 2, /not a pod/],
  ['pod:a/b/c', 2, /not a pod/],
])('%s: exit %i', async (spec, code, words) => {
  const run = await reloadctl(['fds', spec]);
  expect([run.code, run.stdout]).toEqual([code, '']);
  expect(run.stderr).toMatch(words);
});
