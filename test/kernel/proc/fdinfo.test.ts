import { closeSync, constants, fstatSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  accessMode,
  O_APPEND,
  O_CLOEXEC,
  O_DIRECTORY,
  O_NONBLOCK,
  O_PATH,
  O_TMPFILE,
  parseFdInfo,
} from '../../../src/kernel/proc/fdinfo.ts';
import { anyBytes, inodes, neverThrows, unsigned } from './bytes.ts';

const EVENTPOLL = `pos:\t0
flags:\t02000002
mnt_id:\t15
ino:\t1044
tfd:       13 events: c0000019 data: 1122334455667788  pos:0 ino:11d42 sdev:f
`;

describe('parseFdInfo', () => {
  it('reads captured files and leaves the lines of the kind', () => {
    expect(parseFdInfo(EVENTPOLL)).toEqual({
      pos: '0',
      flags: 0o2000002,
      mntId: 15,
      ino: '1044',
      rest: 'tfd:       13 events: c0000019 data: 1122334455667788  pos:0 ino:11d42 sdev:f\n',
    });
    const locked = 'pos:\t12\nflags:\t0100001\nmnt_id:\t27\nino:\t99\nlock:\t1: FLOCK  ADVISORY  WRITE 4537 fe:00:99 0 EOF\n';
    expect(parseFdInfo(locked)?.rest).toBe('lock:\t1: FLOCK  ADVISORY  WRITE 4537 fe:00:99 0 EOF\n');
  });

  it('reads by key: no inode before Linux 5.14, any order, no position on gVisor', () => {
    expect(parseFdInfo('pos:\t0\nflags:\t02\nmnt_id:\t15\neventfd-count: 5\n')).toEqual({
      pos: '0',
      flags: 2,
      mntId: 15,
      rest: 'eventfd-count: 5\n',
    });
    expect(parseFdInfo('flags:\t02\nino:\t7\npos:\t3\n')).toEqual({ pos: '3', flags: 2, ino: '7', rest: '' });
    expect(parseFdInfo('flags:\t02\n')).toEqual({ pos: '', flags: 2, rest: '' });
  });

  it('takes no inode from the lines of the kind, which may be forged', () => {
    const buffer = 'pos:\t0\nflags:\t02\nmnt_id:\t15\nsize:\t4096\nname:\tx\nino:\t666\n';
    expect(parseFdInfo(buffer)?.ino).toBeUndefined();
  });

  it('trusts no number that is cut off', () => {
    expect(parseFdInfo('pos:\t0\nflags:\t02\nmnt_id:\t15\nino:\t10')).toEqual({ pos: '0', flags: 2, mntId: 15, rest: 'ino:\t10' });
    expect(parseFdInfo('pos:\t0\nflags:\t020')).toBeNull();
    expect(parseFdInfo('pos:\t0\nflags:\t09\n')).toBeNull();
    expect(parseFdInfo('')).toBeNull();
  });

  it('agrees with fstat and the flags given to open', () => {
    const dir = mkdtempSync(join(tmpdir(), 'fdinfo-'));
    try {
      const fd = openSync(join(dir, 'f'), constants.O_CREAT | constants.O_RDWR | constants.O_APPEND | constants.O_NONBLOCK);
      const info = parseFdInfo(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'));
      expect(info?.ino).toBe(fstatSync(fd, { bigint: true }).ino.toString());
      const mask = O_APPEND | O_NONBLOCK | O_CLOEXEC | O_PATH;
      // libuv adds O_CLOEXEC to every open.
      expect((info?.flags ?? 0) & mask).toBe(O_APPEND | O_NONBLOCK | O_CLOEXEC);
      expect(accessMode(info?.flags ?? 0)).toBe('rw');
      closeSync(fd);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });

  it('reads back what the kernel would print', () => {
    const pos = fc.bigInt({ min: -1n, max: 2n ** 63n - 1n }).map(String);
    fc.assert(
      fc.property(pos, unsigned(25), unsigned(31), fc.option(inodes, { nil: undefined }), anyBytes, (p, flags, mntId, ino, kind) => {
        const rest = `tfd: ${kind}`;
        const text = `pos:\t${p}\nflags:\t0${flags.toString(8)}\nmnt_id:\t${mntId}\n${ino === undefined ? '' : `ino:\t${ino}\n`}${rest}`;
        expect(parseFdInfo(text)).toEqual({ pos: p, flags, mntId, ...(ino === undefined ? {} : { ino }), rest });
      }),
    );
  });

  it('never throws', () => neverThrows(parseFdInfo, EVENTPOLL));
});

describe('accessMode', () => {
  it('names the low two bits, and O_PATH which has none', () => {
    expect([0, 1, 2, 3].map(accessMode)).toEqual(['r', 'w', 'rw', 'rw']);
    expect(accessMode(O_PATH | O_DIRECTORY)).toBe('path');
    expect(accessMode(0o2100001)).toBe('w');
  });
});

describe('open flags', () => {
  it.runIf(process.arch === 'x64')('are those of this machine', () => {
    expect({ O_APPEND, O_NONBLOCK, O_DIRECTORY }).toEqual({
      O_APPEND: constants.O_APPEND,
      O_NONBLOCK: constants.O_NONBLOCK,
      O_DIRECTORY: constants.O_DIRECTORY,
    });
    expect(O_TMPFILE & O_DIRECTORY).toBe(O_DIRECTORY);
  });
});
