/** Pseudonyms in the tables of /proc/PID/net. */
import { redactAddress, redactKernelAddress } from './redact-address.ts';
import { redactPath } from './redact-path.ts';
import { LETTERS, type Words } from './redact-words.ts';
import type { ByteString } from './types.ts';

/** Rows of tcp, udp, udplite, raw, icmp (net/ipv4/tcp_ipv4.c get_tcp4_sock and the like): `sl: local rem st ...`. */
const INET_ROW = /^( *\d+: )([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4}) ([0-9A-F]{8}|[0-9A-F]{32}):([0-9A-F]{4})( [-0-9A-Fa-f: ]*)$/;
/** Rows of unix (net/unix/af_unix.c unix_seq_show): seven numbers, then a name or nothing. */
const UNIX_ROW = /^([0-9a-f]+: (?:[0-9A-Fa-f]+ ){5} *\d+)(?: (.*))?$/;

const V4 = String.raw`(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?![\d.])`;
const V6 = '(?<![0-9A-Fa-f:])[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7}(?![0-9A-Fa-f:])';
const TEXT_TOKEN = new RegExp(`${V4}|${V6}|${LETTERS.source}`, 'g');

/** Addresses and letter runs of any text. */
export function redactText(words: Words, text: string): string {
  return text.replace(TEXT_TOKEN, (token) => redactAddress(words, token) ?? words.text(token));
}

/** A table with one line of headings; a line that is no row is treated as text. */
function redactRows(words: Words, table: ByteString, row: (line: string) => string | undefined): ByteString {
  const [headings = '', ...lines] = table.split('\n');
  return [headings, ...lines.map((line) => row(line) ?? redactText(words, line))].join('\n');
}

export function redactInetTable(words: Words, table: ByteString): ByteString {
  return redactRows(words, table, (line) => {
    const fields = INET_ROW.exec(line.trimEnd());
    if (fields === null) return undefined;
    const [, head, local = '', localPort, remote = '', remotePort, rest] = fields;
    if (redactKernelAddress(words, local) === local && redactKernelAddress(words, remote) === remote) return line;
    const padding = line.slice(line.trimEnd().length);
    return `${head}${redactKernelAddress(words, local)}:${localPort} ${redactKernelAddress(words, remote)}:${remotePort}${rest}${padding}`;
  });
}

export function redactUnixTable(words: Words, table: ByteString): ByteString {
  return redactRows(words, table, (line) => {
    const fields = UNIX_ROW.exec(line);
    if (fields === null) return undefined;
    const [, numbers, name] = fields;
    return name === undefined ? line : `${numbers} ${redactUnixName(words, name)}`;
  });
}

/** A bound name; abstract ones begin with `@`. */
export function redactUnixName(words: Words, name: ByteString): ByteString {
  return name.startsWith('@') ? `@${redactPath(words, name.slice(1))}` : redactPath(words, name);
}
