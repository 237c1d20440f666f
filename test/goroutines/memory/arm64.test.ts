import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { RandomFile } from '../../../src/evidence/types.ts';
import { BadTable } from '../../../src/goroutines/memory/pclntab.ts';
import { openProgram } from '../../../src/goroutines/memory/program.ts';
import { readGoroutines } from '../../../src/goroutines/memory/read.ts';
import { Unreadable } from '../../../src/goroutines/memory/unreadable.ts';
import { goroutinesOf } from '../../live/support/parked.ts';
import { dump as text, fileOf, memoryAt, spaceOf } from './image.ts';

/** The same program, as if another Go had built it. */
function builtBy(version: string): RandomFile {
  return fileOf((page) => Buffer.from(page.toString('latin1').replaceAll('go1.26.8', version), 'latin1'));
}

it('a version that is not known, or whose layout does not hold, shows nothing', async () => {
  const space = spaceOf();
  expect(() => openProgram(builtBy('go1.29.8'), 0, space)).toThrow(/built by go1\.29\.8, newer than Go 1\.27.*unverified/);
  expect(() => openProgram(builtBy('go1.17.8'), 0, space)).toThrow(/Go 1\.18 and later/);
  const other = openProgram(builtBy('go1.23.8'), 0, space);
  await expect(readGoroutines(other, space, { rows: true, nowNs: 0 })).rejects.toThrow(/its layout is unverified/);
});

it('every frame of every goroutine on arm64', async () => {
  const space = spaceOf();
  const program = openProgram(fileOf(), 0, space);
  expect(program).toMatchObject({ machine: 'arm64', version: 'go1.26.8' });
  const { dump, torn } = await readGoroutines(program, space, { rows: true, nowNs: 0 });
  expect(torn).toBe(0);
  const truth = goroutinesOf(text);
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

it('memory that was changed on purpose gives fewer goroutines or a reason, and soon', async () => {
  const program = openProgram(fileOf(), 0, spaceOf());
  const address = fc.tuple(fc.constantFrom(...memoryAt), fc.nat({ max: 511 })).map(([page, word]) => page + word * 8);
  const value = fc.oneof(fc.constantFrom(0n, 1n, 0xffffffffffffffffn, 0x7fffffffffffn), address.map(BigInt), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }));
  const changes = fc.array(fc.tuple(address, value), { minLength: 1, maxLength: 200 });
  await fc.assert(
    fc.asyncProperty(changes, fc.boolean(), async (words, anew) => {
      const space = spaceOf(new Map(words));
      try {
        const { dump, torn, read } = await readGoroutines(anew ? openProgram(fileOf(), 0, space) : program, space, { rows: true, nowNs: 1e15 });
        expect(dump.rows!.length).toBe(read);
        expect(read + torn).toBeLessThanOrEqual(200_000);
      } catch (error) {
        expect(error instanceof Unreadable || error instanceof BadTable, String((error as Error).stack)).toBe(true);
      }
    }),
    { numRuns: 150 },
  );
});
