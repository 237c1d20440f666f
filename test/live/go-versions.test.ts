/** Real programs of other people, built by Go 1.19 to 1.26: what SIGQUIT makes them print is read to the last goroutine. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from '../goroutines/support/dumps.ts';
import { startChild } from './support/child.ts';
import { describeNeeds, ESBUILDS } from './support/need.ts';
import { ownFolder, reloadctl } from './support/program.ts';
import { until } from './support/until.ts';

describeNeeds(['esbuild-of-go-versions'], 'esbuild', () => {
  it.each([
    ['esbuild-0.16', '0.16.17', /\[/],
    ['esbuild-0.19.2', '0.19.2', /\[/],
    ['esbuild-0.21', '0.21.5', /\[/],
    ['esbuild-0.24', '0.24.0', /gp=0x/],
    ['esbuild-0.25', '0.25.10', /gp=0x/],
    ['esbuild-0.27', '0.27.2', /gp=0x/],
    ['esbuild-0.28', '0.28.2', /gp=0x/],
  ])('%s prints what we read', async (name, version, form) => {
    const child = await startChild(join(ESBUILDS, name, 'bin/esbuild'), [`--service=${version}`, '--ping']);
    // Its runtime has started its helpers: from then on it handles signals.
    await until(() => Number(/^Threads:\t(\d+)/m.exec(readFileSync(`/proc/${child.pid}/status`, 'latin1'))?.[1]) >= 4, { what: `${name} to start` });
    process.kill(child.pid, 'SIGQUIT');
    await child.stop();
    const text = child.stderr();
    const headers = text.match(/^goroutine [1-9]\d* .*$/gm) ?? [];
    expect(headers.length).toBeGreaterThanOrEqual(4);
    expect(headers[0]).toMatch(form);
    const { groups, reason } = await parse(text);
    expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(headers.length);
    expect(groups.filter(({ system }) => system).length).toBeGreaterThanOrEqual(3);
    expect(groups.every(({ frames }) => frames.length > 0)).toBe(true);
    expect(reason).toBe('SIGQUIT: quit');
    const file = join(ownFolder('go-versions'), 'stderr.txt');
    writeFileSync(file, text);
    const run = await reloadctl(['goroutines', file, '--fail-on', 'warning']);
    expect(run.code, run.stdout).toBe(0);
  });
});
