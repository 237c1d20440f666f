/** profile.proto (google/pprof), gzipped: opens in go tool pprof. */
import { gzipSync } from 'node:zlib';
import type { Dump, Frame, Group } from '../../kernel/goroutines.ts';
import { ownerOfStack } from '../names.ts';

/** The comment (profile.proto field 13) of profiles that were made here. */
export const OWN_PROFILE = 'made by reloadctl from a dump of goroutines';

export function* pprof(dump: Dump): Generator<Buffer> {
  yield gzipSync(encode(dump));
}

class Message {
  private readonly parts: Buffer[] = [];

  number(field: number, value: number): this {
    if (value !== 0) this.parts.push(varint(field * 8), varint(value));
    return this;
  }

  bytes(field: number, value: Buffer): this {
    this.parts.push(varint(field * 8 + 2), varint(value.length), value);
    return this;
  }

  packed(field: number, values: readonly number[]): this {
    return this.bytes(field, Buffer.concat(values.map(varint)));
  }

  done(): Buffer {
    return Buffer.concat(this.parts);
  }
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

class Table<T> {
  readonly items: T[] = [];
  private readonly ids = new Map<string, number>();

  /** From 1 on. */
  id(key: string, make: () => T): number {
    let id = this.ids.get(key);
    if (id === undefined) {
      this.ids.set(key, (id = this.items.length + 1));
      this.items.push(make());
    }
    return id;
  }
}

function encode({ groups }: Dump): Buffer {
  const strings = new Table<string>();
  const text = (word: string): number => (word === '' ? 0 : strings.id(word, () => word));
  const functions = new Table<Buffer>();
  const locations = new Table<Buffer>();
  const locationOf = (frame: Frame): number => {
    const { func, file, line } = frame;
    const fn = functions.id(`${func}\0${file}`, () => new Message().number(1, functions.items.length + 1).number(2, text(func)).number(3, text(func)).number(4, text(file)).done());
    return locations.id(`${fn}:${line}`, () => new Message().number(1, locations.items.length + 1).bytes(4, new Message().number(1, fn).number(2, line).done()).done());
  };
  // As in the runtime's own profile, those of the runtime are no part of it.
  const samples = groups.filter(({ system }) => !system).map((group) => sampleOf(group, locationOf, text));
  // By this we know our own: what the labels say of state and creator is no label of the program then.
  const mark = text(OWN_PROFILE);
  const type = new Message().number(1, text('goroutine')).number(2, text('count')).done();
  const profile = new Message().bytes(1, type);
  for (const sample of samples) profile.bytes(2, sample);
  for (const location of locations.items) profile.bytes(4, location);
  for (const fn of functions.items) profile.bytes(5, fn);
  profile.bytes(6, Buffer.alloc(0));
  for (const word of strings.items) profile.bytes(6, Buffer.from(word, 'latin1'));
  return profile.bytes(11, type).number(12, 1).number(13, mark).done();
}

function sampleOf(group: Group, locationOf: (frame: Frame) => number, text: (word: string) => number): Buffer {
  const { frames, creator, count, labels, state, wait } = group;
  const stack = creator ? [...frames, creator] : frames;
  const sample = new Message().packed(1, stack.map(locationOf)).packed(2, [count]);
  const words: [string, string][] = [['state', state], ['owner', ownerOfStack(frames, creator)], ...Object.entries(labels)];
  if (creator) words.push(['created by', creator.func]);
  if (wait) words.push(['wait', `${wait.max} min`]);
  for (const [name, value] of words) sample.bytes(3, new Message().number(1, text(name)).number(2, text(value)).done());
  return sample.done();
}
