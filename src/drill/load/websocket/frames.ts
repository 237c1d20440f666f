/** Frames of WebSocket, RFC 6455 section 5, as a client sends and gets them. */
import { randomBytes } from 'node:crypto';

/** Opcodes, RFC 6455 section 11.8. */
export const CLOSE = 0x8;
export const PING = 0x9;
export const PONG = 0xa;

/** What a control frame may carry (5.5); it is never cut into several. */
const MOST_CONTROL = 125;
const FINAL = 0x80;
const MASKED = 0x80;
/** Extensions that nobody agreed upon. */
const RESERVED = 0x70;
/** Of a close frame without one (7.1.5). */
export const NO_CODE = 1005;

export interface ControlFrame {
  opcode: number;
  payload: Buffer;
}

/** One whole frame with a mask, without which servers must refuse it (5.1). @param payload at most 125 bytes */
export function encodeControl({ opcode, payload }: ControlFrame): Buffer {
  const mask = randomBytes(4);
  const frame = Buffer.alloc(6 + payload.length);
  frame[0] = FINAL | opcode;
  frame[1] = MASKED | payload.length;
  mask.copy(frame, 2);
  for (let i = 0; i < payload.length; i++) frame[6 + i] = payload[i]! ^ mask[i & 3]!;
  return frame;
}

/** The status code of a close frame. */
export function closeCode(payload: Buffer): number {
  return payload.length < 2 ? NO_CODE : payload.readUInt16BE(0);
}

/** Reads what a server sends, in pieces of any size. Of messages nothing is kept: a load does not read them. */
export class FrameReader {
  /** Why what came is no WebSocket; nothing is read any more then. */
  problem: string | undefined;
  /** Messages that were whole. */
  messages = 0;
  readonly #onControl: (frame: ControlFrame) => void;
  #rest: Buffer = Buffer.alloc(0);
  /** Bytes of a message that are passed over. */
  #skip = 0;

  constructor(onControl: (frame: ControlFrame) => void) {
    this.#onControl = onControl;
  }

  push(chunk: Buffer): void {
    let bytes = chunk;
    if (this.#rest.length > 0) {
      bytes = Buffer.concat([this.#rest, chunk]);
      this.#rest = Buffer.alloc(0);
    }
    let at = 0;
    while (this.problem === undefined && at < bytes.length) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, bytes.length - at);
        this.#skip -= step;
        at += step;
        continue;
      }
      const size = this.#frame(bytes, at);
      if (size === 0) break;
      at += size;
    }
    // A copy: what is left are some bytes of a buffer that may be large.
    if (this.problem === undefined && at < bytes.length) this.#rest = Buffer.from(bytes.subarray(at));
  }

  /** Bytes of the head, and of the payload of a control frame; 0 when more must come first. */
  #frame(bytes: Buffer, at: number): number {
    if (bytes.length - at < 2) return 0;
    const [first, second] = [bytes[at]!, bytes[at + 1]!];
    const opcode = first & 0x0f;
    const short = second & 0x7f;
    if ((first & RESERVED) !== 0) return this.#fail('a frame has bits of an extension that was not agreed upon');
    if ((second & MASKED) !== 0) return this.#fail('a frame of the server is masked');
    if (opcode >= CLOSE) {
      if (short > MOST_CONTROL || (first & FINAL) === 0) return this.#fail('a control frame is too long, or in pieces');
      if (bytes.length - at < 2 + short) return 0;
      this.#onControl({ opcode, payload: Buffer.from(bytes.subarray(at + 2, at + 2 + short)) });
      return 2 + short;
    }
    const head = short === 127 ? 10 : short === 126 ? 4 : 2;
    if (bytes.length - at < head) return 0;
    this.#skip = short === 127 ? Number(bytes.readBigUInt64BE(at + 2)) : short === 126 ? bytes.readUInt16BE(at + 2) : short;
    if ((first & FINAL) !== 0) this.messages++;
    return head;
  }

  #fail(why: string): 0 {
    this.problem = why;
    return 0;
  }
}
