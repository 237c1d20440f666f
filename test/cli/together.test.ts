/** Options that were given together: each is heeded. */
import { expect, it } from 'vitest';
import { describeNeeds } from '../live/support/need.ts';
import { reloadctl, startFactory } from '../live/support/program.ts';
import { look } from './support/look.ts';

describeNeeds(['python3'], 'options together', () => {
  it('--watch and --threads: the threads are looked at at the end', async () => {
    const { pid, stop } = await startFactory(['files=5']);
    const { report } = await look([pid, '--watch', '500ms', '--threads']);
    expect(report.data.threads).toContainEqual(expect.objectContaining({ pid, tid: pid, table: 'shared' }));
    expect(report.coverage).toContainEqual(expect.objectContaining({ source: 'threads', status: 'ok' }));
    expect(report.data).toHaveProperty('watch');
    await stop();
  });

  it('--list and --group-by: first the groups, then the rows', async () => {
    const { pid, stop } = await startFactory(['files=5', 'pipe=2']);
    const { stdout } = await reloadctl(['fds', String(pid), '--list', '--group-by', 'kind']);
    const [groups, rows] = [stdout.search(/^COUNT +SHARE +KIND/m), stdout.search(/^ *FD +KIND/m)];
    expect(groups).toBeGreaterThan(0);
    expect(rows).toBeGreaterThan(groups);
    expect(stdout).toMatch(/^ +5 +\d+(\.\d+)?% +file\b/m);
    await stop();
  });
});
