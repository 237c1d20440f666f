/** Shared by the kinds that live on the one anonymous inode of the kernel (fs/anon_inodes.c). */
import type { ByteString } from '../../evidence/types.ts';
import { plural } from '../../report/words.ts';
import type { Fd, FdInfo, Identity } from '../types.ts';

/** All anonymous inodes share one inode number, so all that tells two of them apart is an id in fdinfo, where the kind has one. */
export function weakIdentity(fd: Fd): Identity {
  return { id: fd.kind, quality: 'weak' };
}

/** The value behind `name:` in the kind's own fdinfo lines, trimmed; undefined when the kernel does not print it. */
export function infoField(info: FdInfo | undefined, name: string): ByteString | undefined {
  const rest = info?.rest;
  if (rest === undefined) return undefined;
  let from = rest.startsWith(`${name}:`) ? 0 : rest.indexOf(`\n${name}:`);
  if (from < 0) return undefined;
  if (rest[from] === '\n') from++;
  const end = rest.indexOf('\n', from);
  return rest.slice(from + name.length + 1, end < 0 ? undefined : end).trim();
}

/** The same as a whole number; undefined when it is none, or too large to be exact. */
export function infoNumber(info: FdInfo | undefined, name: string): number | undefined {
  const text = infoField(info, name);
  if (text === undefined || !/^\d+$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** `1 mark`, `3 marks`, or that the number is not known. */
export function someOf(noun: string, n: number | undefined, many = `${noun}s`): string {
  return n === undefined ? `an unknown number of ${many}` : plural(noun, n, many);
}

/** Lines that begin with `prefix`. */
export function countLines(text: ByteString, prefix: string): number {
  let count = text.startsWith(prefix) ? 1 : 0;
  for (let at = text.indexOf(`\n${prefix}`); at >= 0; at = text.indexOf(`\n${prefix}`, at + 1)) count++;
  return count;
}
