/** Pages of the kernel's ring buffer as trace_pipe_raw gives them, include/linux/ring_buffer.h and kernel/trace/ring_buffer.c. */

const HEADER = 16;
const DATA_MAX = 28;
const PADDING = 29;
const TIME_EXTEND = 30;
const TIME_STAMP = 31;
const LENGTH_MASK = 0x3fffffff;
const MISSED = 0x80000000;
const TWO_27 = 2 ** 27;
const TWO_32 = 2 ** 32;
/** Absolute times have 59 bits; those above come from the time before. */
const TWO_59 = 2 ** 59;

/** Takes one event. @param ns of the trace clock; @param at where its record begins; the view is used again */
export type EventTaker = (ns: number, view: DataView, at: number, length: number) => void;

/** Reads one page. Returns whether events before it were lost. What is cut or makes no sense ends it. */
export function readPage(page: Buffer, take: EventTaker): boolean {
  if (page.length < HEADER) return false;
  const view = new DataView(page.buffer, page.byteOffset, page.length);
  let ns = view.getUint32(4, true) * TWO_32 + view.getUint32(0, true);
  const commit = view.getUint32(8, true);
  const end = Math.min(HEADER + (commit & LENGTH_MASK), page.length);
  for (let at = HEADER; at + 4 <= end; ) {
    const head = view.getUint32(at, true);
    const type = head & 31;
    const delta = head >>> 5;
    if (type === TIME_EXTEND || type === TIME_STAMP) {
      if (at + 8 > end) break;
      const time = view.getUint32(at + 4, true) * TWO_27 + delta;
      ns = type === TIME_EXTEND ? ns + time : time + Math.floor(ns / TWO_59) * TWO_59;
      at += 8;
      continue;
    }
    if (type === PADDING) {
      // Without a delta the rest of the page is empty; else an event that was taken back, its length in the word behind.
      if (delta === 0 || at + 8 > end) break;
      ns += delta;
      at += 4 + view.getUint32(at + 4, true);
      continue;
    }
    ns += delta;
    // Small ones have their length in words in the type; of others it is the word behind, itself included.
    const start = type === 0 ? at + 8 : at + 4;
    if (start > end) break;
    const length = type === 0 ? view.getUint32(at + 4, true) - 4 : type * 4;
    if (type > DATA_MAX || length < 8 || start + length > end) break;
    take(ns, view, start, length);
    // Records are aligned to four bytes.
    at = start + ((length + 3) & ~3);
  }
  return (commit & MISSED) !== 0;
}
