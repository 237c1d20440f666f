/** Logs with other things before, within and behind them. */
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type Analysed, analyse } from './support/analyse.ts';

const turns = (times: number): string => Array.from({ length: times }, (_, n) => `5 openat(AT_FDCWD, "/srv/item-${n}", O_RDONLY) = 3\n5 read(3, "${'x'.repeat(40)}", 100) = 40\n5 close(3) = 0\n`).join('');
const LOG = turns(100);
const told = ({ data, coverage }: Analysed): unknown => [data.sites.reduce((sum, { opened }) => sum + opened, 0), data.lines, data.unclassified, coverage[0]!.status];

describe('before the first line of strace', () => {
  it.each([
    ['a thousand lines of the program', 'the program says something of its own\n'.repeat(1000), 1000],
    ['most of a MiB of them', 'the program says something of its own\n'.repeat(25_000), 25_000],
    ['bytes that are no text', `${'\0'.repeat(8192)}\n`, 1],
  ])('%s', async (_name, before, unclassified) => {
    expect(told(await analyse(before + LOG))).toEqual([100, 300 + unclassified, unclassified, 'ok']);
  });

  it('a line of strace of any length', async () => {
    for (const length of [300_000, 1_200_000, 3_000_000]) expect(told(await analyse(`5 write(1, "${'x'.repeat(length)}", ${length}) = ${length}\n${LOG}`))).toEqual([100, 301, 0, 'ok']);
  });

  it('more than a MiB of other words is refused, and said to be more', async () => {
    await expect(analyse('the program says something of its own\n'.repeat(60_000) + LOG)).rejects.toThrow('has no line of strace in its first MiB');
  });
});

it('a line with bytes that are no text is one line that is not strace\'s', async () => {
  const cut = LOG.indexOf('\n', 3000) + 1;
  expect(told(await analyse(`${LOG.slice(0, cut)}a\0b\n${LOG.slice(cut)}`))).toEqual([100, 301, 1, 'ok']);
  await expect(analyse(`${'\0\x01\x02\x7f'.repeat(500)}\n`)).rejects.toThrow('is not text');
});

describe('gzip', () => {
  // What one block of the file unpacks to must not be lost.
  const text = turns(12_000);
  const packed = gzipSync(Buffer.from(text)).toString('latin1');
  const noise = Array.from({ length: 400_000 }, (_, n) => String.fromCharCode((n * 7919 + (n >> 8)) % 256)).join('');

  it.each([['words', 'trailing words'], ['zeros', '\0'.repeat(1000)], ['the beginning of a head', '\x1f\x8bgarbage'], ['much', noise]])('with %s behind its end is read whole, as by gzip', async (_name, behind) => {
    expect(told(await analyse(packed + behind))).toEqual([12_000, 36_000, 0, 'ok']);
  });

  it('of several members, with names and comments in their heads, is one log', async () => {
    const plain = Buffer.from(packed, 'latin1');
    const head = Buffer.from([0x1f, 0x8b, 8, 4 | 8 | 16 | 2, 0, 0, 0, 0, 0, 3, 3, 0, 65, 66, 67, ...Buffer.from('name\0comment\0'), 1, 2]);
    const named = Buffer.concat([head, plain.subarray(10)]).toString('latin1');
    expect(told(await analyse(packed + named + packed))).toEqual([36_000, 108_000, 0, 'ok']);
  });

  it('that is cut or damaged gives what came before', async () => {
    for (const broken of [packed.slice(0, -4), packed.slice(0, packed.length * 0.7), `${packed.slice(0, -8)}12345678`]) {
      const { data, coverage } = await analyse(broken);
      expect(data.lines).toBeGreaterThan(1000);
      expect(coverage.find(({ status }) => status === 'partial')!.detail).toMatch(/^is (?:cut|damaged).*what came before was read$/);
    }
    await expect(analyse(packed.slice(0, 12))).rejects.toThrow('nothing of it can be unpacked');
  });
});
