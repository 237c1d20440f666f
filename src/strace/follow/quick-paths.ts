/** The quick way of calls that name a path: opens, and those that only ask. First it looks whether it may, and changes nothing; then it does. */
import type { Paths } from '../calls/paths.ts';
import { ROW } from '../lexer/lexer.ts';
import type { Names } from '../parse/names.ts';
import type { Block } from '../read/block.ts';
import type { Fds } from '../tables/fds.ts';
import { inferBelow } from '../tables/lowest.ts';
import type { Pending, Thread } from '../tables/types.ts';
import { hasQuote } from './quick-bytes.ts';

const COMMA = 44;
const SLASH = 47;
const GREATER = 62;
/** A path that is not told. */
const NAMELESS = -2;

export class QuickPaths {
  private readonly paths: Paths;
  private readonly names: Names;
  private readonly fds: Fds;
  // What `mayOpen` and `mayLook` found for `open` and `look`.
  /** Place of the path in its table; -1 without. */
  private path = -1;
  private isCloexec = false;

  constructor(paths: Paths, names: Names, fds: Fds) {
    this.paths = paths;
    this.names = names;
    this.fds = fds;
  }

  /** `AT_FDCWD</srv>, "/srv/a", O_RDONLY|O_CLOEXEC`, and `3</srv/a>` or `3` */
  mayOpen(thread: Thread, block: Block, value: number, half: Pending | undefined): boolean {
    if (this.paths.changes !== 0 || thread.table.slots.has(value)) return false;
    const { buf, row } = block;
    const { words } = block.rows;
    const start = half === undefined ? words[row + ROW.pathFrom]! : half.pathFrom;
    if (start === 0) return half === undefined && this.mayOpenNameless(buf, words[row + ROW.argsFrom]!, words[row + ROW.argsTo]!, words[row + ROW.resultTo]!);
    const pathTo = half === undefined ? words[row + ROW.pathTo]! : half.pathTo;
    if (buf[pathTo + 1] !== COMMA || buf[pathTo + 3] !== 79) return false;
    this.isCloexec = (half === undefined ? words[row + ROW.cloexec]! : half.pathCloexec) === 1;
    const isAbsolute = buf[start] === SLASH;
    if (isAbsolute && buf[start + 1] === 100 && buf[start + 2] === 101 && buf[start + 3] === 118) return false;
    const { table } = this.paths;
    const inner = words[row + ROW.resultTo]! - 1;
    if (buf[inner] === GREATER) {
      const target = words[row + ROW.targetFrom]!;
      if (target === 0) return false;
      this.path = table.at(block, target, inner, words[row + ROW.targetId]!);
      return table.isFile[this.path] === 1;
    }
    if (!isAbsolute || buf[inner] === 41) return false;
    this.path = table.at(block, start, pathTo, half === undefined ? words[row + ROW.pathId]! : half.pathId);
    return table.isFile[this.path] === 1;
  }

  /** `AT_FDCWD, 0x7f00, O_RDONLY|O_CLOEXEC`, and `3`: a trace of the kernel tells where a name lies, and not what it is. */
  private mayOpenNameless(buf: Uint8Array, from: number, to: number, resultTo: number): boolean {
    // AT_FDCWD, 0x
    if (buf[from] !== 65 || buf[from + 8] !== COMMA || buf[from + 10] !== 48 || buf[from + 11] !== 120 || buf[resultTo - 1]! < 48 || buf[resultTo - 1]! > 57) return false;
    let i = from + 12;
    while (i < to && buf[i] !== COMMA) i++;
    // O_RDONLY, O_WRONLY, O_RDWR: they end there, or with |O_CLOEXEC, which no other one does as short.
    if (buf[i + 2] !== 79 || buf[i + 3] !== 95) return false;
    const length = to - i - 2;
    const isCloexec = length > 8 && buf[to - 1] === 67 && buf[to - 9] === 79 && buf[to - 10] === 124;
    if ((isCloexec ? length - 10 : length) > 8) return false;
    this.isCloexec = isCloexec;
    this.path = NAMELESS;
    return true;
  }

  open(thread: Thread, name: number, fd: number, isWhole: boolean): void {
    const { fds } = this;
    const { table } = this.paths;
    const at = this.path;
    const call = this.names.text[name]!;
    if (at === NAMELESS) {
      if (isWhole && fd >= thread.table.known) inferBelow(fds, thread, fd);
      fds.opened(thread, fd, fds.describeFlat('file', ''), this.isCloexec, 'opened', call, fds.sites.at(call, 'file', '').id);
      return;
    }
    const path = table.texts[at]!;
    if (isWhole && fd >= thread.table.known) inferBelow(fds, thread, fd);
    if (table.openedBy[at] !== name) {
      table.sites[at] = fds.sites.at(call, 'file', path).id;
      table.openedBy[at] = name;
    }
    fds.opened(thread, fd, fds.describeFlat('file', path), this.isCloexec, 'opened', call, table.sites[at]!);
  }

  /** @param half what `block` holds of the call before its row */
  mayLook(block: Block, half: Pending | undefined): boolean {
    const { buf, row } = block;
    const { words } = block.rows;
    const from = words[row + ROW.argsFrom]!;
    const to = words[row + ROW.argsTo]!;
    this.path = -1;
    const start = half === undefined ? words[row + ROW.pathFrom]! : half.pathFrom;
    // Without a path, or with one that must be unescaped: only the first is plain.
    if (start === 0) return !hasQuote(buf, from, to) && (half === undefined || !hasQuote(buf, half.from, half.to));
    const pathTo = half === undefined ? words[row + ROW.pathTo]! : half.pathTo;
    if (start < pathTo && buf[start] === SLASH) this.path = this.paths.table.at(block, start, pathTo, half === undefined ? words[row + ROW.pathId]! : half.pathId);
    return this.path >= 0 || half === undefined || !hasQuote(buf, from, to);
  }

  /** Somebody asked for what is at the path that `mayLook` found, if it found one. */
  look(thread: Thread, name: number, half: Pending | undefined): void {
    if (this.path < 0) return;
    const { line, time } = half ?? this.fds;
    this.paths.look(this.path, thread.pid, this.names.text[name]!, line, time);
  }
}
