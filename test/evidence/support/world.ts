/** What the evidence tests share: polls, temporary directories, processes with a known fd table, bundles for other users. */
import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';

/** Polls until `condition` holds; an Error naming `what` after the deadline. */
export async function until(condition: () => boolean, what: string, deadlineMs = 20_000): Promise<void> {
  const end = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`waited ${deadlineMs} ms for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export interface TemporaryDirectory {
  path: string;
  /** Writes a file and gives its path. */
  file(name: string, content: string | Buffer, mode?: number): string;
  remove(): void;
}

/** A directory of this test, readable by all users; `remove` takes it away. */
export function temporaryDirectory(): TemporaryDirectory {
  const path = mkdtempSync(join(tmpdir(), 'evidence-'));
  chmodSync(path, 0o755);
  return {
    path,
    file(name, content, mode = 0o644) {
      const file = join(path, name);
      writeFileSync(file, content);
      chmodSync(file, mode);
      return file;
    },
    remove: () => rmSync(path, { recursive: true, force: true }),
  };
}

/** Pids of processes that have `word` among their arguments. */
export function processesWith(word: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0').includes(word);
      } catch {
        return false;
      }
    })
    .map(Number);
}

export interface Started {
  child: ChildProcess;
  /** Its standard output so far. */
  output(): string;
  stop(): Promise<void>;
}

export function start(args: readonly string[], options: { uid?: number } = {}): Started {
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'], ...options });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString('latin1');
  });
  return {
    child,
    output: () => output,
    async stop() {
      child.kill('SIGKILL');
      await until(() => child.exitCode !== null || child.signalCode !== null, 'the started process to end');
    },
  };
}

/** A script for plain node out of TypeScript that may import `live` from this repository's evidence. */
export async function bundle(directory: string, name: string, code: string): Promise<string> {
  const outfile = join(directory, name);
  const live = join(import.meta.dirname, '../../../src/evidence/live.ts');
  await build({
    stdin: { contents: `import { openLive } from ${JSON.stringify(live)};\n${code}`, resolveDir: directory, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['koffi'],
    outfile,
    logLevel: 'error',
  });
  chmodSync(outfile, 0o644);
  return outfile;
}
