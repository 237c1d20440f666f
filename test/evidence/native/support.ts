/** What the tests of the native adapter share: python programs that hold descriptors, and what a machine must have for them. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterEach, describe, it } from 'vitest';
import { loadNative } from '../../../src/evidence/native/index.ts';
import type { Native } from '../../../src/evidence/native/types.ts';

export const NOBODY = 65534;
const repository = join(dirname(fileURLToPath(import.meta.url)), '../../..');

/** The interpreter itself: a version manager's shim of the same name costs a second per start. */
const interpreter = spawnSync('python3', ['-c', 'import sys; print(sys.executable)'], { encoding: 'utf8' }).stdout?.trim() ?? '';

export const needs = {
  native: () => (loadNative() === null ? 'native calls (koffi on Linux, x64 or arm64)' : undefined),
  python: () => (interpreter === '' ? 'python3' : undefined),
  root: () => (process.getuid?.() === 0 ? undefined : 'root'),
  nodeForNobody: () => {
    const { status } = spawnSync(process.execPath, ['--version'], { uid: NOBODY, gid: NOBODY });
    return status === 0 ? undefined : 'a node that other users may run';
  },
};

/**
 * A describe() that is skipped, with the reason in its name, where the machine lacks something.
 * With RELOADCTL_TEST_REQUIRE=all it fails there.
 */
export function describeWith(name: string, wanted: readonly (keyof typeof needs)[], body: () => void): void {
  let lacking: string | undefined;
  for (const need of wanted) lacking ??= needs[need]();
  if (lacking === undefined) {
    describe(name, body);
  } else if (process.env.RELOADCTL_TEST_REQUIRE === 'all') {
    describe(name, () => {
      it('has what it needs', () => {
        throw new Error(`this machine lacks: ${lacking}`);
      });
    });
  } else {
    describe.skip(`${name} (skipped, lacking: ${lacking})`, body);
  }
}

export function native(): Native {
  const loaded = loadNative();
  if (loaded === null) throw new Error('no native calls');
  return loaded;
}

export interface Holder<T> {
  pid: number;
  /** What the program said when it was ready. */
  ready: T;
  /** Sends a line, resolves to the program's answer. */
  ask<A>(line: string): Promise<A>;
}

const children: ChildProcess[] = [];
const directories: string[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true, force: true });
});

const PRELUDE = `
import ctypes, json, os, select, socket, struct, sys, time
def say(value): print(json.dumps(value), flush=True)
def tcp(): return socket.socket(socket.AF_INET, socket.SOCK_STREAM)
def listener(backlog):
    l = tcp(); l.bind(('127.0.0.1', 0)); l.listen(backlog); return l
def pair():
    l = listener(5); c = tcp(); c.connect(l.getsockname()); a, _ = l.accept(); l.close(); return a, c
def reset(s):
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0)); s.close()
def state(s): return s.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
def until(what):
    deadline = time.monotonic() + 20
    while not what():
        if time.monotonic() > deadline: raise SystemExit('waited in vain')
        time.sleep(0.002)
`;

async function nextLine(lines: Interface, what: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error(`${what}: ended without an answer`));
    lines.once('close', ended);
    lines.once('line', (line) => {
      lines.off('close', ended);
      resolve(line);
    });
  });
}

/** Runs a python program that says one JSON line when ready and then lives until the test ends (or its input does). */
export async function holder<T>(program: string): Promise<Holder<T>> {
  const child = spawn(interpreter, ['-c', `${PRELUDE}\n${program}\nsys.stdin.read()\n`], { stdio: ['pipe', 'pipe', 'inherit'] });
  children.push(child);
  const lines = createInterface({ input: child.stdout });
  const ready = JSON.parse(await nextLine(lines, 'python')) as T;
  const ask = async <A>(line: string): Promise<A> => {
    child.stdin.write(`${line}\n`);
    return JSON.parse(await nextLine(lines, line)) as A;
  };
  return { pid: child.pid!, ready, ask };
}

/** Inode of a socket descriptor, from its link. */
export function socketInode(pid: number, fd: number): string {
  const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1];
  if (inode === undefined) throw new Error(`${pid}:${fd} is no socket`);
  return inode;
}

/** Asks again until the answer satisfies, for at most 10 s. */
export async function until<T>(ask: () => T, good: (value: T) => boolean): Promise<T> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const value = ask();
    if (good(value)) return value;
    if (Date.now() > deadline) throw new Error(`waited in vain, last: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** The errno name an action throws. */
export function codeOf(action: () => unknown): string | undefined {
  try {
    action();
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
  return undefined;
}

/** A directory anybody may read with the adapter, or another module, as one file `native.mjs`, with koffi beside it or without. */
export async function bundled(withKoffi: boolean, module = 'src/evidence/native/index.ts'): Promise<string> {
  const directory = mkdtempSync(join(tmpdir(), 'reloadctl-native-'));
  directories.push(directory);
  const outfile = join(directory, 'native.mjs');
  await build({
    entryPoints: [join(repository, module)],
    outfile, bundle: true, platform: 'node', format: 'esm', logLevel: 'error',
  });
  for (const name of withKoffi ? ['koffi', '@koromix'] : []) {
    const from = join(repository, 'node_modules', name);
    if (existsSync(from)) cpSync(from, join(directory, 'node_modules', name), { recursive: true });
  }
  spawnSync('chmod', ['-R', 'a+rX', directory]);
  return outfile;
}

/** Runs a module body in a Node of its own and returns the JSON it prints. */
export function runNode(body: string, options: { uid?: number; gid?: number; env?: NodeJS.ProcessEnv } = {}): unknown {
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', body], { encoding: 'utf8', cwd: '/', ...options });
  if (run.status !== 0) throw new Error(run.stderr || String(run.error));
  return JSON.parse(run.stdout);
}
