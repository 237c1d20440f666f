/** Programs that use other people's libraries: what goleak finds is found, watchers nobody reads, and an old process after a real upgrade. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { GoroutinesData } from '../../src/goroutines/index.ts';
import type { InheritData } from '../../src/inherit/data.ts';
import type { Report } from '../../src/report/types.ts';
import { type Child, startChild } from './support/child.ts';
import { buildGoDeps } from './support/go-deps.ts';
import { reloadctl } from './support/program.ts';
import { until } from './support/until.ts';

interface Truth {
  pid: number;
  port: number;
  /** Of goleak: what it found. */
  truth: string;
}

let binary = '';

beforeAll(async () => {
  binary = (await buildGoDeps()) ?? '';
}, 180_000);

async function look(name: string, count: number): Promise<{ truth: Truth; report: Report<GoroutinesData>; child: Child }> {
  const child = await startChild(binary, [name, String(count)]);
  const truth = JSON.parse(await child.nextLine()) as Truth;
  const run = await reloadctl(['goroutines', `http://127.0.0.1:${truth.port}`, '--json', '--no-leak-profile']);
  await child.stop();
  return { truth, report: JSON.parse(run.stdout) as Report<GoroutinesData>, child };
}

describe('libraries', () => {
  it('goleak and we find the same', async ({ skip }) => {
    if (binary === '') skip('no Go, or no module proxy');
    const { truth, report } = await look('goleak', 37);
    const theirs = truth.truth.match(/Goroutine \d+ in state chan send/g) ?? [];
    expect(theirs).toHaveLength(37);
    expect(report.findings[0]).toMatchObject({ id: 'goroutine/leak', severity: 'info' });
    expect(report.findings[0]!.title).toContain(`${theirs.length} goroutines wait to send, and nobody may receive: chan send in main.leaks.func1`);
  });

  it('watchers of fsnotify whose events nobody reads', async ({ skip }) => {
    if (binary === '') skip('no Go, or no module proxy');
    const { report } = await look('fsnotify', 12);
    expect(report.findings.map(({ title }) => title)).toEqual([expect.stringContaining('12 goroutines have an event of a file watch that is not read yet: select in fsnotify.(*Watcher).')]);
  });

  it('an old process after an upgrade by tableflip tells what it waits for', async ({ skip }) => {
    if (binary === '') skip('no Go, or no module proxy');
    const { report } = await look('tableflip', 12);
    expect(report.data.reload).toMatchObject({ shuttingDown: true, requests: 12 });
    expect(report.findings[0]!.title).toMatch(/^a shutdown waits for 12 requests: most are in main\.serveForEver/);
  });
});

describe('two generations', () => {
  // tableflip keeps a copy of its listener for the generation after next: that is no leak, and no accident.
  it.each([['flip', 2], ['extra', 1]] as const)('by %s: the listener is handed over, and nothing is lost', async (how, atLeast) => {
    if (binary === '') return;
    const child = await startChild(binary, [how]);
    const { old, new: now, port } = JSON.parse(await child.nextLine()) as { old: number; new: number; port: number };
    const listening = async (): Promise<Report<InheritData>> => JSON.parse((await reloadctl(['inherit', String(old), String(now), '--json'])).stdout) as Report<InheritData>;
    // The new one takes what it was handed in its own time.
    const { data, findings } = await until(async () => {
      const report = await listening();
      return (report.data.listeners[0]?.newFds.length ?? 0) >= atLeast ? report : undefined;
    }, { what: 'the new generation to have its listener' });
    expect(data.listeners).toMatchObject([{ port, status: 'handed-over' }]);
    expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
    await child.stop();
  });
});
