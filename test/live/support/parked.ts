/** fixtures/programs/parked: a program that says itself what its goroutines are. Built in many ways, once each per test file. */
import { execFile } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Frame } from '../../../src/kernel/goroutines.ts';
import { parseStack } from '../../../src/goroutines/parse/frames.ts';
import { parseHeader } from '../../../src/goroutines/parse/header.ts';
import { stateOfStack } from '../../../src/goroutines/states.ts';
import { type Child, plainEnv, startChild } from './child.ts';
import { ownFolder } from './program.ts';

const run = promisify(execFile);
const SOURCE = fileURLToPath(new URL('../../../fixtures/programs/parked', import.meta.url));
const built = new Map<string, Promise<string>>();

async function buildNow(args: readonly string[], env: NodeJS.ProcessEnv): Promise<string> {
  const output = join(ownFolder('parked'), 'parked');
  await run('go', ['build', ...args, '-o', output, '.'], { cwd: SOURCE, env: plainEnv({ GOFLAGS: '-buildvcs=false', ...env }) });
  return output;
}

export interface ParkedFact {
  kind: 'channel' | 'lock' | 'connection';
  address: string;
  len: number;
  cap: number;
  fd: number;
  local: string;
  remote: string;
}

export interface Parked {
  pid: number;
  go: string;
  child: Child;
  /** One command of its input and what it answered. */
  ask(command: string): Promise<string>;
  /** What runtime.Stack says of all goroutines, by their ids. */
  truth(): Promise<Map<string, TrueGoroutine>>;
  facts(): Promise<Record<string, ParkedFact>>;
}

export interface TrueGoroutine {
  state: string;
  frames: Frame[];
  createdBy?: Frame;
  /** Of 1.21 and later. */
  parent?: string;
  locked: boolean;
}

/** As sstrip leaves it: its header names no table of sections. */
function cutSections(path: string): void {
  const bytes = readFileSync(path);
  bytes.fill(0, 40, 48);
  bytes.fill(0, 58, 64);
  writeFileSync(path, bytes);
}

export interface ParkedOptions {
  count?: number;
  env?: NodeJS.ProcessEnv;
  withoutSections?: boolean;
  /** What starts it: `{}` stands for the program. */
  through?: readonly string[];
}

/** The program that was built, as a file of its own: it may be moved or removed. @param args of `go build` */
export async function buildParked(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string> {
  return buildNow(args, env);
}

/** @param args of `go build` */
export async function startParked(args: readonly string[], { count = 10, env = {}, withoutSections = false, through = ['{}'] }: ParkedOptions = {}): Promise<Parked> {
  const key = JSON.stringify([args, env, withoutSections]);
  let binary = built.get(key);
  if (!binary) {
    binary = buildNow(args, env).then((path) => {
      if (withoutSections) cutSections(path);
      return path;
    });
    built.set(key, binary);
  }
  const path = await binary;
  const [command, ...rest] = [...through.map((word) => word.replace('{}', path)), String(count)];
  const child = await startChild(command!, rest);
  const { pid, go } = JSON.parse(await child.nextLine()) as { pid: number; go: string };
  const ask = async (command: string): Promise<string> => {
    child.say(command);
    return child.nextLine();
  };
  const folder = ownFolder('truth');
  // It may run as another user.
  chmodSync(folder, 0o777);
  return {
    pid, go, child, ask,
    truth: async () => {
      await ask(`dump ${join(folder, 'dump')}`);
      return goroutinesOf(readFileSync(join(folder, 'dump'), 'latin1'));
    },
    facts: async () => {
      await ask(`facts ${join(folder, 'facts')}`);
      return JSON.parse(readFileSync(join(folder, 'facts'), 'utf8')) as Record<string, ParkedFact>;
    },
  };
}

/** A dump read goroutine by goroutine, without any grouping. */
export function goroutinesOf(text: string): Map<string, TrueGoroutine> {
  const found = new Map<string, TrueGoroutine>();
  for (const block of text.split('\n\n')) {
    const match = /^goroutine ([1-9]\d*)( .*)$/m.exec(block);
    const header = match && parseHeader(match[2]!);
    if (!match || !header) continue;
    const parent = /^created by .* in goroutine (\d+)/m.exec(block)?.[1];
    const { frames, creator } = parseStack(block.slice(match.index + match[0].length + 1).split('\n'));
    found.set(match[1]!, { state: stateOfStack(header.state, frames), frames, locked: header.lockedToThread, ...(creator && { createdBy: creator }), ...(parent !== undefined && { parent }) });
  }
  return found;
}
