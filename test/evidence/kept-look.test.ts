import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keepLook, openLive, openRedactor } from '../../src/evidence/index.ts';
import { PackedLinks } from '../../src/evidence/packed-links.ts';
import { NOT_RECORDED } from '../../src/evidence/types.ts';

const HEADER = { tool: '0', recordedAt: '2026-11-23T00:00:00Z', redacted: true, target: null };
const FDS = `/proc/${process.pid}/fd`;
const folder = mkdtempSync(join(tmpdir(), 'kept-'));
let open: number[] = [];
let numbers: number[] = [];

beforeAll(() => {
  for (let number = 0; number < 30; number++) {
    const file = join(folder, `customer-${number}.txt`);
    writeFileSync(file, '');
    open.push(openSync(file, 'r'));
  }
  numbers = readdirSync(FDS).map(Number).sort((a, b) => a - b).filter((fd) => open.includes(fd));
});

afterAll(() => {
  for (const fd of open) closeSync(fd);
  open = [];
  rmSync(folder, { recursive: true });
});

function textsOf(links: PackedLinks): string[] {
  return Array.from({ length: links.size }, (_, index) => links.textAt(index));
}

describe('a look that is kept', () => {
  it('gives what was read, and keeps it without names: list, packed and walked', () => {
    const live = openLive();
    const kept = keepLook(live, HEADER, openRedactor(), [process.pid]);
    const { evidence } = kept;
    const packed = new PackedLinks(0);
    const walked = new PackedLinks(0);
    expect(evidence.readlinks!(FDS, numbers).values).toEqual(open.map((_, index) => join(folder, `customer-${index}.txt`)));
    evidence.packLinks!(FDS, numbers, packed);
    const walk = evidence.walkLinks!(FDS, readdirSync(FDS).length, walked);
    while (walk?.next(7));
    walk?.close();
    const world = kept.world();
    const again = new PackedLinks(0);
    world.packLinks!(FDS, numbers, again);
    const texts = textsOf(again);
    expect(world.readlinks!(FDS, numbers).values).toEqual(texts);
    expect([again.size, new Set(texts).size, [...again.numbers.slice(0, again.size)]]).toEqual([30, 30, numbers]);
    expect(texts.join()).not.toMatch(/customer|kept-/);
    expect(texts.every((text, index) => text.endsWith(`-${index}.txt`))).toBe(true);
    const walkedAgain = new PackedLinks(0);
    const second = world.walkLinks!(FDS, 0, walkedAgain);
    // Without native calls nothing is walked.
    if (walk) expect([second!.isWhole, walkedAgain.size, texts.every((text) => textsOf(walkedAgain).includes(text))]).toEqual([true, walked.size, true]);
    else expect(second).toBeUndefined();
    expect(world.missing()).toEqual([]);
    live.close();
  });

  it('knows nothing else, and nothing of what came after a pause before the pause', async () => {
    const live = openLive();
    const kept = keepLook(live, HEADER, openRedactor(), [process.pid]);
    kept.evidence.readlinks!(FDS, numbers.slice(0, 2));
    await kept.evidence.sleep(1);
    kept.evidence.readlinks!(FDS, numbers.slice(0, 3));
    const world = kept.world();
    expect(world.readlinks!(FDS, numbers.slice(0, 3)).errnos.get(2)).toBe(NOT_RECORDED);
    expect(world.missing().length).toBeGreaterThan(0);
    await world.sleep(1);
    expect(world.readlinks!(FDS, numbers.slice(0, 3)).errnos.size).toBe(0);
    // From the beginning it is the same again.
    expect(world.rewound().readlinks!(FDS, numbers.slice(0, 2)).values).toHaveLength(2);
    live.close();
  });
});
