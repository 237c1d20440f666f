import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { NoDump } from '../../../src/goroutines/parse/index.ts';
import { utf16Order } from '../../../src/goroutines/parse/utf16.ts';
import { bytesOf, essence, goroutine, parse, times } from '../support/dumps.ts';

const dump = times(5, (i) => goroutine({ id: i + 1 })).join('');
const clean = essence(await parse(dump));
const profile = bytesOf('versions', 'go1.26-labels.pb.gz');

/** As zstd packs what it cannot make smaller: one raw block, no checksum (RFC 8878). */
function zstdOf(text: string): Buffer {
  const bytes = Buffer.from(text);
  const head = Buffer.alloc(12);
  head.writeUInt32LE(0xfd2fb528, 0);
  head.writeUInt8(0xa0, 4);
  head.writeUInt32LE(bytes.length, 5);
  head.writeUIntLE((bytes.length << 3) | 1, 9, 3);
  return Buffer.concat([head, bytes]);
}

interface TarOptions {
  name: string;
  type?: string;
}

function tarEntry({ name, type = '0' }: TarOptions, bytes: Buffer): Buffer {
  const header = Buffer.alloc(512);
  header.write(name.slice(0, 100), 0, 'latin1');
  header.write(`${bytes.length.toString(8).padStart(11, '0')}\0`, 124, 'latin1');
  header.write(`        ${type}`, 148, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  const sum = header.reduce((all, byte) => all + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return Buffer.concat([header, bytes, Buffer.alloc((512 - (bytes.length % 512)) % 512)]);
}

const tar = (...entries: Buffer[]): Buffer => Buffer.concat([...entries, Buffer.alloc(1024)]);
const readme = tarEntry({ name: 'debug/README' }, Buffer.from('nothing here'));
const pax = (path: string): Buffer => {
  const line = ` path=${path}\n`;
  const length = line.length + String(line.length + 2).length;
  return tarEntry({ name: 'PaxHeaders/x', type: 'x' }, Buffer.from(`${length}${line}`));
};

async function noDump(bytes: Buffer): Promise<NoDump> {
  const error = await parse(bytes).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(NoDump);
  return error as NoDump;
}

describe('a dump that is packed', () => {
  it('by zstd', async () => {
    for (const size of [5, 65_536]) expect(essence(await parse(zstdOf(dump), { size }))).toEqual(clean);
    expect(essence(await parse(gzipSync(zstdOf(dump))))).toEqual(clean);
  });

  it('by zstd, and cut: says so', async () => {
    expect((await noDump(zstdOf(dump).subarray(0, 40))).message).toMatch(/ends too early/);
  });

  it.each([
    ['xz', Buffer.from('fd377a585a0000', 'hex')],
    ['bzip2', Buffer.from('BZh91AY&SY')],
    ['lz4', Buffer.from('04224d1864', 'hex')],
    ['7z', Buffer.from('377abcaf271c0004', 'hex')],
  ])('by %s: is told how to unpack it', async (name, start) => {
    expect((await noDump(Buffer.concat([start, Buffer.alloc(600, 0x77)]))).message).toContain(`it is packed by ${name}, which is not unpacked here: `);
  });

  it('too often is not unpacked for ever', async () => {
    let bytes = Buffer.from(dump);
    for (let i = 0; i < 5; i++) bytes = gzipSync(bytes);
    expect((await noDump(bytes)).message).toMatch(/no format we know|no goroutine dump/);
  });
});

describe('a tar archive', () => {
  const text = tarEntry({ name: 'debug/goroutine.txt' }, Buffer.from(dump));

  it('with one dump in it is that dump', async () => {
    for (const archive of [tar(readme, text), gzipSync(tar(readme, text))]) expect(essence(await parse(archive))).toEqual(clean);
    expect((await parse(gzipSync(tar(readme, tarEntry({ name: 'debug/goroutine.pb' }, profile))))).format).toBe('profile');
  });

  it('with several asks for one, by the names that it has', async () => {
    const long = `${'directory/'.repeat(12)}goroutine.txt`;
    const gnu = Buffer.concat([tarEntry({ name: '././@LongLink', type: 'L' }, Buffer.from(`${long}\0`)), tarEntry({ name: long }, Buffer.from(dump))]);
    const archive = tar(readme, text, gnu, pax('x/ü.txt'), tarEntry({ name: 'short' }, Buffer.from(dump)));
    expect((await noDump(archive)).candidates).toEqual(['debug/goroutine.txt', long, 'x/ü.txt']);
    for (const entry of ['debug/goroutine.txt', long, 'x/ü.txt']) expect(essence(await parse(archive, { entry }))).toEqual(clean);
  });

  it('that is cut has what is whole; folders and links are no entries', async () => {
    const folder = tarEntry({ name: 'debug/', type: '5' }, Buffer.alloc(0));
    const link = tarEntry({ name: 'latest', type: '2' }, Buffer.alloc(0));
    expect(essence(await parse(Buffer.concat([folder, link, text, tarEntry({ name: 'later' }, Buffer.from(dump)).subarray(0, 700)])))).toEqual(clean);
    expect((await noDump(tar(readme))).message).toBe('no entry of the archive is a goroutine dump');
  });
});

describe('UTF-16 is told from', () => {
  it('text, profiles and junk', () => {
    expect(utf16Order(Buffer.from(dump))).toBeUndefined();
    expect(utf16Order(profile)).toBeUndefined();
    expect(utf16Order(Buffer.alloc(600))).toBeUndefined();
    expect(utf16Order(Buffer.alloc(0))).toBeUndefined();
    expect(utf16Order(Buffer.from(`\x7fELF${'\0\x01'.repeat(99)}`, 'latin1'))).toBeUndefined();
    expect(utf16Order(Buffer.from(dump, 'utf16le').swap16())).toBe('big');
    expect(utf16Order(Buffer.from(dump, 'utf16le'))).toBe('little');
  });
});
