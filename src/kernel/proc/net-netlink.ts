/** /proc/net/netlink, kernel net/netlink/af_netlink.c netlink_native_seq_show. */
import type { ByteString } from '../../evidence/types.ts';
import type { SocketRow } from '../types.ts';
import { scanColumns } from './columns.ts';
import { isDecimal, parseNumber } from './scan.ts';

/**
 * Visits the rows; `family` is the netlink protocol (0 is NETLINK_ROUTE), the queues are bytes of buffers in use. Netlink has
 * no states in this table: all are UNCONNECTED. Rows without a whole inode or family are skipped.
 */
export function scanNetlink(text: ByteString, visit: (row: SocketRow) => void, wanted?: (inode: string) => boolean): void {
  scanColumns(text, (column) => {
    const inode = column('Inode');
    const family = parseNumber(column('Eth'));
    if (!isDecimal(inode) || family < 0 || (wanted && !wanted(inode))) return;
    const row: SocketRow = { protocol: 'netlink', inode, state: 'UNCONNECTED', family };
    const receiveQueue = parseNumber(column('Rmem'));
    const sendQueue = parseNumber(column('Wmem'));
    if (receiveQueue >= 0) row.receiveQueue = receiveQueue;
    if (sendQueue >= 0) row.sendQueue = sendQueue;
    visit(row);
  });
}
