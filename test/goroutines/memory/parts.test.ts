import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { RandomFile } from '../../../src/evidence/types.ts';
import { minorOf, readBuildInfo } from '../../../src/goroutines/memory/build-info.ts';
import { isShown, printedName } from '../../../src/goroutines/memory/calls.ts';
import { readCore } from '../../../src/goroutines/memory/core.ts';
import { NotElf, readElf, symbolAddress } from '../../../src/kernel/elf.ts';
import { parseMaps } from '../../../src/kernel/proc/maps.ts';
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

it('the module, or the main package of what was built without modules', () => {
  const told = (text: string) => {
    const info = `${'-'.repeat(16)}${text}${'-'.repeat(16)}`;
    const bytes = Buffer.concat([Buffer.from('\xff Go buildinf:', 'latin1'), Buffer.from([8, 2]), Buffer.alloc(16), Buffer.from([8]), Buffer.from('go1.19.8'), Buffer.from([info.length]), Buffer.from(info)]);
    return readBuildInfo(fileOf(bytes), { machine: 'amd64', isDynamic: false, isCore: false, segments: [], sections: [{ name: '.go.buildinfo', type: 1, address: 0, offset: 0, size: bytes.length, link: 0 }] });
  };
  expect(told('path\texample.com/app/cmd/a\nmod\texample.com/app\tv1.2.3\th1:x=\n')).toEqual({ version: 'go1.19.8', module: 'example.com/app', moduleVersion: 'v1.2.3' });
  expect(told('path\texample.com/app/cmd/a\nbuild\t-compiler=gc\n')).toEqual({ version: 'go1.19.8', module: 'example.com/app/cmd/a' });
});

it('maps, and where a program was loaded', () => {
  const maps = parseMaps('55d0a0000000-55d0a0100000 r--p 00000000 fe:00 42 /usr/bin/my app (deleted)\n55d0a0100000-55d0a0200000 r-xp 00100000 fe:00 42 /usr/bin/my app (deleted)\n7f00-7fff rw-p 00000000 00:00 0 \nnonsense\n');
  expect(maps).toHaveLength(3);
  expect(maps[1]).toMatchObject({ start: 0x55d0a0100000, executable: true, offset: 0x100000, path: '/usr/bin/my app (deleted)', range: '55d0a0100000-55d0a0200000' });
  expect(parseMaps('00400000-004e9000 r-xp 00000000 fe:00 42 /a\n')[0]).toMatchObject({ start: 0x400000, range: '400000-4e9000' });
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
  const section = (bytes: Buffer, index: number, name: number, offset: number, size: number, link = 0): void => {
    const at = 512 + index * 64;
    bytes.writeUInt32LE(name, at);
    bytes.writeUInt32LE(1, at + 4);
    bytes.writeUInt32LE(offset, at + 24);
    bytes.writeUInt32LE(size, at + 32);
    bytes.writeUInt32LE(link, at + 40);
  };
  const built = (name: string, symbols: string): Buffer => {
    const bytes = Buffer.from(HEADER);
    const names = `\0.shstrtab\0${name}\0`;
    bytes.write(names, 2000, 'latin1');
    bytes.write(symbols, 3000, 'latin1');
    section(bytes, 1, 1, 2000, names.length);
    section(bytes, 2, 11, 3000, 24, 3);
    section(bytes, 3, 0, 3000, symbols.length);
    return bytes;
  };
  expect(told(built('.symtab', '\0main\0tinygo_startTask\0'))).toMatch(/built by TinyGo/);
  expect(told(built('.symtab', '\0main\0say_tinygo_\0'))).toMatch(/^is no Go program/);
  expect(told(built('.go_export', ''))).toMatch(/built by gccgo/);
  expect(told(built('.go.buildinfo', ''))).toMatch(/made unreadable/);
  expect(told(Buffer.from('#!/bin/sh\n'))).toMatch(/no ELF program/);
});
