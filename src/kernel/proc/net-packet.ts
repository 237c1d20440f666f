/** /proc/net/packet, kernel net/packet/af_packet.c packet_seq_show. */
import type { ByteString } from '../../evidence/types.ts';
import type { SocketRow } from '../types.ts';
import { scanColumns } from './columns.ts';
import { isDecimal, parseHex, parseNumber } from './scan.ts';

/**
 * Visits the rows; `family` is the ethertype (0x800 is IPv4, 3 all). Packet sockets connect to nothing: all are UNCONNECTED.
 * Rows without a whole inode or ethertype are skipped.
 */
export function scanPacket(text: ByteString, visit: (row: SocketRow) => void, wanted?: (inode: string) => boolean): void {
  scanColumns(text, (column) => {
    const inode = column('Inode');
    const proto = column('Proto');
    const family = parseHex(proto, 0, proto.length);
    if (!isDecimal(inode) || family < 0 || (wanted && !wanted(inode))) return;
    const row: SocketRow = { protocol: 'packet', inode, state: 'UNCONNECTED', family };
    const receiveQueue = parseNumber(column('Rmem'));
    const uid = parseNumber(column('User'));
    if (receiveQueue >= 0) row.receiveQueue = receiveQueue;
    if (uid >= 0) row.uid = uid;
    visit(row);
  });
}
