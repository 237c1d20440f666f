/** Demos of the built program, each with a folder for temporary files of its own, so that what it leaves there can be seen. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach } from 'vitest';
import { plainEnv } from '../../live/support/child.ts';
import { ownFolder } from '../../live/support/program.ts';
import { until } from '../../live/support/until.ts';

const BINARY = fileURLToPath(new URL('../../../bin/reloadctl.js', import.meta.url));

export interface DemoReport {
  command: string;
  target: { pids: number[] };
  verdict: string;
  findings: { id: string; severity: string; title: string }[];
  coverage: { source: string; status: string; seen?: number; total?: number }[];
  data: { planted: { fault: string; finding?: string; planted: number; found: number; ok: boolean }[] };
}

export interface Demo {
  child: ChildProcess;
  /** Its exit code, null when a signal ended it. */
  ended: Promise<number | null>;
  stdout(): string;
  stderr(): string;
  /** Pid of the server, once it has planted everything. */
  server(): Promise<number>;
  /** What is in its folder for temporary files. */
  leftovers(): string[];
}

export interface DemoOptions {
  stdin?: 'pipe' | 'ignore';
  /** Shell commands that come first, in the same process: `ulimit -n 70`. */
  before?: string;
}

const running: ChildProcess[] = [];

afterEach(() => {
  for (const child of running.splice(0)) if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
});

export function startDemo(args: string[], { stdin = 'pipe', before }: DemoOptions = {}): Demo {
  const folder = ownFolder('demo');
  const words = [process.execPath, BINARY, 'demo', ...args];
  const [command, ...rest] = before === undefined ? words : ['/bin/sh', '-c', `${before}; exec "$0" "$@"`, ...words];
  const child = spawn(command!, rest, { env: plainEnv({ TMPDIR: folder }), stdio: [stdin, 'pipe', 'pipe'] });
  running.push(child);
  const stdout = collect(child.stdout!);
  const stderr = collect(child.stderr!);
  return {
    child,
    ended: new Promise((resolve) => child.on('close', resolve)),
    stdout,
    stderr,
    server: async () => Number(await until(() => /process (\d+);/.exec(stderr())?.[1], { what: 'the server', deadlineMs: 20_000 })),
    leftovers: () => readdirSync(folder),
  };
}

function collect(stream: NodeJS.ReadableStream): () => string {
  let text = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  return () => text;
}

/** Ended, or ended and not taken by its parent yet. */
export function isGone(pid: number): boolean {
  try {
    return /\) [ZX] /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return true;
  }
}
