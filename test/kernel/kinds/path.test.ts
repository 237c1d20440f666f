import { describe, expect, it } from 'vitest';
import { isUnlinked } from '../../../src/fds/attributes.ts';
import { attributesOf, kindOf } from '../../../src/kernel/kinds/index.ts';
import { pathOf } from '../../../src/kernel/kinds/path.ts';
import { fdInfo, fileStat } from '../../support/fake-process.ts';
import { makeFd } from '../../support/fds.ts';

const DIRECTORY = 0o040755;
const CHARACTER = 0o020666;
const BLOCK = 0o060660;
const FIFO = 0o010644;

describe('file', () => {
  it('has size, links and position', () => {
    const fd = makeFd('/var/log/app.log', {
      info: 'pos:\t5000\nflags:\t0100001\nmnt_id:\t27\nino:\t9\n',
      stat: fileStat({ ino: '9', size: 6000 }),
    });
    expect(fd.kind).toBe('file');
    expect(attributesOf(fd)).toMatchObject({
      path: '/var/log/app.log',
      bytes: 6000,
      allocatedBytes: 4096,
      links: 1,
      inode: '9',
      position: 5000,
      deleted: false,
    });
    expect(kindOf(fd).identity(fd)).toEqual({ id: 'file:2049:9', quality: 'weak' });
  });

  it('is told by mount and inode without a stat, and by its name without both', () => {
    const withInfo = makeFd('/a', { info: fdInfo({ ino: '9' }) });
    expect(kindOf(withInfo).identity(withInfo).id).toBe('file:mnt17:9');
    const bare = makeFd('/a');
    expect(kindOf(bare).identity(bare).id).toBe('file:/a');
  });

  it('is deleted when no name is left', () => {
    const fd = makeFd('/tmp/del me\nnl (deleted)', { stat: fileStat({ nlink: 0 }) });
    expect(isUnlinked(fd)).toBe(true);
    expect(pathOf(fd)).toBe('/tmp/del me\nnl');
    expect(kindOf(fd).key(fd)).toBe('/tmp/del me\nnl (deleted)');
  });

  it('is not deleted when it really is called so', () => {
    const fd = makeFd('/tmp/x (deleted)', { stat: fileStat({ nlink: 1 }) });
    expect(isUnlinked(fd)).toBe(false);
    expect(attributesOf(fd).deleted).toBe(false);
    expect(pathOf(fd)).toBe('/tmp/x (deleted)');
  });

  it('is not deleted while another hard link holds its space', () => {
    const fd = makeFd('/tmp/a (deleted)', { stat: fileStat({ nlink: 1 }) });
    expect(attributesOf(fd)).toMatchObject({ deleted: false, links: 1 });
  });

  it('keeps a name that holds the mark itself when it is unlinked too', () => {
    expect(pathOf(makeFd('/x (deleted) (deleted)', { stat: fileStat({ nlink: 0 }) }))).toBe('/x (deleted)');
  });

  it('trusts the mark when nothing else was answered', () => {
    expect(isUnlinked(makeFd('/tmp/a (deleted)'))).toBe(true);
  });

  it('is what an O_TMPFILE makes, although its flags hold O_DIRECTORY', () => {
    expect(makeFd('/tmp/#9986104 (deleted)', { info: fdInfo({ flags: '022300002' }) }).kind).toBe('file');
  });

  it('may lie in /dev/shm', () => {
    expect(makeFd('/dev/shm/x').kind).toBe('file');
    expect(makeFd('/dev/shm/x', { stat: fileStat() }).kind).toBe('file');
  });
});

describe('directory', () => {
  it('is told by stat', () => {
    expect(makeFd('/tmp', { info: fdInfo({ flags: '02100000' }), stat: fileStat({ mode: DIRECTORY }) }).kind).toBe('directory');
    expect(makeFd('/tmp/f', { info: fdInfo({ flags: '0200000' }), stat: fileStat() }).kind).toBe('file');
  });

  it('is told by O_DIRECTORY without a stat', () => {
    expect(makeFd('/tmp', { info: fdInfo({ flags: '02300000' }) }).kind).toBe('directory');
    expect(makeFd('/tmp', { info: fdInfo({ flags: '012000000' }) }).kind).toBe('file');
  });

  it('may be removed', () => {
    const fd = makeFd('/tmp/gone (deleted)', { stat: fileStat({ mode: DIRECTORY, nlink: 0 }) });
    expect(isUnlinked(fd)).toBe(true);
    expect(kindOf(fd).key(fd)).toBe('/tmp/gone (deleted)');
  });
});

describe('device', () => {
  it('is told by stat, wherever it lies', () => {
    expect(makeFd('/dev/null', { stat: fileStat({ mode: CHARACTER }) }).kind).toBe('device');
    const disk = makeFd('/srv/disk', { stat: fileStat({ mode: BLOCK }) });
    expect(attributesOf(disk)).toEqual({ path: '/srv/disk', block: true });
    expect(makeFd('/dev/core-dump', { stat: fileStat() }).kind).toBe('file');
  });

  it('is told by its place without a stat', () => {
    expect(makeFd('/dev/null').kind).toBe('device');
    expect(attributesOf(makeFd('/dev/null')).block).toBeUndefined();
  });
});

describe('memfd', () => {
  it('is no file and not deleted', () => {
    const fd = makeFd('/memfd:name x (deleted)', {
      info: fdInfo({ ino: '1033' }),
      stat: fileStat({ ino: '1033', nlink: 0, mode: 0o100777 }),
    });
    expect(fd.kind).toBe('memfd');
    expect(isUnlinked(fd)).toBe(false);
    expect(attributesOf(fd)).toMatchObject({ name: 'memfd:name x', bytes: 10, inode: '1033' });
    expect(kindOf(fd).identity(fd)).toEqual({ id: 'memfd:1033', quality: 'exact' });
    expect(kindOf(makeFd('/memfd:a (deleted)')).identity(makeFd('/memfd:a (deleted)')).quality).toBe('weak');
  });

  it('may hold a slash and any other byte in its name', () => {
    expect(makeFd('/memfd:a/b\n (deleted)').kind).toBe('memfd');
  });

  it('is what memfd_secret makes, which has a link', () => {
    expect(makeFd('/secretmem (deleted)', { stat: fileStat({ mode: 0o100600, nlink: 1 }) }).kind).toBe('memfd');
  });

  it('is not a file of a container that is called so', () => {
    expect(makeFd('/memfd:x/app.log', { stat: fileStat() }).kind).toBe('file');
    expect(makeFd('/memfd:x (deleted)', { stat: fileStat({ nlink: 1 }) }).kind).toBe('file');
  });
});

describe('pipe', () => {
  it('has ends, and an identity for each', () => {
    const read = makeFd('pipe:[615748]', { info: fdInfo({ flags: '02000000' }) });
    const write = makeFd('pipe:[615748]', { info: fdInfo({ flags: '02000001' }) });
    expect(attributesOf(read)).toEqual({ end: 'read', inode: '615748' });
    expect(kindOf(read).identity(read)).toEqual({ id: 'pipe:615748:read', quality: 'exact' });
    expect(kindOf(write).identity(write).id).toBe('pipe:615748:write');
    expect([kindOf(read).key(read), kindOf(write).key(write)]).toEqual(['read end', 'write end']);
  });

  it('has no known end without fdinfo', () => {
    const fd = makeFd('pipe:[1]');
    expect(attributesOf(fd).end).toBeUndefined();
    expect(kindOf(fd).key(fd)).toBe('end unknown');
  });

  it('is a FIFO too, by stat only', () => {
    const fd = makeFd('/run/app.fifo', { info: fdInfo({ flags: '02100002' }), stat: fileStat({ mode: FIFO, ino: '5' }) });
    expect(fd.kind).toBe('pipe');
    expect(attributesOf(fd)).toEqual({ end: 'both', inode: '5' });
    expect(kindOf(fd).key(fd)).toBe('/run/app.fifo (both ends)');
    expect(kindOf(fd).wideKey!(fd)).toBe('/run/* (both ends)');
    expect(kindOf(fd).identity(fd)).toEqual({ id: 'pipe:2049:5', quality: 'weak' });
    expect(makeFd('/run/app.fifo').kind).toBe('file');
  });

  it('opened O_PATH has no end', () => {
    expect(
      attributesOf(makeFd('/run/app.fifo', { info: fdInfo({ flags: '010000000' }), stat: fileStat({ mode: FIFO }) })).end,
    ).toBeUndefined();
  });
});
