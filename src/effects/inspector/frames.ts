/** Frames of a WebSocket (RFC 6455, 5.2): what we say, masked, and what we are told. */

const FINAL = 0x80;
const MASKED = 0x80;
const CONTINUATION = 0;
const TEXT = 1;
const CLOSE = 8;
/** In the place of the length: it follows, in two bytes or in eight. */
const IN_TWO = 126;
const IN_EIGHT = 127;
const MOST_IN_TWO = 0xffff;

/** What each of our frames begins with: it may be sent before there is something to say. */
export const NEXT_BYTES = Buffer.from([FINAL | TEXT, MASKED | IN_TWO]);

/** A text in one frame. JSON that is short has blanks behind it, so that every length takes two bytes. Throws where it takes more. */
export function textFrame(text: string, mask: Buffer): Buffer {
  const payload = Buffer.from(text.padEnd(IN_TWO));
  if (payload.length > MOST_IN_TWO) throw new Error(`too long to be said at once: ${payload.length} bytes`);
  const frame = Buffer.alloc(8 + payload.length);
  NEXT_BYTES.copy(frame);
  frame.writeUInt16BE(payload.length, 2);
  mask.copy(frame, 4);
  for (let index = 0; index < payload.length; index++) frame[8 + index] = payload[index]! ^ mask[index & 3]!;
  return frame;
}

/** Puts messages together from what comes, whichever way it is cut. */
export class FrameReader {
  readonly #most: number;
  #chunks: Buffer[] = [];
  #size = 0;
  /** Of a frame that begins at the first chunk: how many bytes it needs at least. */
  #needs = 2;
  #parts: Buffer[] = [];
  #partsSize = 0;

  /** @param most bytes that a message may have */
  constructor(most: number) {
    this.#most = most;
  }

  /** The messages that are whole now; undefined is the end. Throws for what is longer, or no frame that a server sends. */
  *take(chunk: Buffer): Generator<string | undefined> {
    this.#chunks.push(chunk);
    this.#size += chunk.length;
    while (this.#size >= this.#needs) {
      const bytes = this.#chunks.length === 1 ? this.#chunks[0]! : Buffer.concat(this.#chunks);
      const frame = frameAt(bytes);
      this.#needs = frame.end;
      if (frame.end - frame.start + this.#partsSize > this.#most) throw new Error('the answer is too long');
      if (bytes.length < frame.end) {
        this.#chunks = [bytes];
        return;
      }
      const rest = bytes.subarray(frame.end);
      this.#chunks = [rest];
      this.#size = rest.length;
      this.#needs = 2;
      if (frame.code === CLOSE) yield undefined;
      // An inspector pings nobody.
      if (frame.code !== TEXT && frame.code !== CONTINUATION) continue;
      this.#parts.push(bytes.subarray(frame.start, frame.end));
      this.#partsSize += frame.end - frame.start;
      if (!frame.isFinal) continue;
      const text = (this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts)).toString('utf8');
      this.#parts = [];
      this.#partsSize = 0;
      yield text;
    }
  }
}

interface Frame {
  code: number;
  isFinal: boolean;
  /** Where its payload begins and ends; where the length is not there yet, `end` is how many bytes tell it. */
  start: number;
  end: number;
}

/** Of at least two bytes. */
function frameAt(bytes: Buffer): Frame {
  const [head, second] = [bytes[0]!, bytes[1]!];
  if ((second & MASKED) !== 0 || (head & 0x70) !== 0) throw new Error('no frame of a server');
  const frame = { code: head & 0x0f, isFinal: (head & FINAL) !== 0 };
  const short = second & 0x7f;
  if (short < IN_TWO) return { ...frame, start: 2, end: 2 + short };
  const start = short === IN_EIGHT ? 10 : 4;
  if (bytes.length < start) return { ...frame, start, end: start };
  const length = short === IN_EIGHT ? Number(bytes.readBigUInt64BE(2)) : bytes.readUInt16BE(2);
  return { ...frame, start, end: start + length };
}
