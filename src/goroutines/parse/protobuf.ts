/** As much of the protocol buffer wire format as pprof profiles use. Lengths are checked: the bytes may be anything. */

export class ProtobufError extends Error {
  override readonly name = 'ProtobufError';
}

/** One field: a varint or fixed number, or bytes. */
export interface Field {
  number: number;
  value: number;
  /** Of length-delimited fields. */
  bytes: Buffer | undefined;
}

/** The fields of a message, in order. One object is used for all of them. Throws ProtobufError. */
export function* fieldsOf(buffer: Buffer): Generator<Field> {
  const field: Field = { number: 0, value: 0, bytes: undefined };
  let at = 0;
  while (at < buffer.length) {
    const tag = varint(buffer, at);
    at = tag.next;
    field.number = Math.floor(tag.value / 8);
    field.bytes = undefined;
    field.value = 0;
    const wire = tag.value & 7;
    if (wire === 0) {
      const read = varint(buffer, at);
      field.value = read.value;
      at = read.next;
    } else if (wire === 2) {
      const length = varint(buffer, at);
      if (length.value > buffer.length - length.next) throw new ProtobufError('a field is longer than what is left');
      field.bytes = buffer.subarray(length.next, length.next + length.value);
      at = length.next + length.value;
    } else if (wire === 1 || wire === 5) {
      at += wire === 1 ? 8 : 4;
      if (at > buffer.length) throw new ProtobufError('the message ends within a number');
    } else throw new ProtobufError(`wire type ${wire}`);
    yield field;
  }
}

/** Packed or single numbers of a repeated field. */
export function numbersOf(field: Field): number[] {
  if (!field.bytes) return [field.value];
  const numbers: number[] = [];
  for (let at = 0; at < field.bytes.length; ) {
    const read = varint(field.bytes, at);
    numbers.push(read.value);
    at = read.next;
  }
  return numbers;
}

/** Precise below 2^53; negative numbers (ten bytes, two's complement) come out negative. */
function varint(buffer: Buffer, from: number): { value: number; next: number } {
  let low = 0;
  let high = 0;
  for (let i = 0; i < 10; i++) {
    const byte = buffer[from + i];
    if (byte === undefined) throw new ProtobufError('the message ends within a number');
    if (i < 4) low |= (byte & 0x7f) << (7 * i);
    else if (i === 4) {
      low |= (byte & 0x0f) << 28;
      high |= (byte & 0x70) >> 4;
    } else high |= (byte & 0x7f) << (7 * i - 32);
    if ((byte & 0x80) === 0) return { value: (high | 0) * 2 ** 32 + (low >>> 0), next: from + i + 1 };
  }
  throw new ProtobufError('a number of more than ten bytes');
}
