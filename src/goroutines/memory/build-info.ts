/** What a Go program says of its own build (debug/buildinfo; cmd/go and cmd/link write it). */
import type { RandomFile } from '../../evidence/types.ts';
import { type Elf, take } from '../../kernel/elf.ts';

export interface BuildInfo {
  /** `go1.22.4`. */
  version?: string;
  /** Of the main module, `example.com/app`; of its main package, where it was built without modules, as Debian builds. */
  module?: string;
  moduleVersion?: string;
}

const MAGIC = '\xff Go buildinf:';
const MOST = 1024 * 1024;
const INLINE = 2;

/** Of Go 1.18 and later, which write both strings in place. Empty where it was left out of the link. */
export function readBuildInfo(file: RandomFile, { sections }: Elf): BuildInfo {
  const section = sections.find(({ name }) => name === '.go.buildinfo');
  const bytes = section && take(file, section.offset, Math.min(section.size, MOST));
  if (!bytes || bytes.length < 33 || bytes.toString('latin1', 0, MAGIC.length) !== MAGIC || !(bytes[15]! & INLINE)) return {};
  const version = stringAfter(bytes, 32);
  const info = version && stringAfter(bytes, version.end);
  const text = info?.text ?? '';
  // 16 bytes of a mark stand before and behind it.
  const lines = text.length >= 33 ? text.slice(16, -16).split('\n').map((line) => line.split('\t')) : [];
  const mod = lines.find(([key]) => key === 'mod');
  const module = (mod ?? lines.find(([key]) => key === 'path'))?.[1];
  return {
    ...(version && version.text !== '' && { version: version.text }),
    ...(module !== undefined && { module }),
    ...(mod?.[2] !== undefined && mod[2] !== '' && mod[2] !== '(devel)' && { moduleVersion: mod[2] }),
  };
}

function stringAfter(bytes: Buffer, at: number): { text: string; end: number } | undefined {
  let length = 0;
  let next = at;
  for (let shift = 0; shift < 28; shift += 7) {
    const byte = bytes[next++];
    if (byte === undefined) return undefined;
    length |= (byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  return next + length <= bytes.length ? { text: bytes.toString('latin1', next, next + length), end: next + length } : undefined;
}

/** The minor version, 22 of `go1.22.4`, of `devel go1.22-abc`; undefined for what is none. */
export function minorOf(version: string): number | undefined {
  const minor = /(?:^|\s)go1\.(\d{1,3})(?!\d)/.exec(version)?.[1];
  return minor === undefined ? undefined : Number(minor);
}
