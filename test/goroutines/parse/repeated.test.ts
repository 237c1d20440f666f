/** Stacks that were seen are recognised by hashes: what that counts must be what a plain reading counts. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf, parse } from '../support/dumps.ts';

const blocks = ['err/goroutine-lock-cycle.txt', 'err/rwmutex.txt', 'versions/go1.27.3-labels.sigquit.txt', 'versions/go1.21.13-rwmutex.debug2.txt', 'ok/healthy-pool.txt']
  .flatMap((name) => bytesOf(name.split('/')[0]!, name.split('/')[1]!).toString('latin1').split('\n\n'))
  .map((block) => block.trim())
  .filter((block) => /^goroutine [1-9]/.test(block));

/** State, functions and lines of a block, read in the plainest way. */
function plain(block: string): string {
  const [header = '', ...lines] = block.split('\n');
  const state = /\[([^,\]]*)/.exec(header)![1]!.replace(' (leaked)', '');
  const labels = /\] (\{.*\}):/.exec(header)?.[1] ?? '';
  const rest = lines.filter((line) => line !== '').map((line) => {
    if (line.startsWith('\t')) return line.trim().replace(/ \+0x.*$/, '');
    return line.startsWith('created by') ? line.replace(/ in goroutine \d+$/, '') : line.replace(/\((?!\*).*$/, '');
  });
  return [state, labels, ...rest].join('|');
}

function counted(all: readonly string[]): number[] {
  const counts = new Map<string, number>();
  for (const block of all) counts.set(plain(block), (counts.get(plain(block)) ?? 0) + 1);
  return [...counts.values()].sort((a, b) => a - b);
}

const change = fc.constantFrom<(block: string) => string>(
  (block) => block,
  (block) => block.replace(/0x[\da-f]{9,}/g, '0xc000abcdef'),
  (block) => block.replace(/, \d+ minutes/, ', 91 minutes'),
  (block) => block.replace(/:(\d+) /, ':9$1 '),
  (block) => block.replace(/\n\t[^\n]*\n[^\n]*\(/, (text) => text.replace(/\w\($/, 'X(')),
  (block) => block.replace(/in goroutine \d+/, 'in goroutine 4321'),
  (block) => `${block}\nmain.more()\n\t/src/more.go:1 +0x1`,
  (block) => block.split('\n').slice(0, -2).join('\n'),
);

describe('stacks that repeat', () => {
  it('are counted as a plain reading counts them', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(blocks.length - 1), change), { minLength: 1, maxLength: 60 }), fc.boolean(), fc.integer({ min: 500, max: 400_000 }), async (picks, crlf, size) => {
        // So often that each is known, and the text long, before the changed ones come.
        const warm = [...new Set(picks.map(([index]) => index))].flatMap((index) => Array.from({ length: 70 }, () => blocks[index]!));
        const edited = [...warm, ...picks.map(([index, edit]) => edit(blocks[index]!))].filter((block) => block.includes('\n'));
        // One and the same goroutine twice would be two dumps.
        const all = edited.map((block, i) => block.replace(/^goroutine \d+/, `goroutine ${i + 2}`));
        const text = `${all.join('\n\n')}\n`;
        const { groups } = await parse(crlf ? text.replaceAll('\n', '\r\n') : text, { size });
        expect(groups.map(({ count }) => count).sort((a, b) => a - b)).toEqual(counted(all));
      }),
      { numRuns: 40 },
    );
  });

  it('keep the object of each that waits', async () => {
    const lock = bytesOf('err', 'goroutine-lock-holder.txt').toString('latin1').split('\n\n').find((block) => block.includes('lockSlow'))!;
    const text = Array.from({ length: 500 }, (_, i) => lock.replace(/^goroutine \d+/, `goroutine ${i + 1}`).replace(/lockSlow\(0x[\da-f]+/, `lockSlow(0xc00000${1000 + (i % 5)}`)).join('\n\n');
    const { groups, rows } = await parse(`${text}\n`, { rows: true });
    expect([...groups[0]!.objects!.entries()].sort()).toEqual([0, 1, 2, 3, 4].map((i) => [`0xc00000${1000 + i}`, 100]));
    expect(rows!.map(({ id }) => id)).toEqual(Array.from({ length: 500 }, (_, i) => String(i + 1)));
  });
});
