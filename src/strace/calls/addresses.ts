/** Socket addresses as strace prints them, and what of them may be shown. */
import type { ByteString } from '../../evidence/types.ts';
import { firstString, unescaped } from '../parse/args.ts';
import { flat } from '../tables/flat.ts';

/** Of an address that has one. */
export const PORT = /:(\d+)$/;

/** `0.0.0.0:80`, `[::]:80`, `/run/app.sock`, `@abstract`; undefined for other families and where nothing is printed. No slice of the log. */
export function addressOf(text: ByteString): ByteString | undefined {
  const address = readAddress(text);
  return address === undefined ? undefined : flat(address);
}

function readAddress(text: ByteString): ByteString | undefined {
  const port = /sin6?_port=(?:htons\()?(\d+)/.exec(text)?.[1];
  if (port !== undefined) {
    const v6 = /inet_pton\(AF_INET6, "([^"]*)"/.exec(text)?.[1];
    if (v6 !== undefined) return `[${unescaped(v6)}]:${port}`;
    const v4 = /sin_addr=(?:inet_addr\()?"?([\d.]+)/.exec(text)?.[1];
    return v4 === undefined ? undefined : `${v4}:${port}`;
  }
  const unix = /sun_path=(@?)/.exec(text);
  if (!unix) return undefined;
  const path = firstString(text.slice(unix.index));
  return path && `${unix[1]}${path.value}`;
}

const MOST_NAMES = 10_000;
const LOCAL = /^(?:127\.|0\.0\.0\.0:|\[::1?\]:|\[::ffff:127\.)/;
const PRIVATE = /^(?:10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|\[f[cd]|\[fe80)/i;

/** Whose address it is stays in the log; which port, and whether it is on this host or in a private network, is told. */
export function redactedAddress(address: ByteString): string {
  const port = /:(\d+)$/.exec(address)?.[1];
  if (port === undefined || address.startsWith('/') || address.startsWith('@') || LOCAL.test(address)) return address;
  return `${PRIVATE.test(address) ? 'private' : 'public'}:${port}`;
}

/** Abstract names are chosen by programs, and may hold anything: they are numbered, so that equal ones stay equal. */
export class Redaction {
  private readonly abstract = new Map<string, number>();

  address(address: ByteString): string {
    return address.startsWith('@') ? this.numbered(address.slice(1)) : redactedAddress(address);
  }

  target(target: ByteString): string {
    if (target.startsWith('@')) return this.numbered(target.slice(1));
    return redactedTarget(target).replace(/,@"(.*)"/, (_all, name: string) => `,${this.numbered(name)}`);
  }

  private numbered(name: string): string {
    const known = this.abstract.get(name) ?? this.abstract.size + 1;
    if (this.abstract.size < MOST_NAMES) this.abstract.set(name, known);
    return `@abstract-${known}`;
  }
}

/** Decorations of -yy: `TCP:[10.0.0.1:80->10.0.0.2:4711]`. */
export function redactedTarget(target: ByteString): string {
  return target.replace(/(?:\d{1,3}\.){3}\d{1,3}:\d+|\[[0-9a-f:.]{2,}\]:\d+/gi, redactedAddress);
}
