/**
 * fixtures/memory/small as it ran on arm64 (go1.26.8, stripped, under qemu-aarch64 -B 0): the pages of its program and of its
 * memory that a look at it touches, and what runtime.Stack told of its goroutines.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { expect, it } from 'vitest';
import type { RandomFile } from '../../../src/evidence/types.ts';
import { openProgram } from '../../../src/goroutines/memory/program.ts';
import { readGoroutines } from '../../../src/goroutines/memory/read.ts';
import { goroutinesOf } from '../../live/support/parked.ts';

interface Image {
  size: number;
  /** Bytes in base64 by the position of their page. */
  file: Record<string, string>;
  fileZero: [number, number][];
  memory: Record<string, string>;
  memoryZero: [number, number][];
  dump: string;
}

const PAGE = 4096;
const path = fileURLToPath(new URL('../../../fixtures/memory/arm64-go1.26.json.gz', import.meta.url));
const image = JSON.parse(gunzipSync(readFileSync(path)).toString()) as Image;

function reader(pages: Record<string, string>, zeros: readonly [number, number][]) {
  const known = new Map([...Object.entries(pages).map(([at, text]) => [Number(at), Buffer.from(text, 'base64')] as const), ...zeros.map(([at, length]) => [at, Buffer.alloc(length)] as const)]);
  return (position: number, into: Uint8Array, at: number, length: number): number => {
    let got = 0;
    while (got < length) {
      const page = Math.floor((position + got) / PAGE) * PAGE;
      const bytes = known.get(page);
      const copied = bytes?.copy(into, at + got, position + got - page, Math.min(bytes.length, position + length - page)) ?? 0;
      if (copied === 0) break;
      got += copied;
    }
    return got;
  };
}

const fromMemory = reader(image.memory, image.memoryZero);
const space = { read: (address: number, into: Uint8Array, at: number, length: number) => fromMemory(address, into, at, length) };

function fileOf(pages: Record<string, string>): RandomFile {
  const fromFile = reader(pages, image.fileZero);
  return { size: image.size, reads: 0, bytes: 0, read: (into, at, length, position) => fromFile(position, into, at, length), close: () => undefined };
}

/** The same program, as if another Go had built it. */
function builtBy(version: string): RandomFile {
  const replaced = (text: string): string => Buffer.from(Buffer.from(text, 'base64').toString('latin1').replaceAll('go1.26.8', version), 'latin1').toString('base64');
  return fileOf(Object.fromEntries(Object.entries(image.file).map(([at, text]) => [at, replaced(text)])));
}

it('a version that is not known, or whose layout does not hold, shows nothing', async () => {
  expect(() => openProgram(builtBy('go1.29.8'), 0, space)).toThrow(/built by go1\.29\.8, newer than Go 1\.27.*unverified/);
  expect(() => openProgram(builtBy('go1.17.8'), 0, space)).toThrow(/Go 1\.18 and later/);
  const other = openProgram(builtBy('go1.23.8'), 0, space);
  await expect(readGoroutines(other, space, { rows: true })).rejects.toThrow(/its layout is unverified/);
});

it('every frame of every goroutine on arm64', async () => {
  const file = fileOf(image.file);
  const program = openProgram(file, 0, space);
  expect(program).toMatchObject({ machine: 'arm64', version: 'go1.26.8' });
  const { dump, torn } = await readGoroutines(program, space, { rows: true });
  expect(torn).toBe(0);
  const truth = goroutinesOf(image.dump);
  expect(truth.size).toBe(15);
  for (const [id, expected] of truth) {
    // The main goroutine wrote the dump then, and waited for input afterwards.
    if (id === '1') continue;
    const row = dump.rows!.find((one) => one.id === id);
    const group = dump.groups[row!.group]!;
    expect({ id, state: group.state, frames: group.frames, createdBy: group.creator }).toEqual({ id, state: expected.state, frames: expected.frames, createdBy: expected.createdBy });
  }
  // Two statements started them: two groups that wait for one lock.
  const waits = dump.groups.filter(({ state }) => state === 'sync.Mutex.Lock').map(({ objects }) => [...objects!.keys()]);
  expect(waits).toHaveLength(2);
  expect(waits[0]).toEqual(waits[1]);
});
