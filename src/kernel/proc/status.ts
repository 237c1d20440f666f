/** /proc/PID/status, kernel fs/proc/array.c proc_pid_status. */
import type { ByteString } from '../../evidence/types.ts';
import { parseNumber, wholeLines, words } from './scan.ts';

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
  /** Slots of the descriptor table; 0 for a zombie. */
  fdSize: number;
  threads: number;
  /** The pid in each nested pid namespace, outermost first; empty before Linux 4.1. */
  nsPids: number[];
  /** Caught signals: bit N-1 is signal N. */
  sigCgt: bigint;
}

const KEYS = new Set(['Name', 'State', 'Tgid', 'PPid', 'Uid', 'FDSize', 'Threads', 'NSpid', 'SigCgt']);

/** Null when a field is missing or malformed, NSpid aside: a defaulted SigCgt would be a false "this signal kills it". */
export function parseStatus(text: ByteString): ProcStatus | null {
  const fields = fieldsOf(text);
  const name = fields.get('Name');
  const state = fields.get('State')?.charAt(0);
  const uids = words(fields.get('Uid') ?? '');
  const sigCgt = fields.get('SigCgt') ?? '';
  if (name === undefined || state === undefined || !/^[A-Za-z]$/.test(state) || !/^[0-9a-f]{1,32}$/i.test(sigCgt)) return null;
  const status: ProcStatus = {
    name: unescapeName(name),
    state,
    tgid: parseNumber(fields.get('Tgid') ?? ''),
    ppid: parseNumber(fields.get('PPid') ?? ''),
    uid: parseNumber(uids[0] ?? ''),
    euid: parseNumber(uids[1] ?? ''),
    fdSize: parseNumber(fields.get('FDSize') ?? ''),
    threads: parseNumber(fields.get('Threads') ?? ''),
    nsPids: words(fields.get('NSpid') ?? '').map((word) => parseNumber(word)),
    sigCgt: BigInt(`0x${sigCgt}`),
  };
  const numbers = [status.tgid, status.ppid, status.uid, status.euid, status.fdSize, status.threads, ...status.nsPids];
  return numbers.some((value) => value < 0) ? null : status;
}

/** Values of the wanted keys. A line without its newline is cut off and not trusted. */
function fieldsOf(text: ByteString): Map<string, ByteString> {
  const fields = new Map<string, ByteString>();
  for (const line of wholeLines(text)) {
    const colon = line.indexOf(':');
    const key = line.slice(0, colon);
    // Exactly one tab: a name may begin with white space of its own.
    if (colon > 0 && KEYS.has(key) && !fields.has(key)) fields.set(key, line.slice(line[colon + 1] === '\t' ? colon + 2 : colon + 1));
  }
  return fields;
}

/** The kernel writes newline and backslash of a name as `\n` and `\\`, and nothing else. */
function unescapeName(name: ByteString): ByteString {
  return name.replace(/\\([n\\])/g, (_, char: string) => (char === 'n' ? '\n' : '\\'));
}
