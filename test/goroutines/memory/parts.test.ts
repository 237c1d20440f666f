import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { RandomFile } from '../../../src/evidence/types.ts';
import { minorOf } from '../../../src/goroutines/memory/build-info.ts';
import { isShown, printedName } from '../../../src/goroutines/memory/calls.ts';
import { readCore } from '../../../src/goroutines/memory/core.ts';
import { NotElf, readElf, symbolAddress } from '../../../src/goroutines/memory/elf.ts';
import { parseMaps } from '../../../src/goroutines/memory/maps.ts';
import { biasOf } from '../../../src/goroutines/memory/open.ts';
import { BadTable } from '../../../src/goroutines/memory/pclntab.ts';
import { openProgram } from '../../../src/goroutines/memory/program.ts';
import { Unreadable } from '../../../src/goroutines/memory/unreadable.ts';

function fileOf(bytes: Buffer): RandomFile {
  return {
    size: bytes.length, reads: 0, bytes: 0,
    read: (into, at, length, position) => bytes.copy(into, at, position, Math.min(bytes.length, position + length)),
    close: () => undefined,
  };
}

it('functions are named as the runtime prints them', () => {
  expect(printedName('main.(*list[go.shape.string]).take')).toBe('main.(*list[...]).take');
  expect(printedName('main.f[go.shape.map[string]int].func1')).toBe('main.f[...].func1');
  expect(printedName('runtime.gopanic')).toBe('panic');
  expect(printedName('main.plain')).toBe('main.plain');
});

it('what a dump hides is hidden', () => {
  expect(isShown('runtime.gopark', false, true, '')).toBe(false);
  expect(isShown('runtime.Gosched', false, true, '')).toBe(true);
  expect(isShown('runtime.(*Func).Entry', false, true, '')).toBe(true);
  expect(isShown('runtime.(*hchan).sortkey', false, true, '')).toBe(false);
  expect(isShown('runtime.gopanic', false, false, '')).toBe(true);
  expect(isShown('runtime.gopanic', false, true, '')).toBe(false);
  expect(isShown('main.(*T).wait', true, false, 'main.T.wait')).toBe(false);
  expect(isShown('main.(*T).wait', true, false, 'runtime.panicwrap')).toBe(true);
  expect(isShown('asmcall', false, true, '')).toBe(false);
  expect(isShown('runtime.runFinalizers', false, false, '')).toBe(true);
});

it('versions', () => {
  expect(['go1.22.4', 'go1.27rc1', 'devel go1.28-5fa1c', 'go1.26.1 X:boringcrypto', 'go1.2.3.4', 'go2', ''].map(minorOf)).toEqual([22, 27, 28, 26, 2, undefined, undefined]);
});

it('maps, and where a program was loaded', () => {
  const maps = parseMaps('55d0a0000000-55d0a0100000 r--p 00000000 fe:00 42 /usr/bin/my app (deleted)\n55d0a0100000-55d0a0200000 r-xp 00100000 fe:00 42 /usr/bin/my app (deleted)\n7f00-7fff rw-p 00000000 00:00 0 \nnonsense\n');
  expect(maps).toHaveLength(3);
  expect(maps[1]).toMatchObject({ start: 0x55d0a0100000, executable: true, offset: 0x100000, path: '/usr/bin/my app (deleted)', range: '55d0a0100000-55d0a0200000' });
  const segment = { type: 1, flags: 4, address: 0, offset: 0, fileSize: 100, memorySize: 100 };
  const elf = { machine: 'amd64' as const, isDynamic: true, isCore: false, sections: [], segments: [segment] };
  expect(biasOf(elf, maps, '/usr/bin/my app (deleted)')).toBe(0x55d0a0000000);
  expect(biasOf({ ...elf, isDynamic: false }, [], '')).toBe(0);
  expect(() => biasOf(elf, maps, '/other')).toThrow(Unreadable);
});

const HEADER = (() => {
  const bytes = Buffer.alloc(4096);
  bytes.write('\x7fELF\x02\x01\x01', 0, 'latin1');
  bytes.writeUInt16LE(2, 16);
  bytes.writeUInt16LE(62, 18);
  bytes.writeUInt32LE(64, 32);
  bytes.writeUInt32LE(512, 40);
  bytes.writeUInt16LE(56, 54);
  bytes.writeUInt16LE(3, 56);
  bytes.writeUInt16LE(64, 58);
  bytes.writeUInt16LE(6, 60);
  bytes.writeUInt16LE(1, 62);
  return bytes;
})();

it('a hostile program ends in words, never in an error of ours', () => {
  const edit = fc.tuple(fc.oneof(fc.nat({ max: 1200 }), fc.nat({ max: 4095 })), fc.oneof(fc.constantFrom(0, 1, 2, 8, 255), fc.integer({ min: 0, max: 255 })));
  fc.assert(
    fc.property(fc.array(edit, { maxLength: 60 }), (edits) => {
      const bytes = Buffer.from(HEADER);
      for (const [at, value] of edits) bytes[at] = value;
      const file = fileOf(bytes);
      try {
        const elf = readElf(file);
        symbolAddress(file, elf, 'runtime.allgs');
        if (elf.isCore) readCore(file, elf);
        openProgram(file, 0, { read: () => 0 }, elf);
      } catch (error) {
        expect([NotElf, BadTable, Unreadable].some((type) => error instanceof type), String((error as Error).stack)).toBe(true);
      }
    }),
    { numRuns: 3000 },
  );
});

it('what is no program of Go is told from what was packed or built otherwise', () => {
  const told = (bytes: Buffer): string => {
    try {
      openProgram(fileOf(bytes), 0, { read: () => 0 });
      return '';
    } catch (error) {
      return (error as Error).message;
    }
  };
  expect(told(HEADER)).toMatch(/^is no Go program/);
  const packed = Buffer.from(HEADER);
  packed.write('UPX!', 200, 'latin1');
  expect(told(packed)).toMatch(/packed with UPX/);
  expect(told(Buffer.from('#!/bin/sh\n'))).toMatch(/no ELF program/);
});
