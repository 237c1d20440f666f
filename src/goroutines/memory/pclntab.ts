/**
 * The table of functions, lines and frame sizes that every Go program carries for its own stack traces, stripped or not
 * (runtime/symtab.go pcHeader, _func, step; cmd/internal/objabi). Go 1.18 and later. Its numbers are checked before they are
 * followed: a program may have been made to mislead its readers.
 */
import { numberAt, stringAt } from '../../kernel/elf.ts';

export class BadTable extends Error {
  override readonly name = 'BadTable';
}

export interface Fn {
  /** Address as the program runs. */
  entry: number;
  name: string;
  /** Offset of its _func in the table. */
  at: number;
  /** abi.FuncID: numbers differ between versions. */
  id: number;
  /** abi.FuncFlag: 1 top frame, 2 writes SP. */
  flag: number;
  /** What it stands in. */
  table: FunctionTable;
}

/** Magic of Go 1.18 and 1.19. */
const MAGIC_118 = 0xfffffff0;
/** Of 1.20 and later. */
const MAGIC_120 = 0xfffffff1;
const OLD_MAGICS = new Map([[0xfffffffb, 'Go 1.2 to 1.15'], [0xfffffffa, 'Go 1.16 or 1.17']]);

const HEADER = 72;
const ENTRY = 8;
const FUNC_118 = 40;
const FUNC_120 = 44;
const MOST_STEPS = 200_000;
const LONGEST_NAME = 4096;
const BEFORE_WRAPPERS = 'runtime.systemstack_switch';
const ABSENT = 0xffff_ffff;

/** internal/abi PCDATA_ and FUNCDATA_: the same from 1.18 to 1.27. */
export const PCDATA_STACK_MAP = 1;
export const PCDATA_INLINE = 2;
export const FUNCDATA_ARGUMENTS = 0;
export const FUNCDATA_LOCALS = 1;
export const FUNCDATA_INLINE = 3;

export interface TableHeader {
  /** Go 1.20 and later: `startLine` in _func, 16 bytes per inlined call. */
  isNew: boolean;
  /** Bytes of an instruction: 1 on amd64, 4 on arm64. */
  quantum: number;
  functions: number;
  /** Where its text begins, before relocation; 0 in Go 1.26 and later, whose moduledata has it. */
  textStart: number;
}

/** Throws BadTable with a reason in words. */
export function readTableHeader(table: Buffer): TableHeader {
  if (table.length < HEADER) throw new BadTable('its table of functions is cut');
  const magic = table.readUInt32LE(0);
  const old = OLD_MAGICS.get(magic);
  if (old !== undefined) throw new BadTable(`it was built by ${old}; Go 1.18 and later are read`);
  if (magic !== MAGIC_118 && magic !== MAGIC_120) throw new BadTable('its table of functions is of a form that is not known (garble changes it, so may a newer Go)');
  const [quantum, pointer] = [table[6]!, table[7]!];
  if (pointer !== 8 || (quantum !== 1 && quantum !== 4)) throw new BadTable('its table of functions is of another machine');
  return { isNew: magic === MAGIC_120, quantum, functions: numberAt(table, 8), textStart: numberAt(table, 24) };
}

export class FunctionTable {
  readonly header: TableHeader;
  /** Base of FUNCDATA offsets. */
  readonly gofunc: number;
  private readonly table: Buffer;
  private readonly text: number;
  private readonly names: number;
  private readonly units: number;
  private readonly files: number;
  private readonly values: number;
  private readonly entries: number;
  private readonly functionSize: number;
  private readonly known = new Map<number, Fn>();
  /** funcID of what the compiler wraps around methods; -1 where none was found. */
  readonly wrapperId: number;

  /** @param text where the functions begin in memory. Throws BadTable. */
  constructor(table: Buffer, text: number, gofunc = 0) {
    this.gofunc = gofunc;
    this.header = readTableHeader(table);
    this.table = table;
    this.text = text;
    const offset = (index: number): number => {
      const value = numberAt(table, 32 + index * 8);
      if (value >= table.length) throw new BadTable('its table of functions points outside of itself');
      return value;
    };
    [this.names, this.units, this.files, this.values, this.entries] = [offset(0), offset(1), offset(2), offset(3), offset(4)];
    const { functions, isNew } = this.header;
    if (functions < 1 || this.entries + (functions + 1) * ENTRY > table.length) throw new BadTable('its table of functions is cut');
    this.functionSize = isNew ? FUNC_120 : FUNC_118;
    this.wrapperId = this.findWrapperId();
  }

  /** The function that holds an address; undefined outside of the program's Go code. */
  find(pc: number): Fn | undefined {
    const offset = pc - this.text;
    const { functions } = this.header;
    if (!(offset >= this.entryAt(0) && offset < this.entryAt(functions))) return undefined;
    let low = 0;
    let high = functions;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (this.entryAt(middle) <= offset) low = middle;
      else high = middle;
    }
    return this.functionOf(low);
  }

  private entryAt(index: number): number {
    return this.table.readUInt32LE(this.entries + index * ENTRY);
  }

  private functionOf(index: number): Fn | undefined {
    const at = this.entries + this.table.readUInt32LE(this.entries + index * ENTRY + 4);
    let fn = this.known.get(at);
    if (fn) return fn;
    if (at + this.functionSize > this.table.length) return undefined;
    const id = this.table[at + this.functionSize - 4]!;
    fn = { entry: this.text + this.table.readUInt32LE(at), name: this.nameAt(this.table.readInt32LE(at + 4)), at, id, flag: this.table[at + this.functionSize - 3]!, table: this };
    this.known.set(at, fn);
    return fn;
  }

  /** @param offset as nameOff */
  nameAt(offset: number): string {
    const at = this.names + offset;
    return offset < 0 || at >= this.table.length ? '' : stringAt(this.table.subarray(at, at + LONGEST_NAME), 0);
  }

  /** Numbers change with each version; wrappers have always come right behind this function (internal/abi FuncIDWrapper). */
  private findWrapperId(): number {
    const index = this.indexOf(BEFORE_WRAPPERS);
    const at = index < 0 ? this.table.length : this.entries + this.table.readUInt32LE(this.entries + index * ENTRY + 4);
    return at + this.functionSize <= this.table.length ? this.table[at + this.functionSize - 4]! + 1 : -1;
  }

  /** Where the code of a function of the program lies; undefined when it has none of that name. */
  rangeOf(name: string): { start: number; end: number } | undefined {
    const index = this.indexOf(name);
    return index < 0 ? undefined : { start: this.text + this.entryAt(index), end: this.text + this.entryAt(index + 1) };
  }

  private indexOf(name: string): number {
    const place = this.table.indexOf(`\0${name}\0`, this.names, 'latin1') + 1 - this.names;
    for (let index = 0; place > 0 && index < this.header.functions; index++) {
      const at = this.entries + this.table.readUInt32LE(this.entries + index * ENTRY + 4);
      if (at + this.functionSize <= this.table.length && this.table.readInt32LE(at + 4) === place) return index;
    }
    return -1;
  }

  /** Bytes that the frame of a function takes below its return address when it is at `pc`; undefined when the table does not say. */
  frameSize(fn: Fn, pc: number): number | undefined {
    const offset = this.table.readUInt32LE(fn.at + 16);
    return offset === 0 ? undefined : this.value(fn, offset, pc);
  }

  /** Source position of an instruction. */
  position(fn: Fn, pc: number): { file: string; line: number } {
    const line = this.value(fn, this.table.readUInt32LE(fn.at + 24), pc) ?? 0;
    const file = this.value(fn, this.table.readUInt32LE(fn.at + 20), pc);
    return { file: file === undefined || file < 0 ? '?' : this.fileName(fn, file), line: Math.max(0, line) };
  }

  private fileName(fn: Fn, file: number): string {
    const unit = this.table.readUInt32LE(fn.at + 32);
    const at = this.units + (unit + file) * 4;
    if (at + 4 > this.table.length) return '?';
    const name = this.table.readUInt32LE(at);
    return name === ABSENT ? '?' : stringAt(this.table.subarray(this.files + name, this.files + name + LONGEST_NAME), 0);
  }

  /** PCDATA `table` at `pc`; -1 when there is none. */
  data(fn: Fn, table: number, pc: number): number {
    const count = this.table.readUInt32LE(fn.at + 28);
    const at = fn.at + this.functionSize + table * 4;
    if (table >= count || at + 4 > this.table.length) return -1;
    const offset = this.table.readUInt32LE(at);
    return offset === 0 ? -1 : (this.value(fn, offset, pc) ?? -1);
  }

  /** Every value that PCDATA `table` has somewhere in the function, and the first address where it has it. */
  dataPlaces(fn: Fn, table: number): Map<number, number> {
    const count = this.table.readUInt32LE(fn.at + 28);
    const at = fn.at + this.functionSize + table * 4;
    const offset = table >= count || at + 4 > this.table.length ? 0 : this.table.readUInt32LE(at);
    const found = new Map<number, number>();
    let start = fn.entry;
    if (offset === 0) return found;
    for (const { value, end } of this.pieces(fn, offset)) {
      if (!found.has(value)) found.set(value, start);
      start = end;
    }
    return found;
  }

  /** Offset of FUNCDATA `index` from go:func.*; undefined when the function has none. */
  funcdata(fn: Fn, index: number): number | undefined {
    const count = this.table[fn.at + this.functionSize - 1]!;
    const at = fn.at + this.functionSize + (this.table.readUInt32LE(fn.at + 28) + index) * 4;
    if (index >= count || !(at + 4 <= this.table.length)) return undefined;
    const offset = this.table.readUInt32LE(at);
    return offset === ABSENT ? undefined : offset;
  }

  /** runtime/symtab.go pcvalue: pairs of a change of the value and of the address up to which it holds. */
  private value(fn: Fn, offset: number, target: number): number | undefined {
    for (const { value, end } of this.pieces(fn, offset)) if (target < end) return value;
    return undefined;
  }

  private *pieces(fn: Fn, offset: number): Generator<{ value: number; end: number }> {
    const { table, header: { quantum } } = this;
    let at = this.values + offset;
    let pc = fn.entry;
    let value = -1;
    for (let step = 0; step < MOST_STEPS && at < table.length; step++) {
      let change = 0;
      for (let shift = 0, byte = 0x80; byte & 0x80 && shift < 35; shift += 7) change |= ((byte = table[at++] ?? 0) & 0x7f) << shift;
      if (change === 0 && step > 0) return;
      value += change & 1 ? ~(change >>> 1) : change >>> 1;
      let delta = 0;
      for (let shift = 0, byte = 0x80; byte & 0x80 && shift < 35; shift += 7) delta |= ((byte = table[at++] ?? 0) & 0x7f) << shift;
      pc += (delta >>> 0) * quantum;
      yield { value, end: pc };
    }
  }
}
