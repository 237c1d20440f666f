import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isLockOn, parseAwaitedLocks, parseLocks } from '../../../src/kernel/proc/locks.ts';

const TEXT = `1: FLOCK  ADVISORY  WRITE 1234 fe:00:2195517 0 EOF
1: -> FLOCK  ADVISORY  WRITE 99 fe:00:2195517 0 EOF
2: POSIX  ADVISORY  READ 5 00:19:77 10 20
3: OFDLCK ADVISORY  READ -1 08:11:5 0 EOF
`;

describe('/proc/locks', () => {
  it('names who took what; who waits is not among them', () => {
    expect(parseLocks(TEXT)).toEqual([
      { kind: 'FLOCK', write: true, pid: 1234, major: 254, minor: 0, inode: '2195517' },
      { kind: 'POSIX', write: false, pid: 5, major: 0, minor: 25, inode: '77' },
      { kind: 'OFDLCK', write: false, pid: -1, major: 8, minor: 17, inode: '5' },
    ]);
  });

  it('a line cut off is not trusted, other lines are passed over', () => {
    expect(parseLocks(TEXT.slice(0, -1))).toHaveLength(2);
    expect(parseLocks('nonsense\n\n1: FLOCK\n')).toEqual([]);
    fc.assert(fc.property(fc.string(), (text) => void parseLocks(text)));
  });

  it('is on a file of the same device, whose number stat packs', () => {
    const [flock, posix] = parseLocks(TEXT);
    expect(isLockOn(flock!, { dev: '65024', ino: '2195517' })).toBe(true);
    expect(isLockOn(flock!, { dev: '65024', ino: '2195518' })).toBe(false);
    expect(isLockOn(flock!, { dev: '65025', ino: '2195517' })).toBe(false);
    expect(isLockOn(posix!, { dev: '25', ino: '77' })).toBe(true);
  });
});

describe('locks that somebody waits for', () => {
  it('are told with who has them', () => {
    const text = '1: FLOCK  ADVISORY  WRITE 1234 fe:00:77 0 EOF\n1: -> FLOCK  ADVISORY  WRITE 1300 fe:00:77 0 EOF\n1:  -> FLOCK  ADVISORY  READ 1301 fe:00:77 0 EOF\n2: POSIX  ADVISORY  READ 9 fe:00:78 0 10\n3: LEASE  ACTIVE    WRITE 5 fe:00:79 0 EOF\n';
    expect(parseAwaitedLocks(text).map(({ waiter, holder }) => [waiter, holder.pid])).toEqual([[1300, 1234], [1301, 1234]]);
  });

  it('are none where the line of who has them is missing, or cut', () => {
    expect(parseAwaitedLocks('2: -> FLOCK  ADVISORY  WRITE 1300 fe:00:77 0 EOF\n')).toEqual([]);
    expect(parseAwaitedLocks('1: FLOCK  ADVISORY  WRITE 1234 fe:00:77 0 EOF\n1: -> FLOCK  ADVISORY  WRITE 1300')).toEqual([]);
  });
});
