/** Dumps by hand, and the recorded ones of fixtures/goroutines. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Parsed, parseDump } from '../../../src/goroutines/parse/index.ts';
import type { Dump } from '../../../src/kernel/goroutines.ts';
import type { Finding } from '../../../src/report/index.ts';
import { runRules } from '../../../src/report/index.ts';
import type { GoroutineGrowth, GoroutinesEvent } from '../../../src/series/index.ts';
import { goroutineRules } from '../../../src/goroutines/rules/index.ts';

export const ROOT = join(import.meta.dirname, '../../..');
export const DUMPS = join(ROOT, 'fixtures/goroutines');

export function dumpFiles(folder: 'err' | 'ok' | 'versions'): string[] {
  return readdirSync(join(DUMPS, folder)).sort();
}

export function dumpPath(folder: string, name: string): string {
  const path = join(DUMPS, folder, name);
  if (!existsSync(path)) throw new Error(`no fixture ${path}`);
  return path;
}

export function bytesOf(folder: string, name: string): Buffer {
  return readFileSync(dumpPath(folder, name));
}

/** In pieces of `size` bytes, as a stream would bring them. */
export async function* pieces(bytes: Buffer | string, size = 65_536): AsyncGenerator<Buffer> {
  const all = typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes;
  for (let at = 0; at < all.length; at += size) yield all.subarray(at, at + size);
}

export async function parse(bytes: Buffer | string, options: { rows?: boolean; size?: number; entry?: string } = {}): Promise<Dump> {
  const parsed: Parsed = await parseDump(pieces(bytes, options.size), { rows: options.rows ?? false, ...(options.entry !== undefined && { entry: options.entry }) });
  return parsed.dump;
}

/** What two parsers of the same goroutines must agree on: how many are where, in which state. */
export function essence({ groups }: Dump): string[] {
  return groups.filter(({ system }) => !system).map(({ count, state, frames, labels }) => `${count} ${state} ${frames.map(({ func, line }) => `${func}:${line}`).join(' < ')} ${JSON.stringify(labels)}`).sort();
}

export function eventOf(dump: Dump, growth?: GoroutineGrowth): GoroutinesEvent {
  return { type: 'goroutines', label: 'test', source: 'test.txt', again: 'test.txt', live: false, dump, ...(growth && { growth }) };
}

export function judge(dump: Dump, growth?: GoroutineGrowth): Finding[] {
  return runRules(goroutineRules, [eventOf(dump, growth)]);
}

export function summary(findings: readonly Finding[]): string[] {
  return findings.map(({ severity, confidence, id }) => `${severity} ${confidence} ${id}`);
}

export interface Written {
  id: number;
  header?: string;
  state?: string;
  frames?: string[];
  creator?: string;
  /** Of the outermost frame. */
  line?: number;
}

/** A goroutine as the runtime writes it. */
export function goroutine({ id, header, state = 'chan receive', frames = ['main.work(0xc000012345, 0x1)'], creator = 'main.main in goroutine 1', line }: Written): string {
  const lines = frames.map((frame, index) => `${frame}\n\t/src/app/main.go:${index === frames.length - 1 && line !== undefined ? line : 10 + index} +0x1d\n`).join('');
  const created = creator === '' ? '' : `created by ${creator}\n\t/src/app/main.go:99 +0x2e\n`;
  return `goroutine ${id}${header ?? ` [${state}]:`}\n${lines}${created}\n`;
}

export function times<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}
