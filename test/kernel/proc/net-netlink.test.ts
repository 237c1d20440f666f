import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scanNetlink } from '../../../src/kernel/proc/net-netlink.ts';
import type { SocketRow } from '../../../src/kernel/types.ts';
import { inodes, neverThrows, unsigned } from './bytes.ts';

const HEADER = 'sk               Eth Pid        Groups   Rmem     Wmem     Dump  Locks    Drops    Inode\n';
const TABLE = `${HEADER}0000000068aeb67b 0   0          00000000 0        0        0     2        0        4       
000000008940805f 15  5463       00000001 832      7        0     2        0        10866   
`;

function scan(text: string, wanted?: (inode: string) => boolean): SocketRow[] {
  const rows: SocketRow[] = [];
  scanNetlink(text, (row) => rows.push(row), wanted);
  return rows;
}

describe('scanNetlink', () => {
  it('reads a captured table', () => {
    expect(scan(TABLE)).toEqual([
      { protocol: 'netlink', inode: '4', state: 'UNCONNECTED', family: 0, receiveQueue: 0, sendQueue: 0 },
      { protocol: 'netlink', inode: '10866', state: 'UNCONNECTED', family: 15, receiveQueue: 832, sendQueue: 7 },
    ]);
    expect(scan(TABLE, (inode) => inode === '10866')).toHaveLength(1);
  });

  it('finds the columns by name, as kernels add some', () => {
    expect(scan('sk Eth Pid Inode Extra\nff 4 0 477 9\n')).toEqual([
      { protocol: 'netlink', inode: '477', state: 'UNCONNECTED', family: 4 },
    ]);
  });

  it('skips rows that are cut off or do not fit the header', () => {
    expect(scan(TABLE.slice(0, TABLE.indexOf('866')))).toHaveLength(1);
    expect(scan(`${TABLE}1 2 3\n`)).toHaveLength(2);
    expect(scan(TABLE.replace(HEADER, ''))).toEqual([]);
  });

  it('reads back what the kernel would print', () => {
    const model = fc.record({ inode: inodes, family: unsigned(5), receiveQueue: unsigned(31), sendQueue: unsigned(31) });
    fc.assert(
      fc.property(fc.array(model), (models) => {
        const lines = models.map(
          (m) =>
            `0000000068aeb67b ${String(m.family).padEnd(3)} ${'7'.padEnd(10)} 00000000 ` +
            `${String(m.receiveQueue).padEnd(8)} ${String(m.sendQueue).padEnd(8)} ` +
            `${'0'.padEnd(5)} ${'2'.padEnd(8)} ${'0'.padEnd(8)} ${m.inode.padEnd(8)}\n`,
        );
        expect(scan(HEADER + lines.join(''))).toEqual(models.map((m) => ({ protocol: 'netlink', state: 'UNCONNECTED', ...m })));
      }),
    );
  });

  it('never throws', () => neverThrows(scan, TABLE));
});
