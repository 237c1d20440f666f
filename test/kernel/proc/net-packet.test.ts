import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scanPacket } from '../../../src/kernel/proc/net-packet.ts';
import type { SocketRow } from '../../../src/kernel/types.ts';
import { inodes, neverThrows, unsigned } from './bytes.ts';

const HEADER = 'sk               RefCnt Type Proto  Iface R Rmem   User   Inode\n';
const TABLE = `${HEADER}000000009cf30bad 3      3    0800   0     1 0      0      10864 
0000000068aeb67b 3      2    0003   2     1 832    1000   10865 
`;

function scan(text: string, wanted?: (inode: string) => boolean): SocketRow[] {
  const rows: SocketRow[] = [];
  scanPacket(text, (row) => rows.push(row), wanted);
  return rows;
}

describe('scanPacket', () => {
  it('reads a captured table', () => {
    expect(scan(TABLE)).toEqual([
      { protocol: 'packet', inode: '10864', state: 'UNCONNECTED', family: 0x800, receiveQueue: 0, uid: 0 },
      { protocol: 'packet', inode: '10865', state: 'UNCONNECTED', family: 3, receiveQueue: 832, uid: 1000 },
    ]);
    expect(scan(TABLE, (inode) => inode === '10864')).toHaveLength(1);
  });

  it('skips rows that are cut off or do not fit the header', () => {
    expect(scan(TABLE.slice(0, TABLE.lastIndexOf('865')))).toHaveLength(1);
    expect(scan(`${TABLE}\n1 2 3\n`)).toHaveLength(2);
  });

  it('reads back what the kernel would print', () => {
    const model = fc.record({ inode: inodes, family: unsigned(16), receiveQueue: unsigned(31), uid: unsigned(32) });
    fc.assert(
      fc.property(fc.array(model), (models) => {
        const lines = models.map(
          (m) =>
            `000000009cf30bad ${'3'.padEnd(6)} ${'3'.padEnd(4)} ${m.family.toString(16).padStart(4, '0')}   ${'0'.padEnd(5)} 1 ` +
            `${String(m.receiveQueue).padEnd(6)} ${String(m.uid).padEnd(6)} ${m.inode.padEnd(6)}\n`,
        );
        expect(scan(HEADER + lines.join(''))).toEqual(models.map((m) => ({ protocol: 'packet', state: 'UNCONNECTED', ...m })));
      }),
    );
  });

  it('never throws', () => neverThrows(scan, TABLE));
});
