/** The demo of the built program leaves nothing behind, on any way out. */
import { describe, expect, it } from 'vitest';
import { reloadctl } from '../live/support/program.ts';
import { until } from '../live/support/until.ts';
import { type DemoReport, isGone, startDemo } from './support/demo.ts';

describe('demo --keep', () => {
  it('prints the report, and stays until Enter', async () => {
    const demo = startDemo(['--keep']);
    const pid = await demo.server();
    await until(() => demo.stderr().includes('until you press Enter') && demo.stdout().includes('looked at'), { what: 'the report' });
    expect(isGone(pid)).toBe(false);
    expect(demo.stdout()).toContain(`$ reloadctl fds ${pid}\n`);
    const byHand = await reloadctl(['fds', String(pid), '--list', '--where', 'state=CLOSE_WAIT', '--json']);
    expect((JSON.parse(byHand.stdout) as { data: { fds: unknown[] } }).data.fds).toHaveLength(40);
    demo.child.stdin!.write('\n');
    expect(await demo.ended).toBe(0);
    expect(isGone(pid)).toBe(true);
    expect(demo.leftovers()).toEqual([]);
  });

  it('ends with its stdin', async () => {
    const demo = startDemo(['--keep'], { stdin: 'ignore' });
    expect(await demo.ended).toBe(0);
    expect(demo.leftovers()).toEqual([]);
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('ends with %s', async (signal, code) => {
    const demo = startDemo(['--keep']);
    const pid = await demo.server();
    await until(() => demo.stderr().includes('until you press Enter'));
    demo.child.kill(signal);
    expect(await demo.ended).toBe(code);
    expect(isGone(pid)).toBe(true);
    expect(demo.leftovers()).toEqual([]);
  });
});

describe('the server of the demo', () => {
  it('is gone after SIGINT while it is looked at, and what was seen is printed', async () => {
    const demo = startDemo([]);
    const pid = await demo.server();
    demo.child.kill('SIGINT');
    expect(await demo.ended).toBe(130);
    expect(demo.stdout()).toContain('leaky-server');
    expect(isGone(pid)).toBe(true);
    expect(demo.leftovers()).toEqual([]);
  });

  it('is gone after SIGINT while it plants', async () => {
    const demo = startDemo(['--json']);
    await until(() => demo.leftovers().length > 0, { what: 'the folder' });
    demo.child.kill('SIGINT');
    expect(await demo.ended).toBe(130);
    expect((JSON.parse(demo.stdout()) as DemoReport).command).toBe('demo');
    expect(demo.leftovers()).toEqual([]);
  });

  it.each(['SIGKILL', 'SIGHUP'] as const)('is gone after %s of the demo, and takes its folder along', async (signal) => {
    const demo = startDemo(['--keep']);
    const pid = await demo.server();
    demo.child.kill(signal);
    await until(() => isGone(pid), { what: 'the end of the server' });
    expect(demo.leftovers()).toEqual([]);
  });

  it('is gone after SIGKILL of the demo while it plants', async () => {
    const demo = startDemo([]);
    await until(() => demo.leftovers().length > 0, { what: 'the folder' });
    demo.child.kill('SIGKILL');
    await until(() => demo.leftovers().length === 0, { what: 'the end of the folder', deadlineMs: 20_000 });
  });

  it('leaves nothing when it is killed itself', async () => {
    const demo = startDemo(['--keep']);
    const pid = await demo.server();
    await until(() => demo.stderr().includes('until you press Enter'));
    process.kill(pid, 'SIGKILL');
    await until(() => isGone(pid));
    demo.child.stdin!.write('\n');
    expect(await demo.ended).toBe(0);
    expect(demo.leftovers()).toEqual([]);
  });
});
