import { expect, it } from 'vitest';
import { Calls } from '../../../src/goroutines/memory/calls.ts';
import { Conds } from '../../../src/goroutines/memory/conds.ts';
import { FunctionTable } from '../../../src/goroutines/memory/pclntab.ts';
import type { Program } from '../../../src/goroutines/memory/program.ts';
import { Words } from '../../../src/goroutines/memory/space.ts';
import { makeTable } from './table.ts';

const TEXT = 0x400000;
const ENTRIES = { a: TEXT, b: TEXT + 100, c: TEXT + 200, jump: TEXT + 300 };

/** A program whose every call is these bytes. */
function callsOf(code: readonly number[] | undefined, machine: 'amd64' | 'arm64' = 'amd64'): (callee: keyof typeof ENTRIES) => boolean {
  const table = makeTable([{ name: 'main.a', offset: 0 }, { name: 'main.b', offset: 100 }, { name: 'main.c', offset: 200 }, { name: 'runtime.jump', offset: 300 }], 400);
  const functions = new FunctionTable(table, TEXT);
  const calls = new Calls({ machine, functions, constants: () => code && Buffer.from(code), build: {} } as unknown as Program);
  return (callee) => calls.leadTo(TEXT + 50, functions.find(ENTRIES[callee])!);
}

it('a direct call leads to what it names, and to nothing else', () => {
  // From TEXT + 50 to TEXT + 100.
  const leads = callsOf([0xe8, 50, 0, 0, 0]);
  expect([leads('b'), leads('c'), leads('a')]).toEqual([true, false, false]);
});

it('what the code does not tell is believed: pointers, the ends of other instructions, what jumps on, other machines', () => {
  expect(callsOf([0x90, 0x90, 0x90, 0xff, 0xd0])('c')).toBe(true);
  // To the middle of main.b, and out of the program.
  expect(callsOf([0xe8, 51, 0, 0, 0])('c')).toBe(true);
  expect(callsOf([0xe8, 0, 0, 0, 0x40])('c')).toBe(true);
  // Calls runtime.jump, which may go on anywhere.
  expect(callsOf([0xe8, 250, 0, 0, 0])('c')).toBe(true);
  expect(callsOf([0xe8, 50, 0, 0, 0], 'arm64')('c')).toBe(true);
  expect(callsOf(undefined)('c')).toBe(true);
});

/** Memory of words by their addresses. */
function wordsAt(words: Readonly<Record<number, number>>): { read(address: number, into: Uint8Array, at: number, length: number): number } {
  return {
    read(address, into, at, length) {
      const view = new DataView(into.buffer, into.byteOffset);
      for (let got = 0; got < length; got += 8) {
        const word = words[address + got];
        if (word === undefined) return got;
        view.setBigUint64(at + got, BigInt(word), true);
      }
      return length;
    },
  };
}

it('a Cond is what has the goroutine in its list, from whatever pointer it is seen', () => {
  const [cond, one, other] = [0x10000, 0x20000, 0x20100];
  // Two began to wait, none was woken; two in the list.
  const memory = { [cond]: 0, [cond + 8]: 0, [cond + 16]: 2, [cond + 24]: 0, [cond + 32]: one, [cond + 40]: other, [cond + 48]: 0, [cond + 56]: 0, [cond + 64]: 0, [cond + 72]: 0, [one]: 0x9000, [one + 8]: other, [other]: 0x9100, [other + 8]: 0 };
  const space = wordsAt(memory);
  const told = (pointer: number, g: number): number | undefined => {
    const words = new Words(48);
    space.read(pointer, words.bytes, 0, 48);
    return new Conds(space, (address) => address === 0x9000 || address === 0x9100).address(pointer, words, 0, g);
  };
  expect([told(cond, 0x9000), told(cond, 0x9100), told(cond + 16, 0x9100)]).toEqual([cond, cond, cond]);
  // Its inner lock, whose neighbours look like the ends of a list; and who waits for something else.
  expect(told(cond + 24, 0x9100)).toBeUndefined();
  expect(told(cond, 0x9200)).toBeUndefined();
});

it('a list that leads back into itself ends', () => {
  const space = wordsAt({ 131072: 0x9000, 131080: 0x20100, 131328: 0x9100, 131336: 0x20000 });
  const words = new Words(48);
  new DataView(words.bytes.buffer).setUint32(16, 1, true);
  new DataView(words.bytes.buffer).setBigUint64(32, 0x20000n, true);
  expect(new Conds(space, () => true).address(0x10000, words, 0, 0x9300)).toBeUndefined();
});
