/** /proc/PID/environ: the initial environment as execve(2) laid it down, or whatever the process wrote over it since. */
import type { ByteString } from '../../evidence/types.ts';

/** Whether it is as execve(2) laid it down: a title that was written over it leaves empty entries, or ones without a name. */
export function isAsLaidDown(text: ByteString): boolean {
  return text === '' || (text.endsWith('\0') && text.slice(0, -1).split('\0').every((entry) => entry.indexOf('=') > 0));
}

/** Names to values. Of a name given twice the first counts, as for getenv(3); entries without a name or a `=` are skipped. */
export function parseEnviron(text: ByteString): Map<string, ByteString> {
  const variables = new Map<string, ByteString>();
  for (const entry of text.split('\0')) {
    const equals = entry.indexOf('=');
    if (equals < 1) continue;
    const name = entry.slice(0, equals);
    if (!variables.has(name)) variables.set(name, entry.slice(equals + 1));
  }
  return variables;
}
