/** The same build on every line of Node it promises: same findings, same numbers, native calls included; and servers of that Node. */
import { expect, it } from 'vitest';
import { describeNeeds } from '../live/support/need.ts';
import { reloadctl, startFactory, startNode } from '../live/support/program.ts';
import { nodeOf, OTHER_NODES } from '../live/support/runtimes.ts';
import { alarmsOf, findingOf, look } from './support/look.ts';

for (const major of OTHER_NODES) {
  const node = nodeOf(major);

  describeNeeds([`node${major}`, 'python3'], `on Node ${major}`, () => {
    it('sees what the Node of the tests sees', async () => {
      const { pid, truth, stop } = await startFactory(['files=20', 'pipe=3', 'close-wait=7', 'stale-epoll-closed=2', 'dup=4']);
      const [here, there] = [await look([pid]), await look([pid], { node })];
      expect([there.run.code, there.run.stderr]).toEqual([here.run.code, '']);
      expect(there.report.data).toMatchObject({ open: truth.open });
      expect(there.report.data.groups).toEqual(here.report.data.groups);
      const told = ({ findings }: typeof here): unknown[] => findings.map(({ id, severity, confidence, title }) => ({ id, severity, confidence, title: title.replace(/, idle for .*/, '') }));
      expect(told(there)).toEqual(told(here));
      // Proven by kcmp and sock_diag: the native calls work there, too.
      expect(findingOf(there, 'epoll/stale-target').confidence).toBe('certain');
      const asked = ({ report }: typeof here): unknown[] => report.coverage.map(({ source, status, needed }) => ({ source, status, needed }));
      expect(asked(there)).toEqual(asked(here));
      await stop();
    });

    it('shows the demo, and records a tape that the Node of the tests reads', async () => {
      const demo = await reloadctl(['demo'], { node });
      expect(demo.code).toBe(0);
      expect(demo.stdout).toContain('CLOSE_WAIT');
      const { pid, truth, stop } = await startFactory(['files=20']);
      const tape = `${truth.dir}/look.tape`;
      expect((await reloadctl(['record', String(pid), '-o', tape], { node })).code).toBe(0);
      expect((await look(['--from', tape])).report.data.open).toBe(truth.open);
      await stop();
    });

    it(`finds the leaks of a server on Node ${major}, and nothing wrong in a busy one`, async () => {
      const leaking = await startNode('leak-server.mjs', ['count=23'], node);
      expect(findingOf(await look([leaking.pid]), 'socket/close-wait').title).toContain('23');
      await leaking.stop();
      const busy = await startNode('busy-server.mjs', [], node);
      expect(alarmsOf(await look([busy.pid]))).toEqual([]);
      await busy.stop();
    });
  });
}
