/** The small parts: what is written into a file, what is expected, what is left, what a generation is, what a timeline shows. */
import { mkdtempSync, mkdirSync, readFileSync, readlinkSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { leftOf, slopeOf } from '../../src/drill/census.ts';
import { isMet, parseExpect, samplesOf, wasMet } from '../../src/drill/expect.ts';
import type { Generation, Member } from '../../src/drill/generation.ts';
import { newContent } from '../../src/drill/new-content.ts';
import { continuity, overlap, proofOf } from '../../src/drill/proof.ts';
import { nextMain } from '../../src/drill/reload.ts';
import { timelineOf } from '../../src/drill/timeline.ts';
import { type ChangeManner, mannerOf, openChangeableFile } from '../../src/effects/change-file.ts';

describe('newContent', () => {
  it.each([
    ['7\n', 2, '9\n'],
    ['{"version": 3, "x": 1}', 1, '{"version": 4, "x": 1}'],
    ['name: a\nversion: v12\n', 1, 'name: a\nversion: v13\n'],
    ['add_header X-Version 1;\n', 2, 'add_header X-Version 3;\n'],
    ['apiVersion: apps/v1\n', 1, 'apiVersion: apps/v1\n# reloadctl drill 1\n'],
    ['{"a": 1}', 2, '{"a": 1}\n\n\n'],
    ['', 1, '# reloadctl drill 1\n'],
    ['version = 1.2.3\n', 1, 'version = 1.2.3\n# reloadctl drill 1\n'],
  ])('%j', (before, change, after) => {
    expect(newContent(before, change, undefined)).toBe(after);
  });

  it('takes the text of the user', () => {
    expect(newContent('x', 3, 'a{n}b{n}')).toBe('a3b3');
  });

  it('is another one for each change, whatever was there', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(new Set([text, ...[1, 2, 3].map((n) => newContent(text, n, undefined))]).size).toBe(4);
      }),
    );
  });
});

describe('expectations', () => {
  it('of answers', () => {
    const changes = parseExpect('GET /version changes');
    expect([isMet(changes, 'a', 'a', 1), isMet(changes, 'a', 'b', 1), isMet(changes, 'a', undefined, 1)]).toEqual([false, true, false]);
    const contains = parseExpect('GET /v contains v{n}');
    expect([isMet(contains, 'v1', 'is v2', 2), isMet(contains, 'v1', 'is v1', 2)]).toEqual([true, false]);
    expect(isMet(parseExpect('GET /v is v{n}'), '', 'v2\n', 2)).toBe(true);
    // What was so before shows nothing.
    expect([isMet(contains, 'v2', 'is v2', 2), wasMet(contains, 'v2', 2), wasMet(contains, 'v1', 2), wasMet(changes, 'a', 1)]).toEqual([false, true, false, false]);
  });

  it('of metrics', () => {
    const text = '# HELP a_total x\na_total{b="c d"} 3\na_total{b="e"} 4 1700000000\na_totals 9\n';
    expect(samplesOf(text, 'a_total')).toBe('{b="c d"} 3\n{b="e"} 4');
    expect(samplesOf(text, 'b')).toBeUndefined();
  });
});

describe('what reloads leave', () => {
  it.each([
    [[4, 5, 6, 7], [1, 1, 1], 1],
    [[4, 9, 4, 9], [0, 0, 5], 1],
    [[4, 9, 4, 4], [0, 0, 0], -0.5],
    [[4, 4, 4, 4], [0, 0, 0], 0],
  ])('%j', (counts, left, slope) => {
    expect(leftOf(counts)).toEqual(left);
    expect(slopeOf(counts)).toBeCloseTo(slope, 3);
  });

  it('never counts what a later reload took away', () => {
    fc.assert(fc.property(fc.array(fc.nat(50), { minLength: 2, maxLength: 20 }), (counts) => {
      const left = leftOf(counts);
      expect(left.every((one) => one >= 0)).toBe(true);
      expect(left.reduce((sum, one) => sum + one, 0)).toBe(counts.at(-1)! - Math.min(...counts));
    }));
  });
});

function generation(inodes: string[], ...members: [pid: number, ppid: number, flags: string][]): Generation {
  const all = members.map(([pid, ppid, flags]): Member => ({ key: `${pid} ${flags.replace(/[LM]/g, '')}`, pid, ppid, startTime: String(pid), comm: 'server', listens: flags.includes('L'), isMain: flags.includes('M') }));
  return { members: new Map(all.map((member) => [member.key, member])), listeners: inodes.map((inode) => ({ inode, port: 80, local: inode.startsWith('6') ? '[::1]:80' : '127.0.0.1:80' })) };
}

describe('the proof of a reload', () => {
  const master = generation(['1'], [10, 1, 'LM'], [11, 10, 'L'], [12, 10, 'L']);
  it.each<[string, Generation, Generation, boolean, number]>([
    ['nothing changed', master, master, false, 0],
    ['all workers are others', master, generation(['1'], [10, 1, 'LM'], [13, 10, 'L'], [14, 10, 'L']), true, 0],
    ['one of two workers is another', master, generation(['1'], [10, 1, 'LM'], [12, 10, 'L'], [14, 10, 'L']), false, 1],
    ['old workers drain', master, generation(['1'], [10, 1, 'LM'], [11, 10, ''], [13, 10, 'L'], [14, 10, 'L']), true, 1],
    ['a new main process beside the old one', master, generation(['1'], [10, 1, 'LM'], [11, 10, 'L'], [12, 10, 'L'], [20, 10, 'LM'], [21, 20, 'L']), true, 3],
    ['a child that does not listen is no generation', master, generation(['1'], [10, 1, 'LM'], [11, 10, 'L'], [12, 10, 'L'], [20, 10, 'M']), false, 0],
    ['another process', generation(['1'], [10, 1, 'LM']), generation(['2'], [20, 1, 'LM']), true, 0],
    ['exec in place', generation(['1'], [10, 1, 'LMa']), generation(['1'], [10, 1, 'LMb']), true, 0],
    ['the same process listens anew', generation(['1'], [10, 1, 'LM']), generation(['2'], [10, 1, 'LM']), true, 0],
    ['nobody is left', generation(['1'], [10, 1, 'LM']), generation([]), false, 0],
  ])('%s', (_name, before, now, happened, old) => {
    const proof = proofOf(before, now);
    expect({ happened: proof.happened, old: proof.old.length }).toEqual({ happened, old });
    expect(proof.what).not.toBe('');
  });

  it('of workers that do not listen is told where they stayed through the control window', () => {
    const before = generation(['1'], [10, 1, 'LM'], [11, 10, 'M'], [12, 10, 'M']);
    const now = generation(['1'], [10, 1, 'LM'], [13, 10, 'M'], [14, 10, 'M']);
    const half = generation(['1'], [10, 1, 'LM'], [12, 10, 'M'], [14, 10, 'M']);
    expect([proofOf(before, now, true), proofOf(before, now, false), proofOf(before, half, true), proofOf(before, before, true)].map(({ happened }) => happened)).toEqual([true, false, false, false]);
  });

  it('a supervisor stays, and is no old generation', () => {
    const before = generation(['1'], [10, 1, 'M'], [11, 10, 'LM']);
    const now = generation(['1'], [10, 1, 'M'], [11, 10, 'LM'], [12, 10, 'LM']);
    expect(proofOf(before, now).old.map(({ pid }) => pid)).toEqual([11]);
    expect([nextMain(now, undefined)?.pid, nextMain(now, undefined, 10)?.pid, nextMain(now, undefined, 99)?.pid]).toEqual([12, 10, 12]);
  });

  it('continuity is of all sockets', () => {
    expect(continuity(generation(['1', '2']), generation(['1', '2', '3']))).toBe('kept');
    expect(continuity(generation(['1', '2']), generation(['1', '3']))).toBe('changed');
    expect(continuity(generation([]), generation([]))).toBe('unknown');
  });
});

describe('sockets of one port at once', () => {
  it.each([
    ['of both generations', ['1'], ['1', '2'], true],
    ['some of a group closed', ['1', '2', '3'], ['1', '2'], true],
    ['one of another address closed', ['1', '61'], ['1'], false],
    ['the same', ['1', '2'], ['1', '2'], false],
    ['one behind the other', ['1'], ['2'], false],
    ['none', ['1'], [], false],
  ])('%s', (_name, before, now, expected) => {
    expect(overlap(generation(before), generation(now))).toBe(expected);
  });
});

it('a timeline has a mark for each tenth of a second', () => {
  const lines = timelineOf({ reloads: [{ index: 1, atMs: 300 }] as never, timeline: { sliceMs: 100, ok: [5, 5, 5, 5, 0, 5], failed: [0, 0, 0, 1, 4, 0], worstMs: [1, 1, 1, 1, 1, 1200] } });
  expect(lines[0]).toBe('   1  ...|xXs');
});

describe('a file that is changed', () => {
  const folder = mkdtempSync(join(tmpdir(), 'reloadctl-test-change-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each<ChangeManner>(['inplace', 'rename', 'symlink', 'k8s'])('%s: as programs do it, and put back', async (manner) => {
    const dir = join(folder, manner);
    mkdirSync(dir);
    const path = join(dir, 'config');
    if (manner === 'k8s') {
      mkdirSync(join(dir, '..2026'));
      writeFileSync(join(dir, '..2026/config'), 'one');
      symlinkSync('..2026', join(dir, '..data'));
      symlinkSync('..data/config', path);
    } else if (manner === 'symlink') {
      writeFileSync(join(dir, 'real'), 'one');
      symlinkSync('real', path);
    } else writeFileSync(path, 'one');
    expect(mannerOf(path)).toBe(manner === 'inplace' ? 'rename' : manner);
    const before = readdirSync(dir).sort();
    const file = await openChangeableFile(path, manner);
    for (const text of ['two', 'three']) {
      file.write(text);
      expect(readFileSync(path, 'utf8')).toBe(text);
    }
    file.restore();
    expect(readFileSync(path, 'utf8')).toBe('one');
    expect(readdirSync(dir).sort()).toEqual(before);
    if (manner === 'symlink') expect(readlinkSync(path)).toBe('real');
  });

  it('refuses what cannot be done', async () => {
    const path = join(folder, 'plain');
    writeFileSync(path, 'one');
    await expect(openChangeableFile(path, 'symlink')).rejects.toThrow('no symbolic link');
    await expect(openChangeableFile(folder, 'inplace')).rejects.toThrow('is no file');
    expect(readdirSync(tmpdir()).filter((name) => name.startsWith('reloadctl-drill-') && name.includes('plain'))).toEqual([]);
  });
});
