/** Lines that no memory holds: 2 GB in one, made as it is read. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import type { GoroutinesData } from '../../src/goroutines/index.ts';
import type { Report } from '../../src/report/types.ts';
import { goroutine, ROOT } from '../goroutines/support/dumps.ts';
import { plainEnv } from '../live/support/child.ts';

const MEBIBYTES = 2000;
/** Node itself needs some 50; a line may take 32 before it is given up, and is copied once. */
const MOST_MIB = 300;

const children: ChildProcess[] = [];

afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

/** Writes one dump, one line, and another dump. @param what the line repeats */
function maker(what: string): ChildProcess {
  const program = `
    const chunk = Buffer.alloc(1 << 20, ${JSON.stringify(what)});
    let left = ${MEBIBYTES};
    const more = () => {
      while (left > 0) {
        left--;
        if (!process.stdout.write(chunk)) return process.stdout.once('drain', more);
      }
      process.stdout.write('\\n' + ${JSON.stringify(goroutine({ id: 2 }))});
    };
    process.stdout.write(${JSON.stringify(goroutine({ id: 1 }))});
    more();`;
  const child = spawn(process.execPath, ['-e', program], { stdio: ['ignore', 'pipe', 'inherit'], env: plainEnv() });
  children.push(child);
  return child;
}

function peakMiB(pid: number): number {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0) / 1024;
  } catch {
    return 0;
  }
}

it.each([['of nothing we know', 'x'], ['of headers', 'goroutine 7 [chan send]: ']])('2 GB in one line %s do not fill our memory', { timeout: 180_000 }, async (_, what) => {
  const source = maker(what);
  const child = spawn(process.execPath, [join(ROOT, 'bin/reloadctl.js'), 'goroutines', '-', '--json'], { stdio: ['pipe', 'pipe', 'inherit'], env: plainEnv() });
  children.push(child);
  source.stdout!.pipe(child.stdin!);
  let peak = 0;
  const timer = setInterval(() => (peak = Math.max(peak, peakMiB(child.pid!))), 20);
  let stdout = '';
  child.stdout!.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  await once(child, 'close');
  clearInterval(timer);
  const report = JSON.parse(stdout) as Report<GoroutinesData>;
  expect(report.data.total).toBe(2);
  expect(JSON.stringify(report.coverage)).toContain('one line of more than 32 MiB was skipped');
  expect(peak).toBeGreaterThan(20);
  expect(peak).toBeLessThan(MOST_MIB);
});
