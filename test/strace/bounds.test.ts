/** Long logs: how far it is, and how much memory it takes. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { run } from '../../src/strace/index.ts';
import { ownFolder, reloadctl } from '../live/support/program.ts';
import { contextWith } from './support/analyse.ts';

const MEGABYTE = 1 << 20;
const PADDING = `5 write(1, "${'x'.repeat(1000)}", 1000) = 1000\n`.repeat(70);

/** A shell that starts programs with other names and files each; every program has a window of the log of its own. */
function forkingLog(programs: number): string {
  const file = join(ownFolder('strace'), 'app.strace');
  const fd = openSync(file, 'w');
  writeSync(fd, '5 execve("/bin/bash", ["bash"], 0x7) = 0\n');
  for (let n = 0; n < programs; n++) {
    const pid = 1000 + n;
    const own = ['openat(AT_FDCWD, "/srv/state", O_RDWR) = 3', 'close(3) = 0', `execve("/opt/programs/of-some-length/run-${n}", ["run"], 0x7) = 0`, 'socket(AF_UNIX, SOCK_STREAM, 0) = 3', `bind(3, {sa_family=AF_UNIX, sun_path="/run/sockets/number-${n}"}, 110) = 0`, 'listen(3, 1) = 0', '+++ killed by SIGSEGV (core dumped) +++'];
    writeSync(fd, `5 fork() = ${pid}\n${own.map((line) => `${pid} ${line}\n`).join('')}${PADDING}`);
  }
  closeSync(fd);
  return file;
}

it('a log of many processes does not fill memory', async () => {
  const file = forkingLog(2500);
  // What the log holds, kept by one word of each window, would be three times that.
  const result = await reloadctl(['strace', file, '--json'], { env: { NODE_OPTIONS: '--max-old-space-size=56' }, timeoutMs: 120_000 });
  expect(result.code, result.stderr).toBe(0);
  const { data } = JSON.parse(result.stdout) as { data: { lines: number; processes: unknown[] } };
  expect(data.lines).toBe(1 + 2500 * 78);
}, 150_000);

it('progress tells how much was read, how much is left and how fast', async () => {
  const file = join(ownFolder('strace'), 'app.strace');
  const fd = openSync(file, 'w');
  for (let written = 0; written < 9 * MEGABYTE; ) written += writeSync(fd, PADDING);
  closeSync(fd);
  let now = 1000;
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => (now += 400));
  const told: string[] = [];
  try {
    await run([file], {}, { ...contextWith(), progress: (text) => told.push(text) });
  } finally {
    clock.mockRestore();
  }
  expect(told.at(-1)).toBe('');
  expect(told.length).toBeGreaterThan(2);
  const parts = told.slice(0, -1).map((text) => /^[\d.]+ MiB read, ([\d.]+) ?%, (.+) left, [\d,]+ MB\/s$/.exec(text));
  expect(parts.every((part) => part !== null), told.join('\n')).toBe(true);
  const percents = parts.map((part) => Number(part![1]));
  expect(percents).toEqual(percents.toSorted((a, b) => a - b));
  expect(percents.at(-1)!).toBeLessThanOrEqual(100);
});
