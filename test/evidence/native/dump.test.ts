/** The conversation with the kernel, against a C library made of canned answers. */
import { openSync, readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import type { Libc } from '../../../src/evidence/native/libc.ts';
import { sockDiag } from '../../../src/evidence/native/sock-diag.ts';
import { codeOf } from './support.ts';
import { done, inetRow, message, refusal } from './messages.ts';

type Answer = ((sequence: number) => Buffer) | keyof typeof constants.errno;
const row = (sequence: number, flags = 2): Buffer => inetRow({
  family: 2, state: 10, localPort: 80, remotePort: 0, localAddress: [0, 0, 0, 0], remoteAddress: [0, 0, 0, 0],
  receiveQueue: 0, sendQueue: 1, inode: 9,
}, sequence, flags);
const whole = (sequence: number): Buffer => Buffer.concat([row(sequence), done(sequence)]);
const changed = (sequence: number): Buffer => Buffer.concat([row(sequence, 2 | 0x10), done(sequence)]);
const changedAgain = (sequence: number): Buffer => Buffer.concat([row(sequence), changed(sequence)]);
const empty = (sequence: number): Buffer => done(sequence);

/** Gives one answer per recv(); running out of them is a test's mistake and looks like a timeout. */
function libcOf(answers: Answer[]): Libc & { requests: number } {
  let errno = 0;
  let sequence = 0;
  const libc = {
    requests: 0,
    socket: () => openSync('/dev/null', 'r'),
    connect: () => 0,
    setsockopt: () => 0,
    send(_fd: number, request: Buffer): number {
      libc.requests++;
      sequence = request.readUInt32LE(8);
      return request.length;
    },
    recv(_fd: number, data: Buffer): number {
      const answer = answers.shift() ?? 'EAGAIN';
      if (typeof answer === 'string') {
        errno = constants.errno[answer];
        return -1;
      }
      return answer(sequence).copy(data);
    },
    errno: () => errno,
  };
  return libc as unknown as Libc & { requests: number };
}

describe('a dump', () => {
  it('joins many answers and both families', () => {
    const libc = libcOf([row, row, empty, row, empty]);
    expect(sockDiag(libc, 'tcp')).toHaveLength(3);
    expect(libc.requests).toBe(2);
  });

  it('is taken again while the table changes under it, three times at most, and then kept', () => {
    const once = libcOf([changed, whole, whole]);
    expect(sockDiag(once, 'tcp')).toHaveLength(2);
    expect(once.requests).toBe(3);
    const always = libcOf([changed, changed, changed, changedAgain, empty]);
    expect(sockDiag(always, 'tcp')).toHaveLength(2);
    expect(always.requests).toBe(5);
  });

  it('goes on after a signal', () => {
    expect(sockDiag(libcOf(['EINTR', whole, 'EINTR', 'EINTR', whole]), 'tcp')).toHaveLength(2);
  });

  it.each<[string, Answer[]]>([
    ['ETIMEDOUT', [row, 'EAGAIN']],
    ['ENOBUFS', ['ENOBUFS']],
    ['ENOENT', [(sequence) => refusal(sequence, 2)]],
    ['ENOENT', [whole, (sequence) => refusal(sequence, 2)]],
    ['ENOMEM', [(sequence) => done(sequence, 12)]],
    ['EBADMSG', [(sequence) => row(sequence).subarray(0, 40)]],
    ['EBADMSG', [(sequence) => message(20, Buffer.alloc(8), sequence)]],
    ['E4095', [(sequence) => refusal(sequence, 4095)]],
  ])('throws %s and leaves no descriptor behind', (code, answers) => {
    const before = readdirSync('/proc/self/fd').length;
    expect(codeOf(() => sockDiag(libcOf(answers), 'tcp'))).toBe(code);
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });

  it('refuses an answer larger than its buffer', () => {
    const libc = libcOf([]);
    expect(codeOf(() => sockDiag({ ...libc, recv: () => 300_000 }, 'tcp'))).toBe('EMSGSIZE');
  });
});
