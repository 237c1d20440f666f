/** Who we are, and which capabilities we hold: /proc/self/status, kernel fs/proc/array.c task_cap. */
import type { ByteString, Evidence } from '../evidence/types.ts';
import { parseNumber, wholeLines, words } from '../kernel/proc/scan.ts';
import { parseStatus } from '../kernel/proc/status.ts';
import { type Capability, FROM_OUTSIDE } from './capability.ts';

/** Bits of CapEff, kernel include/uapi/linux/capability.h. */
const CAP_DAC_READ_SEARCH = 2;
const CAP_NET_ADMIN = 12;
const CAP_SYS_PTRACE = 19;
const CAP_SYS_RESOURCE = 24;

/** Not needed to look: each is for one thing. */
const others: readonly (readonly [bit: number, name: string, use: string])[] = [
  [CAP_DAC_READ_SEARCH, 'CAP_DAC_READ_SEARCH', 'paths of what others watch'],
  [CAP_NET_ADMIN, 'CAP_NET_ADMIN', 'namespaces of sockets that no table lists'],
  [CAP_SYS_RESOURCE, 'CAP_SYS_RESOURCE', 'raising the hard limit of a running process (prlimit)'],
];

export interface Rights {
  euid: number;
  /** CapEff; 0 when it could not be read, which `unknown` tells. */
  effective: bigint;
  unknown?: true;
  /** In a user namespace of its own, where capabilities end at its border. */
  ownNamespace: boolean;
}

export function readRights(evidence: Evidence): Rights {
  const status = evidence.read('/proc/self/status').value ?? '';
  const uidMap = words(wholeLines(evidence.read('/proc/self/uid_map').value ?? '')[0] ?? '');
  return {
    euid: parseStatus(status)?.euid ?? -1,
    effective: parseEffective(status),
    ...(!EFFECTIVE.test(status) && { unknown: true as const }),
    ownNamespace: uidMap.length === 3 && !(uidMap[0] === '0' && uidMap[1] === '0' && parseNumber(uidMap[2]!) === 0xffffffff),
  };
}

const EFFECTIVE = /^CapEff:\t([0-9a-f]{1,16})\n/m;
/** Without /proc/self/status nothing is known, which is neither a right we have nor one we lack. */
const UNREAD = 'not known: /proc/self/status cannot be read';

/** The mask of the CapEff line, 0n without one. */
export function parseEffective(status: ByteString): bigint {
  const match = EFFECTIVE.exec(status);
  return match ? BigInt(`0x${match[1]}`) : 0n;
}

export function mayPtrace(rights: Rights): boolean {
  return has(rights, CAP_SYS_PTRACE);
}

function has({ effective }: Rights, bit: number): boolean {
  return ((effective >> BigInt(bit)) & 1n) === 1n;
}

export function rightsRows(rights: Rights): Capability[] {
  const { euid, ownNamespace } = rights;
  const who = euid === 0 ? 'root' : `uid ${euid}`;
  const where = ownNamespace ? ', in a user namespace: no rights over processes outside of it' : '';
  const user: Capability =
    euid < 0
      ? { name: 'user', status: 'absent', detail: UNREAD, loses: 'whose processes can be looked at without more rights' }
      : { name: 'user', status: 'ok', detail: `${who}${where}` };
  return [user, ptraceRow(rights), othersRow(rights)];
}

function ptraceRow(rights: Rights): Capability {
  const name = 'CAP_SYS_PTRACE';
  if (rights.unknown) return { name, status: 'absent', detail: UNREAD, loses: 'whether descriptors of processes of other users are readable' };
  if (mayPtrace(rights))
    return {
      name,
      status: 'ok',
      detail: `held: descriptors of every process${rights.ownNamespace ? ' of this namespace' : ''} are readable`,
    };
  const detail = rights.euid === 0 ? 'not held: processes with rights of their own are out of reach' : 'not held: own processes only';
  return { name, status: 'denied', detail, loses: 'descriptors of processes of other users', fix: fixFor(rights) };
}

function othersRow(rights: Rights): Capability {
  const name = 'other rights';
  if (rights.unknown) return { name, status: 'absent', detail: UNREAD, loses: `whether there are rights for: ${others.map(([, , use]) => use).join('; ')}` };
  const missing = others.filter(([bit]) => !has(rights, bit));
  if (missing.length === 0) return { name, status: 'ok', detail: others.map(([, cap]) => cap).join(', ') };
  return {
    name,
    status: missing.length === others.length ? 'denied' : 'partial',
    detail: `without ${missing.map(([, cap]) => cap).join(', ')}`,
    loses: missing.map(([, , use]) => use).join('; '),
    fix: rights.euid === 0 ? 'run it on the host, or add these capabilities to the container' : fixFor(rights),
  };
}

function fixFor({ euid }: Rights): string {
  return euid === 0 ? FROM_OUTSIDE : 'sudo reloadctl ...';
}
