import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scanUnix } from '../../../src/kernel/proc/net-unix.ts';
import type { SocketRow } from '../../../src/kernel/types.ts';
import { hex, inodes, nameBytes, neverThrows } from './bytes.ts';

const HEADER = 'Num       RefCount Protocol Flags    Type St Inode Path\n';
const TABLE = `${HEADER}00000000a698082e: 00000003 00000000 00000000 0001 02     0 @abs
name x
00000000a82b77b0: 00000003 00000000 00000000 0005 03 10861
000000008479334d: 00000002 00000000 00010000 0001 01 10858 /run/app/a b
c
0000000074c2876f: 00000002 00000000 00000000 0002 01 10857 @
00000000bf85a29f: 00000002 00000000 00010000 0005 01 10860 @nul@in
`;

function scan(text: string, wanted?: (inode: string) => boolean): SocketRow[] {
  const rows: SocketRow[] = [];
  scanUnix(text, (row) => rows.push(row), wanted);
  return rows;
}

describe('scanUnix', () => {
  it('reads a captured table, names with newlines and spaces included', () => {
    expect(scan(TABLE)).toEqual([
      { protocol: 'unix', inode: '0', state: 'CONNECTING', unixType: 'stream', path: '@abs\nname x' },
      { protocol: 'unix', inode: '10861', state: 'CONNECTED', unixType: 'seqpacket' },
      { protocol: 'unix', inode: '10858', state: 'LISTEN', unixType: 'stream', path: '/run/app/a b\nc' },
      { protocol: 'unix', inode: '10857', state: 'UNCONNECTED', unixType: 'dgram', path: '@' },
      { protocol: 'unix', inode: '10860', state: 'LISTEN', unixType: 'seqpacket', path: '@nul@in' },
    ]);
  });

  it('makes only the wanted rows and does not mistake the rest of an unwanted name for one', () => {
    expect(scan(TABLE, (inode) => inode === '10857' || inode === '10861').map((row) => row.inode)).toEqual(['10861', '10857']);
  });

  it('keeps what looks almost like a row as part of the name', () => {
    const name = '@x\n00000000a82b77b0: 00000003 00000000 00000000 0005 03 1086x\n\n: \n00000000a82b77b0:';
    const row = `000000007a1807ab: 00000002 00000000 00010000 0001 01 10859 ${name}\n`;
    const text = `${HEADER}${row}00000000a82b77b0: 00000003 00000000 00000000 0001 03   543\n`;
    expect(scan(text)).toMatchObject([{ inode: '10859', path: name }, { inode: '543' }]);
  });

  it('reads pointers of 32 bits and those of a kernel that has no key for them yet', () => {
    const row = '00000003 00000000 00000000 0001 03   543\n';
    expect(scan(`${HEADER}a698082e: ${row}(____ptrval____): ${row}(ptrval): ${row}`)).toHaveLength(3);
  });

  it('trusts no inode that is cut off', () => {
    expect(scan(TABLE.slice(0, TABLE.indexOf('861\n')))).toHaveLength(1);
    expect(scan(TABLE.slice(0, TABLE.indexOf('61\n0')))).toHaveLength(1);
  });

  it('names states and types it does not know', () => {
    expect(scan(`${HEADER}00000000a82b77b0: 00000003 00000000 00000000 0003 07 1\n`)).toEqual([
      { protocol: 'unix', inode: '1', state: 'UNKNOWN_7' },
    ]);
  });

  it('takes time linear in a hostile text', () => {
    const begun = process.cpuUsage();
    scan('00000000a82b77b0:\n'.repeat(100_000));
    scan(`${TABLE}${'x\n'.repeat(300_000)}`);
    expect(process.cpuUsage(begun).user).toBeLessThan(5_000_000);
  });

  it('reads back what the kernel would print', () => {
    const states = { 0: 'FREE', 1: 'UNCONNECTED', 2: 'CONNECTING', 3: 'CONNECTED', 4: 'DISCONNECTING' };
    const types = { 1: 'stream', 2: 'dgram', 5: 'seqpacket' };
    const model = fc.record({
      inode: inodes,
      listen: fc.boolean(),
      state: fc.constantFrom(0 as const, 1 as const, 2 as const, 3 as const, 4 as const),
      type: fc.constantFrom(1 as const, 2 as const, 5 as const),
      path: fc.option(nameBytes(108)),
    });
    fc.assert(
      fc.property(fc.array(model, { maxLength: 5 }), (models) => {
        const lines = models.map(
          (m) =>
            `00000000a82b77b0: 00000003 00000000 ${m.listen ? '00010000' : '00000000'} ` +
            `${hex(m.type, 4)} ${hex(m.state, 2)} ${m.inode.padStart(5)}` +
            `${m.path === null ? '' : ` ${m.path}`}\n`,
        );
        expect(scan(HEADER + lines.join(''))).toEqual(
          models.map((m) => ({
            protocol: 'unix',
            inode: m.inode,
            state: m.listen ? 'LISTEN' : states[m.state],
            unixType: types[m.type],
            ...(m.path === null ? {} : { path: m.path }),
          })),
        );
      }),
    );
  });

  it('never throws', () => neverThrows(scan, TABLE));
});
