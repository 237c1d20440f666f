/** A table of functions made by hand: what the linker would write for a few functions. */

export interface MadeFunction {
  name: string;
  offset: number;
  /** Pairs: value, and how many bytes of code it holds for. */
  sizes?: readonly (readonly [value: number, bytes: number])[];
  lines?: readonly (readonly [value: number, bytes: number])[];
  id?: number;
  flag?: number;
}

const ALL_SAME: readonly (readonly [number, number])[] = [[0, 100]];

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  for (; rest >= 0x80; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
  return [...bytes, rest];
}

function zigzag(value: number): number {
  return value < 0 ? (~value << 1) | 1 : value << 1;
}

function values(pairs: readonly (readonly [number, number])[]): number[] {
  let last = -1;
  const bytes = pairs.flatMap(([value, length]) => {
    const change = value - last;
    last = value;
    return [...varint(zigzag(change)), ...varint(length)];
  });
  return [...bytes, 0];
}

/** @param isNew the form of Go 1.20 and later */
export function makeTable(functions: readonly MadeFunction[], end: number, isNew = true): Buffer {
  const names: number[] = [0];
  const pctab: number[] = [0];
  const size = isNew ? 44 : 40;
  const index = Buffer.alloc((functions.length + 1) * 8);
  const records: Buffer[] = [];
  for (const [at, { name, offset, sizes = ALL_SAME, lines = ALL_SAME, id = 0, flag = 0 }] of functions.entries()) {
    const record = Buffer.alloc(size);
    record.writeUInt32LE(offset, 0);
    record.writeInt32LE(names.length, 4);
    names.push(...Buffer.from(`${name}\0`, 'latin1'));
    const tables: [number, readonly (readonly [number, number])[]][] = [[16, sizes], [20, ALL_SAME], [24, lines]];
    for (const [place, pairs] of tables) {
      record.writeUInt32LE(pctab.length, place);
      pctab.push(...values(pairs));
    }
    record[size - 4] = id;
    record[size - 3] = flag;
    index.writeUInt32LE(offset, at * 8);
    index.writeUInt32LE(index.length + at * size, at * 8 + 4);
    records.push(record);
  }
  index.writeUInt32LE(end, functions.length * 8);
  const parts = [Buffer.from(names), Buffer.from([0, 0, 0, 0]), Buffer.from('main.go\0'), Buffer.from(pctab), Buffer.concat([index, ...records])];
  const header = Buffer.alloc(72);
  header.writeUInt32LE(isNew ? 0xfffffff1 : 0xfffffff0, 0);
  header[6] = 1;
  header[7] = 8;
  header.writeUInt32LE(functions.length, 8);
  header.writeUInt32LE(1, 16);
  let at = header.length;
  for (const [part, bytes] of parts.entries()) {
    header.writeUInt32LE(at, 32 + part * 8);
    at += bytes.length;
  }
  return Buffer.concat([header, ...parts]);
}
