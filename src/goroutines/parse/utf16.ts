/** Text with two bytes for a character, as PowerShell writes it where output is sent to a file. */
import { StringDecoder } from 'node:string_decoder';

export type ByteOrder = 'little' | 'big';

const SAMPLE_BYTES = 1024;
/** Of text in any script of the west: a byte of ASCII, and a 0. */
const MOST_LATIN = 0.9;

/** By its mark, or where it has none by every second byte that is 0 beside a letter. Undefined: it is no such text. */
export function utf16Order(head: Buffer): ByteOrder | undefined {
  if (head[0] === 0xff && head[1] === 0xfe) return 'little';
  if (head[0] === 0xfe && head[1] === 0xff) return 'big';
  const pairs = Math.min(head.length, SAMPLE_BYTES) >> 1;
  if (pairs < 2) return undefined;
  let little = 0;
  let big = 0;
  for (let at = 0; at < 2 * pairs; at += 2) {
    const [one, other] = [head[at]!, head[at + 1]!];
    if (other === 0 && isText(one)) little++;
    else if (one === 0 && isText(other)) big++;
  }
  if (little >= pairs * MOST_LATIN) return 'little';
  return big >= pairs * MOST_LATIN ? 'big' : undefined;
}

function isText(byte: number): boolean {
  return (byte >= 32 && byte < 127) || (byte >= 9 && byte <= 13);
}

/** The same text as UTF-8, without its mark. */
export async function* fromUtf16(chunks: AsyncIterable<Buffer>, order: ByteOrder): AsyncGenerator<Buffer> {
  const decoder = new StringDecoder('utf16le');
  let odd: Buffer = Buffer.alloc(0);
  let isFirst = true;
  for await (const chunk of chunks) {
    const bytes = Buffer.concat([odd, chunk]);
    const whole = bytes.length & ~1;
    odd = bytes.subarray(whole);
    const text = decoder.write(order === 'big' ? bytes.subarray(0, whole).swap16() : bytes.subarray(0, whole));
    if (text === '') continue;
    yield Buffer.from(isFirst && text.startsWith('\uFEFF') ? text.slice(1) : text, 'utf8');
    isFirst = false;
  }
}
