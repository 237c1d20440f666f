/**
 * Stacks that were seen, as a tree of the lines they begin with: most goroutines of a large dump have one of them, and comparing
 * bytes is several times faster than hashing them. What differs within one stack (arguments, ids, addresses) are holes. Lines
 * that no stack parts at lie behind each other as one piece.
 */
import { holeIn, isPlain } from './holes.ts';

const LF = 10;
const CR = 13;
const MOST_LINES = 1024;
/** Beyond, stacks are recognised by their hashes. */
const MOST_POOLED_BYTES = 16 * 1024 * 1024;
/** So many other lines may follow one: more would be looked through one by one. */
const MOST_CHILDREN = 256;
/**
 * Bytes are compared as numbers of eight. Of plain text, which has no byte of 0 and none above 127, each is a number of its own,
 * and none is NaN or zero: equal numbers are equal bytes. Other lines are no part of the tree.
 */
const WORD_BYTES = 8;

interface Node<T> {
  /** Where its bytes lie in the pool, without what is in the holes. */
  from: number;
  to: number;
  /** Its holes, in the list of all. */
  firstHole: number;
  endHole: number;
  /** To its first hole. */
  headTo: number;
  children: Node<T>[];
  /** A stack that ends here. */
  leaf: T | undefined;
}

export type StackRoot<T> = Pick<Node<T>, 'children'>;

/** Where each line of the last match began to differ, -1 where it has no hole. */
export const holes = new Int32Array(MOST_LINES).fill(-1);
/** Where the last match ended. */
export let matchedEnd = 0;
let usedHoles = 0;

/** A new stack whose lines are put into the tree. */
interface Text {
  buffer: Buffer;
  starts: ArrayLike<number>;
  lines: number;
  end: number;
}

export class StackTree<T> {
  /** The bytes of all lines, one behind the other: small arrays of their own would be most of what a tree costs. */
  private pool = Buffer.alloc(64 * 1024);
  private poolView = viewOf(this.pool);
  private pooled = 0;
  /** Of each hole where it lies in the pool, its line, and the byte that ends it. */
  private marks = new Int32Array(3 * 1024);
  private marked = 0;

  /** @param starts of the lines of the stack, behind its header; it ends at `end`, before an empty line */
  add(root: StackRoot<T>, buffer: Buffer, starts: ArrayLike<number>, lines: number, end: number, leaf: T): void {
    if (lines === 0 || lines > MOST_LINES || this.pooled >= MOST_POOLED_BYTES || !isPlain(buffer, starts[0]!, end)) return;
    const text: Text = { buffer, starts, lines, end };
    let at: StackRoot<T> | Node<T> = root;
    let line = 0;
    while (line < lines) {
      const next = this.childOf(at, text, line);
      if (!next) {
        if (at.children.length < MOST_CHILDREN) at.children.push(this.newNode(text, line, leaf));
        return;
      }
      line += next.shared;
      at = next.child;
    }
    (at as Node<T>).leaf ??= leaf;
  }

  /** What stack begins at `start`; it ends at `matchedEnd`. undefined for one that was not seen, or that the buffer cuts. */
  match(root: StackRoot<T>, buffer: Uint8Array, view: DataView, start: number): T | undefined {
    holes.fill(-1, 0, usedHoles);
    usedHoles = 0;
    let nodes = root.children;
    let at = start;
    while (nodes.length > 0) {
      let found = -1;
      let next = 0;
      for (let i = 0; i < nodes.length; i++) {
        next = this.matchNode(nodes[i]!, buffer, view, at);
        if (next < 0) continue;
        found = i;
        break;
      }
      if (found < 0) return undefined;
      const node = nodes[found]!;
      // What is most seen comes to be looked for first.
      if (found > 0) {
        nodes[found] = nodes[found - 1]!;
        nodes[found - 1] = node;
      }
      at = next;
      if (at >= buffer.length) return undefined;
      const c = buffer[at]!;
      if (c === LF || (c === CR && buffer[at + 1] === LF)) {
        matchedEnd = at;
        return node.leaf;
      }
      nodes = node.children;
    }
    return undefined;
  }

  /** Where the text goes on behind it; -1 when this is another one. */
  private matchNode({ from, to, firstHole, endHole, headTo }: Node<T>, buffer: Uint8Array, view: DataView, start: number): number {
    const { marks } = this;
    const poolView = this.poolView;
    const length = buffer.length;
    // What is in the holes comes on top of it.
    if (start + to - from > length) return -1;
    // Names begin alike and end differently: most others are told by these few bytes.
    const last = headTo - WORD_BYTES;
    if (last >= from && view.getFloat64(start + last - from, true) !== poolView.getFloat64(last, true)) return -1;
    let at = start;
    let piece = from;
    for (let hole = firstHole; hole < endHole; hole++) {
      const end = marks[3 * hole]!;
      at = this.matchPiece(piece, end, buffer, view, at);
      if (at < 0) return -1;
      piece = end;
      const line = marks[3 * hole + 1]!;
      holes[line] = at;
      if (line >= usedHoles) usedHoles = line + 1;
      const stop = marks[3 * hole + 2]!;
      at = endOf(buffer, view, at, stop);
      if (at < 0) return -1;
    }
    return this.matchPiece(piece, to, buffer, view, at);
  }

  private matchPiece(from: number, to: number, buffer: Uint8Array, view: DataView, start: number): number {
    const pool = this.pool;
    const poolView = this.poolView;
    let at = start;
    let i = from;
    if (at + to - from > buffer.length) return -1;
    for (; i + WORD_BYTES <= to; i += WORD_BYTES, at += WORD_BYTES) if (view.getFloat64(at, true) !== poolView.getFloat64(i, true)) return -1;
    for (; i < to; i++, at++) if (buffer[at] !== pool[i]) return -1;
    return at;
  }

  /** The child that shares lines with the text from `line` on, cut to those; how many they are. */
  private childOf({ children }: StackRoot<T>, text: Text, line: number): { child: Node<T>; shared: number } | undefined {
    const { buffer, starts, lines, end } = text;
    const start = starts[line]!;
    const own = holeIn(buffer, start, line + 1 < lines ? starts[line + 1]! : end);
    for (const child of children) {
      if (own && !this.beginsAlike(child, buffer, start, own.at)) continue;
      const { shared, at, hole } = this.sharedWith(child, text, line);
      if (shared === 0) continue;
      if (at < child.to) this.split(child, at, hole);
      return { child, shared };
    }
    return undefined;
  }

  /** Has its first line as many bytes before the hole, and the same last ones? */
  private beginsAlike({ from, headTo }: Node<T>, buffer: Buffer, start: number, headEnd: number): boolean {
    if (headTo - from !== headEnd - start) return false;
    return headTo - from < WORD_BYTES || this.pool.readDoubleLE(headTo - WORD_BYTES) === buffer.readDoubleLE(headEnd - WORD_BYTES);
  }

  /** How many lines are equal, and where in the pool, and at which hole, the others begin. */
  private sharedWith(node: Node<T>, { buffer, starts, lines, end }: Text, first: number): { shared: number; at: number; hole: number } {
    let at = node.from;
    let hole = node.firstHole;
    let line = first;
    for (; line < lines && at < node.to; line++) {
      const start = starts[line]!;
      const next = line + 1 < lines ? starts[line + 1]! : end;
      const own = holeIn(buffer, start, next);
      const mark = hole < node.endHole && this.marks[3 * hole + 1] === line ? 3 * hole : -1;
      if ((own === undefined) !== mark < 0) break;
      const headEnd = own ? own.at : next;
      const middle = at + headEnd - start;
      const to = middle + (own ? next - own.to : 0);
      if (own && (this.marks[mark] !== middle || this.marks[mark + 2] !== own.stop)) break;
      if (to > node.to || buffer.compare(this.pool, at, middle, start, headEnd) !== 0) break;
      if (own && buffer.compare(this.pool, middle, to, own.to, next) !== 0) break;
      // A line that goes on is another one.
      if (this.pool[to - 1] !== LF) break;
      at = to;
      if (own) hole++;
    }
    return { shared: line - first, at, hole };
  }

  private split(node: Node<T>, at: number, hole: number): void {
    const rest: Node<T> = { ...node, from: at, firstHole: hole, headTo: this.headOf(node.to, hole, node.endHole) };
    node.to = at;
    node.endHole = hole;
    node.headTo = Math.min(node.headTo, at);
    node.children = [rest];
    node.leaf = undefined;
  }

  private headOf(to: number, firstHole: number, endHole: number): number {
    return firstHole < endHole ? this.marks[3 * firstHole]! : to;
  }

  /** Of all lines from `line` on. */
  private newNode({ buffer, starts, lines, end }: Text, first: number, leaf: T): Node<T> {
    const from = this.pooled;
    const firstHole = this.marked;
    this.makeRoom(end - starts[first]!, lines - first);
    for (let line = first; line < lines; line++) {
      const start = starts[line]!;
      const next = line + 1 < lines ? starts[line + 1]! : end;
      const hole = holeIn(buffer, start, next);
      this.pooled += buffer.copy(this.pool, this.pooled, start, hole?.at ?? next);
      if (!hole) continue;
      this.marks.set([this.pooled, line, hole.stop], 3 * this.marked++);
      this.pooled += buffer.copy(this.pool, this.pooled, hole.to, next);
    }
    return { from, to: this.pooled, firstHole, endHole: this.marked, headTo: this.headOf(this.pooled, firstHole, this.marked), children: [], leaf };
  }

  private makeRoom(bytes: number, marks: number): void {
    if (this.pooled + bytes > this.pool.length) {
      const larger = Buffer.alloc(Math.max(this.pool.length * 2, this.pooled + bytes));
      this.pool.copy(larger, 0, 0, this.pooled);
      this.pool = larger;
      this.poolView = viewOf(larger);
    }
    if (3 * (this.marked + marks) <= this.marks.length) return;
    const more = new Int32Array(Math.max(this.marks.length * 2, 3 * (this.marked + marks)));
    more.set(this.marks.subarray(0, 3 * this.marked));
    this.marks = more;
  }
}

const ONES = 0x0101_0101;
const HIGHS = 0x8080_8080 | 0;
const LINE_ENDS = LF * ONES;

/** Where `stop` is; -1 when the line, or the buffer, ends before. Four bytes at a time: one of them is 0 where a byte is the one looked for. */
function endOf(buffer: Uint8Array, view: DataView, start: number, stop: number): number {
  const { length } = buffer;
  const stops = Math.imul(stop, ONES);
  let at = start;
  for (; at + 4 <= length; at += 4) {
    const word = view.getInt32(at, true);
    const a = word ^ stops;
    const b = word ^ LINE_ENDS;
    if ((((a - ONES) & ~a) | ((b - ONES) & ~b)) & HIGHS) break;
  }
  for (; at < length; at++) {
    const c = buffer[at];
    if (c === stop) return at;
    if (c === LF) return -1;
  }
  return -1;
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}
