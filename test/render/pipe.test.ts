import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterAll, beforeAll, expect, test } from 'vitest';

let directory: string;
let program: string;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'reloadctl-pipe-'));
  program = join(directory, 'rows.mjs');
  const entryPoints = ['test/render/programs/rows.ts'];
  await build({ entryPoints, outfile: program, bundle: true, platform: 'node', format: 'esm', target: 'node20', logLevel: 'error' });
});

afterAll(() => rm(directory, { recursive: true, force: true }));

function shell(script: string, ...args: string[]): ChildProcess {
  return spawn('bash', ['-c', script, process.execPath, program, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}

async function textOf(stream: NodeJS.ReadableStream | null): Promise<string> {
  let text = '';
  for await (const chunk of stream ?? []) text += String(chunk);
  return text;
}

test('a reader that starts late gets every row', async () => {
  const gate = join(directory, 'gate');
  // A real pipe (Node gives its children socket pairs): the reader sleeps on a FIFO until the writer is stuck.
  const child = shell('mkfifo "$2"; "$0" "$1" tell | { cat "$2" >/dev/null; cat; }; exit $PIPESTATUS', gate);
  const output = textOf(child.stdout);
  const exit = once(child, 'close');
  await once(child.stderr ?? child, 'data');
  await writeFile(gate, 'go');
  const lines = (await output).split('\n');
  const rows = lines.filter((line) => line.includes('/srv/app/'));
  expect(rows).toHaveLength(20_000);
  expect(rows.at(-1)).toMatch(/19999 {2}file {2}\/srv\/app\/releases\/current\/data-19999\.log$/);
  expect(lines.at(-2)).toMatch(/^looked at .* readable$/);
  expect(await exit).toEqual([1, null]);
});

test('a reader that stops after one line: no complaint, and the exit code is kept', async () => {
  const child = shell('"$0" "$1" | head -1; exit $PIPESTATUS');
  const [out, err, exit] = await Promise.all([textOf(child.stdout), textOf(child.stderr), once(child, 'close')]);
  expect(out).toBe('OK  nothing wrong found\n');
  expect(err).toBe('');
  expect(exit).toEqual([1, null]);
});

test('a full disk is not silent', async () => {
  const child = shell('"$0" "$1" > /dev/full');
  const [err, [code]] = await Promise.all([textOf(child.stderr), once(child, 'close')]);
  expect(err).toContain('ENOSPC');
  expect(code).not.toBe(0);
});
