/**
 * /proc/net/{tcp,tcp6,udp,udp6,udplite,udplite6,raw,raw6,icmp,icmp6}, kernel net/ipv4/tcp_ipv4.c get_tcp4_sock,
 * net/ipv4/udp.c udp4_format_sock, net/ipv4/raw.c raw_sock_seq_show, net/ipv4/ping.c ping_v4_format_sock, and their IPv6 twins.
 */
import { endianness } from 'node:os';
import type { ByteString } from '../../evidence/types.ts';
import type { SocketProtocol, SocketRow } from '../types.ts';
import { type ByteOrder, inetAddress } from './inet-address.ts';
import { isDecimal, parseHex, parseNumber, skipSpaces, skipWord } from './scan.ts';

export type InetProtocol = Exclude<SocketProtocol, 'unix' | 'netlink' | 'packet'>;

/** include/net/tcp_states.h, by number. */
const TCP_STATES = [
  '',
  'ESTABLISHED',
  'SYN_SENT',
  'SYN_RECV',
  'FIN_WAIT1',
  'FIN_WAIT2',
  'TIME_WAIT',
  'CLOSE',
  'CLOSE_WAIT',
  'LAST_ACK',
  'LISTEN',
  'CLOSING',
  'NEW_SYN_RECV',
];
const TCP_ESTABLISHED = 1;
const SPACE = 0x20;

/** `ESTABLISHED` ... `NEW_SYN_RECV` for 1 to 12, `UNKNOWN_n` for a number no kernel has printed yet. */
export function tcpStateName(state: number): string {
  return TCP_STATES[state] || `UNKNOWN_${state}`;
}

/** A UDP or raw socket has the states of TCP, and only one of them says something. */
export function socketStateName(protocol: string, state: number): string {
  if (protocol.startsWith('tcp')) return tcpStateName(state);
  return state === TCP_ESTABLISHED ? 'ESTABLISHED' : 'UNCONNECTED';
}

/**
 * Visits the rows of one table in its order. `wanted` is asked first, with the inode in decimal, the kernel's state number
 * and the ports; only for true is a row made and its addresses written out. raw: the local port is the protocol number;
 * icmp: the echo identifier. Malformed rows, and a last row without its newline, are skipped.
 * @param order byte order of the machine the text is from
 */
export function scanInet(
  text: ByteString,
  protocol: InetProtocol,
  visit: (row: SocketRow) => void,
  wanted?: (inode: string, state: number, localPort: number, remotePort: number) => boolean,
  order: ByteOrder = endianness(),
): void {
  const width = protocol.endsWith('6') ? 32 : 8;
  // Few distinct addresses fill a large table.
  const addresses = new Map<ByteString, string>();
  const address = (from: number): string => {
    const hex = text.slice(from, from + width);
    const known = addresses.get(hex);
    if (known !== undefined) return known;
    const fresh = inetAddress(hex, order);
    addresses.set(hex, fresh);
    return fresh;
  };

  let end = -1;
  for (let start = 0; ; start = end + 1) {
    end = text.indexOf('\n', start);
    if (end < 0) return;
    // `slot: ` of any width, then fixed columns: `local:port remote:port st tx_queue:rx_queue `.
    const local = skipWord(text, skipSpaces(text, start, end), end) + 1;
    const remote = local + width + 6;
    const st = remote + width + 6;
    const localPort = parseHex(text, local + width + 1, local + width + 5);
    const remotePort = parseHex(text, remote + width + 1, remote + width + 5);
    const state = parseHex(text, st, st + 2);
    if (st + 20 > end || localPort < 0 || remotePort < 0 || state < 0) continue;

    // Then `tr:tm->when retrnsmt` of 20 columns, unless the timer has more digits than 8, and numbers of no fixed width: `uid timeout inode`.
    const retransmits = text.charCodeAt(st + 32) === SPACE ? st + 33 : skipSpaces(text, skipWord(text, st + 21, end), end);
    const uidFrom = skipSpaces(text, text.charCodeAt(retransmits + 8) === SPACE ? retransmits + 8 : skipWord(text, retransmits, end), end);
    const uidTo = skipWord(text, uidFrom, end);
    const inodeFrom = skipSpaces(text, skipWord(text, skipSpaces(text, uidTo, end), end), end);
    const inodeTo = skipWord(text, inodeFrom, end);
    if (!isDecimal(text, inodeFrom, inodeTo)) continue;
    const inode = text.slice(inodeFrom, inodeTo);
    if (wanted && !wanted(inode, state, localPort, remotePort)) continue;

    const uid = parseNumber(text, uidFrom, uidTo);
    const sendQueue = parseHex(text, st + 3, st + 11);
    const receiveQueue = parseHex(text, st + 12, st + 20);
    if (uid < 0 || sendQueue < 0 || receiveQueue < 0 || !isHex(text, local, width) || !isHex(text, remote, width)) continue;
    visit({
      protocol,
      inode,
      state: socketStateName(protocol, state),
      localAddress: address(local),
      localPort,
      remoteAddress: address(remote),
      remotePort,
      receiveQueue,
      sendQueue,
      uid,
    });
  }
}

function isHex(text: ByteString, from: number, width: number): boolean {
  return parseHex(text, from, from + width) >= 0;
}
