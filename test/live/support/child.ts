/** A process a test started: its lines, its end, and that it ends in any case. */
import { type ChildProcess, spawn } from 'node:child_process';
import { afterAll } from 'vitest';

const START_MS = 30_000;
const GRACE_MS = 5_000;

export interface Child {
  pid: number;
  /** Next line of stdout; throws with stderr when the process ended before, or after 30 s. */
  nextLine(): Promise<string>;
  /** Sends one line to stdin. */
  say(line: string): void;
  /** What it wrote to stderr so far. */
  stderr(): string;
  /** Resolves when the process has ended. */
  ended: Promise<void>;
  /** Closes stdin (`signal`, or else what ends it: sends that), waits for the end, kills after 5 s. Safe to call twice. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export interface StartOptions {
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** What ends it with all that it started, when the end of its stdin does not. */
  end?: NodeJS.Signals;
}

const living = new Set<Child>();

afterAll(async () => {
  await Promise.all([...living].map((child) => child.stop()));
});

/** The environment of a test's process: without what slows the start of Node down. */
export function plainEnv(extra: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _slow, NODE_OPTIONS: _runner, ...rest } = process.env;
  return { ...rest, ...extra };
}

function within<T>(promise: Promise<T>, ms: number): Promise<T | 'late'> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve('late'), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/** Hands out complete lines of a stream in order. */
function lineReader(child: ChildProcess): () => Promise<string | undefined> {
  let text = '';
  let over = false;
  const waiting: (() => void)[] = [];
  const wake = (): void => {
    for (const resolve of waiting.splice(0)) resolve();
  };
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    if (chunk.includes('\n')) wake();
  });
  child.on('close', () => {
    over = true;
    wake();
  });
  return async () => {
    for (;;) {
      const end = text.indexOf('\n');
      if (end >= 0) {
        const line = text.slice(0, end);
        text = text.slice(end + 1);
        return line;
      }
      if (over) return undefined;
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  };
}

/** Starts a program with pipes; it is stopped after the tests of the file whatever happens. Throws when it cannot start. */
export async function startChild(command: string, args: string[], options: StartOptions = {}): Promise<Child> {
  const child = spawn(command, args, { stdio: 'pipe', env: plainEnv(options.env), ...(options.cwd ? { cwd: options.cwd } : {}) });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  child.stdin.on('error', () => undefined); // it may have ended before us: the end itself is what counts
  const readLine = lineReader(child);
  const ended = new Promise<void>((resolve) => child.on('exit', () => resolve()));
  await new Promise<void>((resolve, reject) => child.on('spawn', resolve).on('error', reject));
  const started: Child = {
    pid: child.pid as number,
    ended,
    stderr: () => stderr,
    say: (line) => {
      child.stdin.write(`${line}\n`);
    },
    nextLine: async () => {
      const line = await within(readLine(), START_MS);
      if (line === undefined) throw new Error(`${command} ${args.join(' ')} ended (${child.exitCode ?? child.signalCode}): ${stderr}`);
      if (line === 'late') throw new Error(`${command} ${args.join(' ')} said nothing in ${START_MS} ms: ${stderr}`);
      return line;
    },
    stop: async (signal = options.end) => {
      living.delete(started);
      child.stdin.end();
      if (signal) child.kill(signal);
      if ((await within(ended, GRACE_MS)) === 'late') child.kill('SIGKILL');
      // One that cannot be killed either (a stuck system call) must not hang the test run.
      await within(ended, GRACE_MS);
    },
  };
  living.add(started);
  return started;
}
