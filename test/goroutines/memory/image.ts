/**
 * fixtures/memory/small as it ran on arm64 (go1.26.8, stripped, under qemu-aarch64 -B 0): the pages of its program and of its
 * memory that a look at it touches, and what runtime.Stack told of its goroutines.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import type { RandomFile } from '../../../src/evidence/types.ts';
import type { Space } from '../../../src/goroutines/memory/space.ts';

interface Image {
  size: number;
  /** Bytes in base64 by the position of their page. */
  file: Record<string, string>;
  fileZero: [number, number][];
  memory: Record<string, string>;
  memoryZero: [number, number][];
  dump: string;
}

const PAGE = 4096;
const path = fileURLToPath(new URL('../../../fixtures/memory/arm64-go1.26.json.gz', import.meta.url));
const image = JSON.parse(gunzipSync(readFileSync(path)).toString()) as Image;

export const dump = image.dump;

type Pages = Map<number, Buffer>;

function pagesOf(pages: Record<string, string>, zeros: readonly [number, number][]): Pages {
  return new Map([...Object.entries(pages).map(([at, text]) => [Number(at), Buffer.from(text, 'base64')] as const), ...zeros.map(([at, length]) => [at, Buffer.alloc(length)] as const)]);
}

const filePages = pagesOf(image.file, image.fileZero);
const memoryPages = pagesOf(image.memory, image.memoryZero);
/** Addresses of the pages of memory that there are. */
export const memoryAt: readonly number[] = [...memoryPages.keys()];

function readPages(pages: Pages, position: number, into: Uint8Array, at: number, length: number): number {
  let got = 0;
  while (got < length) {
    const page = Math.floor((position + got) / PAGE) * PAGE;
    const bytes = pages.get(page);
    const copied = bytes?.copy(into, at + got, position + got - page, Math.min(bytes.length, position + length - page)) ?? 0;
    if (copied === 0) break;
    got += copied;
  }
  return got;
}

/** @param change of the bytes of each page */
export function fileOf(change: (page: Buffer) => Buffer = (page) => page): RandomFile {
  const pages: Pages = new Map([...filePages].map(([at, page]) => [at, change(page)]));
  return { size: image.size, reads: 0, bytes: 0, read: (into, at, length, position) => readPages(pages, position, into, at, length), close: () => undefined };
}

/** @param words other words by their addresses */
export function spaceOf(words: ReadonlyMap<number, bigint> = new Map()): Space {
  const pages = new Map(memoryPages);
  for (const [address, value] of words) {
    const page = Math.floor(address / PAGE) * PAGE;
    const known = pages.get(page);
    if (!known || address - page + 8 > known.length) continue;
    const copy = Buffer.from(known);
    copy.writeBigUInt64LE(BigInt.asUintN(64, value), address - page);
    pages.set(page, copy);
  }
  return { read: (address, into, at, length) => readPages(pages, address, into, at, length) };
}
