/** Where the runtime keeps what was asked for, out of the code that sets it. */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readAsked, variableIn } from '../../../src/goroutines/memory/signals.ts';

const START = 0x4857e0;
const SIG = 0x9a9520;
/** os/signal.signal_enable of Go 1.26.8, without its return. */
const AMD64 = Buffer.from(
  '493b661076655548 89e54883ec08803d6b3d5200007513c605623d5200019048c705163d52000000000083f8607206 4883c4085dc3 89c1c1e905488d15133d52008b1c8a488d148a0fabc3871a488d150c3d52008b1c8a488d0c8a0fb3c38719'.replaceAll(' ', ''),
  'hex',
);
/** The same for arm64, at 0x8dbf0; it refers to 0x5427e0. */
const ARM64_START = 0x8dbf0;
const ARM64 = words(0xf9400b90, 0xeb3063ff, 0x540004c9, 0xf81e0ffe, 0xf81f83fd, 0xd10023fd, 0x900025bb, 0x39608361, 0x370000e1, 0xb24003e1, 0x900025bb, 0x39208361, 0xd503201f, 0x900025bb, 0xf903f37f, 0x7101801f, 0x54000083, 0xf85f83fd, 0xf84207fe, 0xd65f03c0, 0xd3457c01, 0x900025a2, 0x911fd042, 0xb8617843, 0x8b010842, 0x92401004, 0xb24003e5, 0x9ac420a4, 0xaa040063, 0x889ffc43, 0x900025a2, 0x91200042);

function words(...instructions: number[]): Buffer {
  const bytes = Buffer.alloc(instructions.length * 4);
  for (const [index, instruction] of instructions.entries()) bytes.writeUInt32LE(instruction, index * 4);
  return bytes;
}

type Functions = Parameters<typeof readAsked>[0]['functions'];

function program(range: { start: number; end: number } | undefined, plugins: unknown[] = []): Parameters<typeof readAsked>[0] {
  return { functions: { rangeOf: () => range } as unknown as Functions, constants: (at, length) => AMD64.subarray(at - START, at - START + length), machine: 'amd64', plugins: plugins as [] };
}

/** Memory in which `sig` has these words. */
const spaceWith = (wanted: readonly number[], inUse = 1) => ({
  read(address: number, into: Uint8Array, at: number, length: number): number {
    const state = Buffer.alloc(65);
    for (const [index, word] of wanted.entries()) state.writeUInt32LE(word, 20 + index * 4);
    state[64] = inUse;
    into.set(state.subarray(address - SIG, address - SIG + length), at);
    return Math.max(0, Math.min(length, 65 - (address - SIG)));
  },
});
const RANGE = { start: START, end: START + AMD64.length };

it('is found on both machines', () => {
  expect(variableIn(AMD64, START, 'amd64')).toBe(SIG);
  expect(variableIn(ARM64, ARM64_START, 'arm64')).toBe(0x5417e0);
});

it('numbers of all words', () => {
  expect([...readAsked(program(RANGE), spaceWith([(1 << 1) | (1 << 15), 0, 1]))!]).toEqual([1, 15, 64]);
  expect([...readAsked(program(RANGE), spaceWith([0, 0, 0], 0))!]).toEqual([]);
});

it('a program without that function asks for none, unless a plugin may bring it', () => {
  expect([...readAsked(program(undefined), spaceWith([2]))!]).toEqual([]);
  expect(readAsked(program(undefined, [{}]), spaceWith([2]))).toBeUndefined();
});

it('what does not look so is not known', () => {
  expect(readAsked(program(RANGE), spaceWith([2], 7))).toBeUndefined();
  expect(variableIn(AMD64.subarray(0, 60), START, 'amd64')).toBeUndefined();
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), fc.constantFrom('amd64' as const, 'arm64' as const), (bytes, machine) => {
    const at = variableIn(Buffer.from(bytes), START, machine);
    expect(at === undefined || Number.isFinite(at)).toBe(true);
  }));
});
