/** Arguments and results as strace writes them, as far as they tell something of descriptors; numbers otherwise (strace -X raw). */
import { constants } from 'node:os';
import type { ByteString } from '../../../evidence/types.ts';

const FAMILIES: Record<number, string> = { 1: 'AF_UNIX', 2: 'AF_INET', 10: 'AF_INET6', 16: 'AF_NETLINK', 17: 'AF_PACKET', 38: 'AF_ALG', 40: 'AF_VSOCK' };
const TYPES: Record<number, string> = { 1: 'SOCK_STREAM', 2: 'SOCK_DGRAM', 3: 'SOCK_RAW', 5: 'SOCK_SEQPACKET' };
const ERRNOS = new Map(Object.entries(constants.errno).map(([name, number]) => [number, name]));
const SIGNALS = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name]));
/** Restarted by the kernel, and seen by no program (include/linux/errno.h). */
const RESTARTS: Record<number, string> = { 512: 'ERESTARTSYS', 513: 'ERESTARTNOINTR', 514: 'ERESTARTNOHAND', 516: 'ERESTART_RESTARTBLOCK' };
const CLOSE_ALL = 0xffffffff;

/** Calls that tell two numbers in memory of the program, which no trace shows. */
export const PAIRS = new Set(['pipe', 'pipe2', 'socketpair']);

/** Descriptors and flags in decimal, addresses in hexadecimal. */
const plain = (value: number): string => (value < 2 ** 30 ? String(value) : `0x${value.toString(16)}`);
const hex = (value: number): string => `0x${value.toString(16)}`;

function familyAndType(family: number, type: number): string[] {
  const kind = `${TYPES[type & 15] ?? hex(type & 15)}${type & 0x80000 ? '|SOCK_CLOEXEC' : ''}${type & 0x800 ? '|SOCK_NONBLOCK' : ''}`;
  return [FAMILIES[family] ?? hex(family), kind];
}

/** What stands between the brackets. @param pair the two numbers of a call of `PAIRS` */
export function argumentsOf(name: string, values: readonly number[], pair?: string): string {
  const [first = 0, second = 0, third = 0] = values;
  switch (name) {
    case 'socket':
      return [...familyAndType(first, second), third].join(', ');
    case 'socketpair':
      return [...familyAndType(first, second), third, pair ?? '0x0'].join(', ');
    case 'pipe':
      return pair ?? '0x0';
    case 'pipe2':
      return `${pair ?? '0x0'}, ${plain(second)}`;
    case 'close_range':
      return `${first}, ${second === CLOSE_ALL || second > CLOSE_ALL ? '0xffffffff' : second}, ${plain(third)}`;
    case 'ioctl':
      return `${first}, ${hex(second)}, ${hex(third)}`;
    case 'openat':
      return ['AT_FDCWD', hex(second), openFlags(third)].join(', ');
    case 'open':
      return [hex(first), openFlags(second)].join(', ');
    case 'seccomp':
      return first === 1 && (second & 8) !== 0 ? 'SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, 0x0' : values.map(plain).join(', ');
    default:
      return values.map(plain).join(', ');
  }
}

export function openFlags(flags: number): string {
  return `${['O_RDONLY', 'O_WRONLY', 'O_RDWR'][flags & 3] ?? '0x3'}${flags & 0x80000 ? '|O_CLOEXEC' : ''}`;
}

/** Behind the equals sign. @param decoration what -y would add */
export function resultOf(value: number, decoration: string): string {
  if (value >= 0) return `${value}${decoration}`;
  const restart = RESTARTS[-value];
  if (restart !== undefined) return `? ${restart} (To be restarted)`;
  return value >= -4095 ? `-1 ${ERRNOS.get(-value) ?? `ERRNO_${-value}`} (${-value})` : `0x${(value + 2 ** 64).toString(16)}`;
}

export function signalName(number: number): string {
  return SIGNALS.get(number) ?? `SIGRT_${Math.max(0, number - 32)}`;
}

/** `</path>`, as -y has it: what would end it, or the line, is escaped in octal. */
export function decorationOf(link: ByteString): string {
  const deleted = link.endsWith(' (deleted)');
  return `<${quoted(deleted ? link.slice(0, -10) : link, /[<>\\\x00-\x1f\x7f-\xff]/g)}>${deleted ? '(deleted)' : ''}`;
}

export function stringOf(text: ByteString): string {
  return `"${quoted(text, /["\\\x00-\x1f\x7f-\xff]/g)}"`;
}

function quoted(text: ByteString, special: RegExp): string {
  return text.replace(special, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
}
