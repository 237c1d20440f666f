/** What families and protocols of sockets are called, by number. */
import type { SocketProbe } from '../../evidence/types.ts';
import type { SocketRow } from '../types.ts';

/** include/linux/socket.h. */
const families: Record<number, string> = {
  1: 'unix', 2: 'inet', 3: 'ax25', 9: 'x25', 10: 'inet6', 15: 'key', 16: 'netlink', 17: 'packet', 21: 'rds', 24: 'pppox',
  29: 'can', 30: 'tipc', 31: 'bluetooth', 33: 'rxrpc', 35: 'phonet', 36: 'ieee802154', 38: 'alg', 39: 'nfc', 40: 'vsock', 41: 'kcm',
  42: 'qipcrtr', 43: 'smc', 44: 'xdp', 45: 'mctp',
};

/** include/linux/net.h. */
const types: Record<number, string> = { 1: 'stream', 2: 'dgram', 3: 'raw', 4: 'rdm', 5: 'seqpacket', 6: 'dccp', 10: 'packet' };

/** include/uapi/linux/netlink.h. */
const netlinkProtocols: Record<number, string> = {
  0: 'ROUTE', 2: 'USERSOCK', 3: 'FIREWALL', 4: 'SOCK_DIAG', 5: 'NFLOG', 6: 'XFRM', 7: 'SELINUX', 8: 'ISCSI', 9: 'AUDIT', 10: 'FIB_LOOKUP',
  11: 'CONNECTOR', 12: 'NETFILTER', 13: 'IP6_FW', 14: 'DNRTMSG', 15: 'KOBJECT_UEVENT', 16: 'GENERIC', 18: 'SCSITRANSPORT', 19: 'ECRYPTFS',
  20: 'RDMA', 21: 'CRYPTO', 22: 'SMC',
};

/** IANA, as far as somebody opens raw sockets for them. */
const ipProtocols: Record<number, string> = {
  0: 'IP', 1: 'ICMP', 2: 'IGMP', 4: 'IPIP', 6: 'TCP', 17: 'UDP', 41: 'IPV6', 46: 'RSVP', 47: 'GRE', 50: 'ESP', 51: 'AH',
  58: 'ICMPV6', 89: 'OSPF', 103: 'PIM', 108: 'COMP', 112: 'VRRP', 115: 'L2TP', 132: 'SCTP', 136: 'UDPLITE', 255: 'RAW',
};

/** include/uapi/linux/if_ether.h; a packet socket of protocol 0 receives nothing. */
const etherTypes = new Map([
  [0, 'NONE'], [3, 'ALL'], [0x0800, 'IP'], [0x0806, 'ARP'], [0x8035, 'RARP'], [0x8100, '8021Q'], [0x86dd, 'IPV6'], [0x8863, 'PPP_DISC'],
  [0x8864, 'PPP_SES'], [0x888e, 'PAE'], [0x88cc, 'LLDP'],
]);

const AF_INET = 2;
const AF_INET6 = 10;
const AF_NETLINK = 16;
const SOCK_RAW = 3;
const IPPROTO_TCP = 6;
const IPPROTO_UDP = 17;
const IPPROTO_SCTP = 132;
const IPPROTO_MPTCP = 262;
/** Families whose living sockets stand in the tables of /proc/PID/net. */
const LISTED = new Set([1, AF_INET, AF_INET6, AF_NETLINK, 17]);

/** `tcp6`, `netlink`, `vsock`, `family 99`; undefined when nobody could ask. */
export function protocolOfProbe(probe: SocketProbe | undefined): string | undefined {
  if (!probe) return undefined;
  const { domain, type, protocol } = probe;
  if (domain === AF_INET || domain === AF_INET6) {
    const six = domain === AF_INET6 ? '6' : '';
    if (type === SOCK_RAW) return `raw${six}`;
    if (protocol === IPPROTO_TCP) return `tcp${six}`;
    if (protocol === IPPROTO_UDP) return `udp${six}`;
    if (protocol === IPPROTO_SCTP) return `sctp${six}`;
    if (protocol === IPPROTO_MPTCP) return 'mptcp';
  }
  return families[domain] ?? `family ${domain}`;
}

/** What a netlink socket talks to, what a raw or packet socket carries: `KOBJECT_UEVENT`, `ICMP`, `ARP`; numbers stay numbers. */
export function subprotocolOf({ row, probe }: { row?: SocketRow; probe?: SocketProbe }): string | undefined {
  if (row) {
    if (row.protocol === 'netlink') return nameOf(netlinkProtocols, row.family);
    if (row.protocol === 'packet') return row.family === undefined ? undefined : etherTypeName(row.family);
    // net/ipv4/raw.c prints the protocol where others have a port.
    return row.protocol === 'raw' || row.protocol === 'raw6' ? nameOf(ipProtocols, row.localPort) : undefined;
  }
  if (probe?.domain === AF_NETLINK) return nameOf(netlinkProtocols, probe.protocol);
  return probe?.type === SOCK_RAW && protocolOfProbe(probe)?.startsWith('raw') ? nameOf(ipProtocols, probe.protocol) : undefined;
}

function nameOf(names: Record<number, string>, number: number | undefined): string | undefined {
  return number === undefined ? undefined : (names[number] ?? String(number));
}

function etherTypeName(number: number): string {
  return etherTypes.get(number) ?? `0x${number.toString(16).padStart(4, '0')}`;
}

/** Of a socket in no table that is not TCP: for most families there is none. */
export function probeWords(probe: SocketProbe): string {
  const protocol = protocolOfProbe(probe);
  if (!LISTED.has(probe.domain)) return `${protocol} ${types[probe.type] ?? `type ${probe.type}`}`;
  const subprotocol = subprotocolOf({ probe });
  return `${protocol}${subprotocol === undefined ? '' : ` ${subprotocol}`} in no socket table`;
}
