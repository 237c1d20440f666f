/** Entries of a tar archive (`promtool debug`, `consul debug`, support bundles) that is held in memory: POSIX ustar and pax, long names of GNU. */

export interface TarEntry {
  name: string;
  bytes: Buffer;
}

const BLOCK = 512;
const MAGIC_AT = 257;
/** Of a header and of what it says of the one that follows. */
const TYPE = { file: '0', oldFile: '\0', longName: 'L', pax: 'x' } as const;

export function isTar(head: Buffer): boolean {
  return head.toString('latin1', MAGIC_AT, MAGIC_AT + 5) === 'ustar';
}

/** Regular files, as far as they are whole. */
export function tarEntries(archive: Buffer): TarEntry[] {
  const entries: TarEntry[] = [];
  let named: string | undefined;
  for (let at = 0; at + BLOCK <= archive.length; ) {
    const header = archive.subarray(at, at + BLOCK);
    if (!isTar(header)) break;
    const size = Number.parseInt(text(header, 124, 12).trim(), 8);
    if (!Number.isSafeInteger(size) || size < 0) break;
    const type = header.toString('latin1', 156, 157);
    const from = at + BLOCK;
    if (from + size > archive.length) break;
    const bytes = archive.subarray(from, from + size);
    if (type === TYPE.longName) named = text(bytes, 0, size);
    else if (type === TYPE.pax) named = paxPath(bytes) ?? named;
    else {
      const prefix = text(header, 345, 155);
      if (type === TYPE.file || type === TYPE.oldFile) entries.push({ name: named ?? `${prefix === '' ? '' : `${prefix}/`}${text(header, 0, 100)}`, bytes });
      named = undefined;
    }
    at = from + Math.ceil(size / BLOCK) * BLOCK;
  }
  return entries;
}

/** Up to its zero byte. */
function text(bytes: Buffer, from: number, length: number): string {
  const field = bytes.subarray(from, from + length);
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? field.length : end);
}

/** Records are `LENGTH KEY=VALUE\n` (pax, extended header). */
function paxPath(bytes: Buffer): string | undefined {
  return /^\d+ path=(.+)$/m.exec(bytes.toString('utf8'))?.[1];
}
