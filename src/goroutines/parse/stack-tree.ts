/**
 * Stacks that were seen, line by line, as a tree: most goroutines of a large dump have one of them, and comparing bytes is
 * several times faster than hashing them. What differs within one stack (arguments, ids, addresses) are holes.
 */

const LF = 10;
const CR = 13;
const CLOSE = 41;
const OPEN = 40;
const STAR = 42;
const TAB = 9;
const SPACE = 32;
/** Beyond, stacks are recognised by their hashes. */
const MOST_NODES = 200_000;
const MOST_LINES = 1024;
/** So many other lines may follow one: more would be looked through one by one. */
const MOST_CHILDREN = 256;

interface Node<T> {
  /** Where the line lies in the pool: to its hole, or to the next line. */
  head: number;
  headLength: number;
  /** The byte that ends the hole; 0 without a hole. */
  stop: number;
  /** Of what follows the hole, to the next line: it lies behind the head. */
  tailLength: number;
  children: Node<T>[];
  /** A stack that ends here. */
  leaf: T | undefined;
}

export type StackRoot<T> = Pick<Node<T>, 'children'>;

/** Where each line of the last match began to differ, -1 where it has no hole. */
export const holes = new Int32Array(MOST_LINES);
/** Where the last match ended. */
export let matchedEnd = 0;

export class StackTree<T> {
  private nodes = 0;
  /** The bytes of all lines, one behind the other: small arrays of their own would be most of what a tree costs. */
  private pool = Buffer.alloc(64 * 1024);
  private poolView = viewOf(this.pool);
  private pooled = 0;

  /** @param lineStarts of the stack, behind its header; it ends at `end`, before an empty line */
  add(root: StackRoot<T>, buffer: Buffer, view: DataView, lineStarts: ArrayLike<number>, lines: number, end: number, leaf: T): void {
    if (lines === 0 || lines > MOST_LINES || this.nodes >= MOST_NODES) return;
    let at: StackRoot<T> | Node<T> = root;
    for (let line = 0; line < lines; line++) {
      const start = lineStarts[line]!;
      const next: number = line + 1 < lines ? lineStarts[line + 1]! : end;
      let child: Node<T> | undefined = at.children.find((one) => this.matchLine(one, buffer, view, start, line) === next);
      if (!child) {
        if (at.children.length >= MOST_CHILDREN) return;
        at.children.push((child = this.newNode(buffer, start, next)));
        this.nodes++;
      }
      at = child;
    }
    (at as Node<T>).leaf ??= leaf;
  }

  /** What stack begins at `start`; it ends at `matchedEnd`. undefined for one that was not seen, or that the buffer cuts. */
  match(root: StackRoot<T>, buffer: Uint8Array, view: DataView, start: number): T | undefined {
    const length = buffer.length;
    let nodes = root.children;
    let at = start;
    for (let line = 0; line < MOST_LINES; line++) {
      let found = -1;
      let next = 0;
      for (let i = 0; i < nodes.length; i++) {
        next = this.matchLine(nodes[i]!, buffer, view, at, line);
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
      if (at >= length) return undefined;
      const c = buffer[at]!;
      if (c === LF || (c === CR && buffer[at + 1] === LF)) {
        matchedEnd = at;
        return node.leaf;
      }
      nodes = node.children;
    }
    return undefined;
  }

  /** Where the next line begins; -1 when this is another line. */
  private matchLine({ head, headLength, stop, tailLength }: Node<unknown>, buffer: Uint8Array, view: DataView, start: number, line: number): number {
    const { pool } = this;
    const poolView = this.poolView;
    const length = buffer.length;
    let at = start;
    let from = head;
    const headEnd = head + headLength;
    if (at + headLength > length) return -1;
    for (; from + 4 <= headEnd; from += 4, at += 4) if (view.getInt32(at) !== poolView.getInt32(from)) return -1;
    for (; from < headEnd; from++, at++) if (buffer[at] !== pool[from]) return -1;
    if (stop === 0) {
      holes[line] = -1;
      return at;
    }
    holes[line] = at;
    for (let c = buffer[at]; c !== stop; c = buffer[++at]) if (c === LF || at >= length) return -1;
    if (at + tailLength > length) return -1;
    for (const end = from + tailLength; from < end; from++, at++) if (buffer[at] !== pool[from]) return -1;
    return at;
  }

  private newNode(buffer: Buffer, start: number, next: number): Node<T> {
    const hole = holeIn(buffer, start, next);
    const head = this.pooled;
    const headLength = (hole?.at ?? next) - start;
    const tailLength = hole ? next - hole.to : 0;
    this.makeRoom(headLength + tailLength);
    buffer.copy(this.pool, head, start, start + headLength);
    if (hole) buffer.copy(this.pool, head + headLength, hole.to, next);
    this.pooled += headLength + tailLength;
    return { head, headLength, stop: hole?.stop ?? 0, tailLength, children: [], leaf: undefined };
  }

  private makeRoom(bytes: number): void {
    if (this.pooled + bytes <= this.pool.length) return;
    const larger = Buffer.alloc(Math.max(this.pool.length * 2, this.pooled + bytes));
    this.pool.copy(larger, 0, 0, this.pooled);
    this.pool = larger;
    this.poolView = viewOf(larger);
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Buffer): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

interface Hole {
  at: number;
  to: number;
  stop: number;
}

const FRAME = Buffer.from(' fp=');
const PARENT = Buffer.from(' in goroutine ');
const CREATED = Buffer.from('created by ');

/** Of a function its arguments, of its place what SIGQUIT adds (fp, sp, pc), of the creator its id. */
function holeIn(buffer: Buffer, start: number, next: number): Hole | undefined {
  const line = buffer.subarray(start, next);
  const lineEnd = line.indexOf(LF);
  if (lineEnd < 0) return undefined;
  const toEnd = (at: number, skip: number): Hole | undefined => (at < 0 ? undefined : { at: start + at + skip, to: start + lineEnd, stop: LF });
  if (line[0] === TAB || line[0] === SPACE) return toEnd(line.indexOf(FRAME), 0);
  if (line.indexOf(CREATED) === 0) return toEnd(line.indexOf(PARENT), PARENT.length);
  let open = line.indexOf(OPEN);
  while (open >= 0 && line[open + 1] === STAR) open = line.indexOf(OPEN, open + 1);
  const close = open < 0 ? -1 : line.indexOf(CLOSE, open);
  return close < 0 ? undefined : { at: start + open + 1, to: start + close, stop: CLOSE };
}
