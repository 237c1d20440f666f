/** What we write we read again: the same goroutines at the same places, in the same states. */
import { Readable } from 'node:stream';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { folded } from '../../src/goroutines/export/folded.ts';
import { pprof } from '../../src/goroutines/export/pprof.ts';
import { debug1, debug2, unnamed } from '../../src/goroutines/export/text.ts';
import { parseGc } from '../../src/goroutines/gc/parse.ts';
import { readSaved } from '../../src/goroutines/gc/read.ts';
import { compareDumps, strangers } from '../../src/goroutines/watch/compare.ts';
import type { Dump } from '../../src/kernel/goroutines.ts';
import { bytesOf, dumpFiles, goroutine, parse, times } from './support/dumps.ts';

/** With who started them; the same stack with another creator is another group. */
function essence({ groups }: Dump): string[] {
  const lines = groups.filter(({ system, count }) => !system && count > 0).map(({ count, state, frames, creator, labels }) => JSON.stringify([frames.map(({ func, line }) => `${func}:${line}`), creator?.func, state, labels, count]));
  return lines.sort();
}

const names = dumpFiles('err').filter((name) => !/^gc-|truncated/.test(name));

describe('an export is read again', () => {
  it.each(names)('%s', async (name) => {
    const dump = await parse(bytesOf('err', name), { rows: true });
    const own = essence(dump);
    expect(essence(await parse([...debug1(dump)].join('')))).toEqual(own);
    expect(essence(await parse([...debug2(dump)].join('')))).toEqual(own);
    expect(essence(await parse(gunzipSync([...pprof(dump)][0]!)))).toEqual(own);
  });

  it('elsewhere (go tool pprof, flame graphs) they are as many: those of the runtime are in none', async () => {
    const dump = await parse(bytesOf('versions', 'go1.27.3-labels.sigquit.txt'));
    expect(dump.groups.filter(({ system }) => system)).not.toEqual([]);
    expect((await parse(gunzipSync([...pprof(dump)][0]!))).groups.filter(({ system }) => system)).toEqual([]);
    expect([...folded(dump)].reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)).toBe(dump.total);
  });
});

describe('ids of an export', () => {
  const text = times(100, (i) => goroutine({ id: 7 + i, state: 'chan send, 5 minutes' })).join('');

  it('are never made up: who has none is left out, and counted', async () => {
    const dump = await parse(text);
    const written = [...debug2(dump)].join('').match(/^goroutine \d+ .*$/gm) ?? [];
    expect(written).toHaveLength(64);
    expect(written[0]).toBe('goroutine 7 [chan send, 5 minutes]:');
    expect(unnamed(dump)).toBe(36);
  });

  it('are all there where each was kept', async () => {
    const dump = await parse(text, { rows: true });
    expect([...debug2(dump)].join('').match(/^goroutine \d+ \[chan send, 5 minutes\]:$/gm)).toHaveLength(100);
    expect(unnamed(dump)).toBe(0);
  });

  it('are numbered where the source has none', async () => {
    const profile = await parse([...debug1(await parse(text))].join(''));
    expect([...debug2(profile)].join('').match(/^goroutine \d+ /gm)?.slice(0, 2)).toEqual(['goroutine 1 ', 'goroutine 2 ']);
    expect(unnamed(profile)).toBe(0);
  });
});

describe('two dumps', () => {
  const dump = (count: number, func: string, file = '/src/a/main.go'): Promise<Dump> =>
    parse(`goroutine 1 [select]:\nmain.main()\n\t${file}:5 +0x1\n\n${times(count, (index) => goroutine({ id: 10 + index, frames: [`${func}(0xc000012345)`] })).join('')}`);

  it('of one program are compared', async () => {
    const [before, after] = await Promise.all([dump(3, 'main.work'), dump(300, 'main.work')]);
    expect(strangers(before, after)).toBeUndefined();
    expect(compareDumps(before, after, null).groups[0]).toMatchObject({ before: 3, after: 300 });
    // Another build of it has its main function, or at least one of its own, in common.
    expect(strangers(await dump(3, 'main.work', '/build/1/main.go'), await dump(3, 'main.work', '/build/2/main.go'))).toBeUndefined();
    expect(strangers(await dump(3, 'main.work'), await dump(3, 'main.other'))).toBeUndefined();
  });

  it('of two programs are not', async () => {
    expect(strangers(await dump(3, 'main.work'), await dump(300, 'main.other', '/src/b/main.go'))).toMatch(/different programs/);
  });
});

describe('gc', () => {
  it('reads what is packed, and says what is damaged', async () => {
    const packed = gzipSync(bytesOf('ok', 'gc-pause.txt'));
    const read = (bytes: Buffer) => readSaved('-', { stdin: () => Readable.from([bytes]), signal: new AbortController().signal });
    const saved = await read(packed);
    expect('text' in saved && parseGc(saved.text)?.collections).toBeGreaterThan(0);
    expect(await read(packed.subarray(0, packed.length / 2))).toEqual({ problem: 'is packed, and damaged or cut' });
  });
});
