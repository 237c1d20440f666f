/** /proc/PID/status, kernel fs/proc/array.c proc_pid_status. */
import type { ByteString } from '../../evidence/types.ts';
import { parseNumber, wholeLine, words } from './scan.ts';

export interface ProcStatus {
  /** Thread name, raw. */
  name: ByteString;
  /** One letter: R S D Z T t X I. */
  state: string;
  tgid: number;
  ppid: number;
  /** Real user id. */
  uid: number;
  euid: number;
  /** Saved user id. */
  savedUid: number;
  /** Slots of the descriptor table; 0 for a zombie. */
  fdSize: number;
  threads: number;
  /** The pid in each nested pid namespace, outermost first; empty before Linux 4.1. */
  nsPids: number[];
  /** Caught signals: bit N-1 is signal N. */
  sigCgt: bigint;
}

/** Null when a field is missing or malformed, NSpid aside: a defaulted SigCgt would be a false "this signal kills it". */
export function parseStatus(text: ByteString): ProcStatus | null {
  const name = fieldOf(text, 'Name');
  const state = fieldOf(text, 'State')?.charAt(0);
  const uids = words(fieldOf(text, 'Uid') ?? '');
  const sigCgt = fieldOf(text, 'SigCgt') ?? '';
  if (name === undefined || state === undefined || !/^[A-Za-z]$/.test(state) || !/^[0-9a-f]{1,32}$/i.test(sigCgt)) return null;
  const status: ProcStatus = {
    name: unescapeName(name),
    state,
    tgid: parseNumber(fieldOf(text, 'Tgid') ?? ''),
    ppid: parseNumber(fieldOf(text, 'PPid') ?? ''),
    uid: parseNumber(uids[0] ?? ''),
    euid: parseNumber(uids[1] ?? ''),
    savedUid: parseNumber(uids[2] ?? ''),
    fdSize: parseNumber(fieldOf(text, 'FDSize') ?? ''),
    threads: parseNumber(fieldOf(text, 'Threads') ?? ''),
    nsPids: words(fieldOf(text, 'NSpid') ?? '').map((word) => parseNumber(word)),
    sigCgt: BigInt(`0x${sigCgt}`),
  };
  const numbers = [status.tgid, status.ppid, status.uid, status.euid, status.savedUid, status.fdSize, status.threads, ...status.nsPids];
  return numbers.some((value) => value < 0) ? null : status;
}

/** Value of a key. A line without its newline is cut off and not trusted. */
function fieldOf(text: ByteString, key: string): ByteString | undefined {
  const value = wholeLine(text, `${key}:`);
  // Exactly one tab: a name may begin with white space of its own.
  return value?.startsWith('\t') ? value.slice(1) : value;
}

/** The kernel writes newline and backslash of a name as `\n` and `\\`, and nothing else. */
function unescapeName(name: ByteString): ByteString {
  return name.replace(/\\([n\\])/g, (_, char: string) => (char === 'n' ? '\n' : '\\'));
}
