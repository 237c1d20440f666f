/** Frames as strace -k tells them, ` > /usr/bin/app(leaky+0x19) [0x1139]`, from addresses in a process: its memory map says which file, the file which function. */
import type { Evidence } from '../../../evidence/types.ts';
import { type CodeNames, codeNames } from '../../../kernel/code-names.ts';
import { type Mapping, parseMaps } from '../../../kernel/proc/maps.ts';

/** A map is read again for an address that it does not have, at most so often. */
const AGAIN_MS = 100;
/** Code that is made while the program runs has ever new addresses. */
const MOST_LINES = 10_000;
const NONE = Buffer.alloc(0);
/** A symbol is any text: none begins a line of its own. */
const CONTROL = /[\0-\x1f\x7f]/g;

interface Known {
  maps: Mapping[];
  readMs: number;
  lines: Map<number, Buffer>;
}

export class StackLines {
  private readonly evidence: Evidence;
  private readonly known = new Map<number, Known>();
  /** By device and inode: files are shared by processes. */
  private readonly files = new Map<string, CodeNames>();

  constructor(evidence: Evidence) {
    this.evidence = evidence;
  }

  /** It runs another program now, or has ended. */
  forget(pid: number): void {
    this.known.delete(pid);
  }

  /**
   * The line of a frame with its newline; empty for one in no file, or of a process that has gone.
   * @param isCaller the address is where a call returns to: behind the call, which may be the last one of its function
   */
  of(pid: number, address: number, isCaller: boolean): Buffer {
    let known = this.known.get(pid);
    if (!known) this.known.set(pid, (known = this.read(pid)));
    const key = isCaller ? -address : address;
    let line = known.lines.get(key);
    if (line) return line;
    let mapping = mappingAt(known.maps, address);
    if (!mapping && performance.now() - known.readMs > AGAIN_MS) {
      this.known.set(pid, (known = this.read(pid)));
      mapping = mappingAt(known.maps, address);
    }
    line = mapping && mapping.path !== '' ? Buffer.from(this.frame(pid, mapping, address, isCaller ? 1 : 0), 'latin1') : NONE;
    if (known.lines.size >= MOST_LINES) known.lines.clear();
    known.lines.set(key, line);
    return line;
  }

  private read(pid: number): Known {
    return { maps: parseMaps(this.evidence.read(`/proc/${pid}/maps`).value ?? ''), readMs: performance.now(), lines: new Map() };
  }

  private frame(pid: number, mapping: Mapping, address: number, back: number): string {
    const { symbol, within, address: inFile } = this.namesOf(pid, mapping).at(address - back - mapping.start + mapping.offset);
    const place = symbol === undefined ? '' : `${symbol.replace(CONTROL, '?')}+0x${(within! + back).toString(16)}`;
    return ` > ${mapping.path}(${place}) [0x${(inFile + back).toString(16)}]\n`;
  }

  private namesOf(pid: number, { file, range }: Mapping): CodeNames {
    let names = this.files.get(file);
    if (names) return names;
    const opened = this.evidence.memory?.openMapped(pid, range).value;
    names = opened ? codeNames(opened) : { at: (offset) => ({ symbol: undefined, within: undefined, address: offset }) };
    opened?.close();
    this.files.set(file, names);
    return names;
  }
}

const mappingAt = (maps: readonly Mapping[], address: number): Mapping | undefined => maps.find(({ start, end }) => address >= start && address < end);
