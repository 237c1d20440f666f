/** Starting the programs of fixtures/programs, and the built reloadctl, in tests. */
import { execFile, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll } from 'vitest';
import { type Child, plainEnv, startChild } from './child.ts';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const PROGRAMS = join(ROOT, 'fixtures/programs');
const BINARY = join(ROOT, 'bin/reloadctl.js');
// A pyenv shim costs a tenth of a second per start.
export const PYTHON = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';

/** What one command of factory.py tells beside descriptors; which keys are there depends on the command. */
export interface Facts {
  port?: number;
  ports?: number[];
  path?: string;
  /** Each byte one character for `hostile-names`. */
  paths?: string[];
  queue?: number;
  max?: number;
  bytesEach?: number;
  tid?: number;
  fds?: number[];
  netns?: string;
  epoll?: number;
  watchedByParent?: number[];
  entries?: { epoll: number; tfd: number; survivor: number }[];
  /** Of interfaces. */
  names?: string[];
  perSecond?: number;
  /** Threads that wait, by the way they wait. */
  write?: number[];
  read?: number[];
  flock?: number[];
  fifo?: number[];
  cycle?: number[];
  convoy?: number[];
  idle?: number[];
  kind?: string;
}

/** The line a program prints: what it holds and knows about itself. */
export interface Truth {
  pid: number;
  dir: string;
  /** Numbers by command; `command.part` for what the command needs beside its subject. */
  fds: Record<string, number[]>;
  port?: number;
  upstreamPort?: number;
  /** Descriptors that may be open for a moment beside the others. */
  volatile?: number;
}

export interface FactoryTruth extends Truth {
  children: { pid: number; role: string; fds?: Record<string, number[]> }[];
  peers: { pid: number; role: string; port?: number }[];
  facts: Record<string, Facts>;
  /** Numbers open before the first command: stdio. */
  base: number[];
  open: number;
  volatile: number;
  limit: { soft: number; hard: number };
}

export interface Running<T> {
  pid: number;
  truth: T;
  child: Child;
  /** Ends it (and its children and peers) and removes its folder. */
  stop(): Promise<void>;
}

const folders = new Set<string>();

function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  folders.delete(folder);
}

afterAll(() => {
  for (const folder of folders) removeFolder(folder);
});

/** A folder of the test's own, removed after the tests of the file. `uid`: its owner. */
export function ownFolder(name: string, uid?: number): string {
  const folder = mkdtempSync(join(tmpdir(), `reloadctl-test-${name}-`));
  folders.add(folder);
  chmodSync(folder, 0o755);
  if (uid !== undefined) chownSync(folder, uid, uid);
  return folder;
}

async function running<T extends Truth>(command: string, args: string[], folder: string): Promise<Running<T>> {
  const child = await startChild(command, args);
  const truth = JSON.parse(await child.nextLine()) as T;
  const stop = async (): Promise<void> => {
    await child.stop();
    removeFolder(folder);
  };
  return { pid: child.pid, truth, child, stop };
}

/** Starts factory.py with commands like `pipe=3`; see its `--list`. `uid`: it becomes that user before it makes anything. */
export function startFactory(commands: string[], options: { uid?: number } = {}): Promise<Running<FactoryTruth>> {
  const folder = ownFolder('factory', options.uid);
  const uid = options.uid === undefined ? [] : [`--uid=${options.uid}`];
  return running(PYTHON, [join(PROGRAMS, 'factory.py'), `--dir=${folder}`, ...uid, ...commands], folder);
}

/** Starts `leak-server.mjs`, `busy-server.mjs` or `many-fds.mjs` with arguments like `count=23`. */
export function startNode(file: string, args: string[] = [], node = process.execPath): Promise<Running<Truth>> {
  const folder = ownFolder('node');
  return running(node, [join(PROGRAMS, file), `dir=${folder}`, ...args], folder);
}

const compiled = new Map<string, Promise<string>>();

async function compileNow(file: string): Promise<string> {
  const output = join(ownFolder('cc'), basename(file, '.c'));
  await run('cc', ['-O1', '-Wall', '-Wextra', '-Werror', '-pthread', '-o', output, join(PROGRAMS, file)]);
  return output;
}

/** Compiles a C program of fixtures/programs once per test file; returns the path of the executable. */
export function compile(file: string): Promise<string> {
  const known = compiled.get(file) ?? compileNow(file);
  compiled.set(file, known);
  return known;
}

/** kcmp(2): 0 when both are the same open file, 1 or 2 when not, minus the errno when it failed. Arguments as of kcmp.py. */
export async function kcmp(kind: 'file' | 'epoll', ...numbers: number[]): Promise<number> {
  const { stdout } = await run(PYTHON, [join(PROGRAMS, 'kcmp.py'), kind, ...numbers.map(String)]);
  return Number(stdout);
}

export interface RunOptions {
  env?: NodeJS.ProcessEnv;
  /** Written to stdin, which is closed after it. */
  input?: string;
  uid?: number;
  cwd?: string;
  /** The Node it runs in; ours unless told. */
  node?: string;
  /** SIGKILL after that; default 50,000. */
  timeoutMs?: number;
}

export interface RunResult {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
  durationMs: number;
  timedOut: boolean;
}

/** Runs the built `reloadctl` to its end. Never throws because of what it does. */
export function reloadctl(args: string[], options: RunOptions = {}): Promise<RunResult> {
  const started = performance.now();
  const user = options.uid === undefined ? {} : { uid: options.uid, gid: options.uid };
  const child = spawn(options.node ?? process.execPath, [BINARY, ...args], { env: plainEnv(options.env), cwd: options.cwd ?? ROOT, ...user });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  child.stdin.on('error', () => undefined); // it may exit without reading
  child.stdin.end(options.input ?? '');
  return new Promise((resolve, reject) => {
    let timedOut = false;
    const finish = (code: number | null, signal: NodeJS.Signals | null): void => {
      clearTimeout(timer);
      resolve({ code, signal, stdout, stderr, durationMs: performance.now() - started, timedOut });
    };
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGKILL');
      // Stuck in a system call it may not even die; the test gets its answer all the same.
      setTimeout(() => finish(null, 'SIGKILL'), 1000).unref();
    }, options.timeoutMs ?? 50_000);
    child.on('error', reject).on('close', finish);
  });
}
