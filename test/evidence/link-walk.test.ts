import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { walkLinks } from '../../src/evidence/link-walk.ts';
import { loadLibc } from '../../src/evidence/native/libc.ts';
import { PackedLinks } from '../../src/evidence/packed-links.ts';

const FOLDER = '/proc/self/fd';
/** So many that the native way is taken in Node, too. */
const EXPECTED = 6000;
let held: number[] = [];

beforeAll(() => {
  held = Array.from({ length: 500 }, (_, number) => openSync(number % 2 === 0 ? '/dev/null' : '/', 'r'));
});
afterAll(() => held.forEach(closeSync));

function walk(open: number, most: number): { links: PackedLinks; steps: number } {
  const links = new PackedLinks(10);
  const steps = walkLinks(FOLDER, open, links)!;
  let count = 1;
  while (steps.next(most)) count++;
  expect([steps.isWhole, steps.errnos.size]).toEqual([true, 0]);
  steps.close();
  return { links, steps: count };
}

/** But for what a walk itself has open. */
function expectAll({ links }: { links: PackedLinks }): void {
  const walked = new Map(Array.from({ length: links.size }, (_, index) => [links.numbers[index]!, links.textAt(index)]));
  expect([...walked.keys()]).toEqual([...walked.keys()].sort((a, b) => a - b));
  const listed = readdirSync(FOLDER).map(Number).flatMap((fd) => {
    try {
      return [[fd, readlinkSync(`${FOLDER}/${fd}`)] as const];
    } catch {
      return [];
    }
  });
  expect(listed.length).toBeGreaterThan(held.length / 2);
  for (const [fd, link] of listed) expect([fd, walked.get(fd)]).toEqual([fd, link]);
}

describe.skipIf(loadLibc() === null)('a walk through a table', () => {
  it('finds all, in steps, when it was told of fewer, of as many or of more', () => {
    for (const open of [EXPECTED, readdirSync(FOLDER).length, 1]) expectAll(walk(open, 100));
    expect(walk(EXPECTED, 100).steps).toBeGreaterThan(4);
  });

  it('finds what lies behind many gaps', () => {
    for (const fd of held.splice(100, 200)) closeSync(fd);
    expectAll(walk(EXPECTED, 10_000));
    for (const fd of held.filter((_, index) => index % 2 === 1)) closeSync(fd);
    held = held.filter((_, index) => index % 2 === 0);
    expectAll(walk(EXPECTED, 10_000));
  });
});
