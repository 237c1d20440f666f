/** From pages of the kernel's trace buffer to lines of strace. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Decoder, type Definition, type What } from '../../src/strace/live/tracefs/events.ts';
import { parseFormat } from '../../src/strace/live/tracefs/formats.ts';
import { Merge } from '../../src/strace/live/tracefs/merge.ts';
import { Names } from '../../src/strace/live/tracefs/names.ts';
import { Records, VALUES } from '../../src/strace/live/tracefs/records.ts';
import { readPage } from '../../src/strace/live/tracefs/ring.ts';
import { StackLines } from '../../src/strace/live/tracefs/stack-lines.ts';
import { Threads } from '../../src/strace/live/tracefs/threads.ts';
import { Translator } from '../../src/strace/live/tracefs/translate.ts';
import { decorationOf, stringOf } from '../../src/strace/live/tracefs/words.ts';
import { fdOf, firstString, unescaped } from '../../src/strace/parse/args.ts';
import { parseFrame } from '../../src/strace/parse/stack.ts';
import { tableOf, analyse } from './support/analyse.ts';

interface Record {
  delta: number;
  data: Buffer;
}

/** As kernel/trace/ring_buffer.c lays it out: small records have their length in the head, a long delta has a record of its own. */
function pageOf(start: number, records: readonly Record[], lost = false): Buffer {
  const parts: Buffer[] = [];
  for (const { delta, data } of records) {
    const words = Math.ceil(data.length / 4);
    const padded = Buffer.concat([data, Buffer.alloc(words * 4 - data.length)]);
    let rest = delta;
    if (delta >= 2 ** 27) {
      const extend = Buffer.alloc(8);
      extend.writeUInt32LE(((30 | ((delta % 2 ** 27) << 5)) >>> 0), 0);
      extend.writeUInt32LE(Math.floor(delta / 2 ** 27), 4);
      parts.push(extend);
      rest = 0;
    }
    const head = Buffer.alloc(words <= 28 ? 4 : 8);
    head.writeUInt32LE(((words <= 28 ? words : 0) | (rest << 5)) >>> 0, 0);
    if (words > 28) head.writeUInt32LE(padded.length + 4, 4);
    parts.push(head, padded);
  }
  const body = Buffer.concat(parts);
  const header = Buffer.alloc(16);
  header.writeBigUInt64LE(BigInt(start), 0);
  header.writeUInt32LE((body.length | (lost ? 0x80000000 : 0)) >>> 0, 8);
  return Buffer.concat([header, body, Buffer.alloc(64)]);
}

describe('a page of the trace buffer', () => {
  it('gives back what was put into it, with its times', () => {
    const record = fc.record({ delta: fc.oneof(fc.nat(2 ** 27 - 1), fc.integer({ min: 2 ** 27, max: 2 ** 40 })), data: fc.uint8Array({ minLength: 8, maxLength: 200 }) });
    fc.assert(fc.property(fc.nat(2 ** 31 - 1), fc.array(record, { maxLength: 20 }), fc.boolean(), (start, records, lost) => {
      const found: { ns: number; data: string }[] = [];
      const wasLost = readPage(pageOf(start, records.map(({ delta, data }) => ({ delta, data: Buffer.from(data) })), lost), (ns, view, at, length) => {
        found.push({ ns, data: Buffer.from(view.buffer, view.byteOffset + at, length).toString('hex') });
      });
      let ns = start;
      const wanted = records.map(({ delta, data }) => ({ ns: (ns += delta), data: Buffer.concat([data, Buffer.alloc((4 - (data.length % 4)) % 4)]).toString('hex') }));
      expect([found, wasLost]).toEqual([wanted, lost]);
    }));
  });

  it('that makes no sense is read to an end, and nothing beyond it', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      readPage(Buffer.from(bytes), (_ns, view, at, length) => expect(at + length).toBeLessThanOrEqual(view.byteLength));
    }));
  });
});

const FORMATS = [
  'name: sys_enter_openat\nID: 782\nformat:\n\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n\tfield:int dfd;\toffset:16;\tsize:8;\tsigned:0;\n\tfield:const char * filename;\toffset:24;\tsize:8;\tsigned:0;\n\tfield:int flags;\toffset:32;\tsize:8;\tsigned:0;\n\tfield:umode_t mode;\toffset:40;\tsize:8;\tsigned:0;\n',
  'name: sys_exit_openat\nID: 781\nformat:\n\tfield:unsigned short common_type;\toffset:0;\tsize:2;\tsigned:0;\n\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n\tfield:int __syscall_nr;\toffset:8;\tsize:4;\tsigned:1;\n\tfield:long ret;\toffset:16;\tsize:8;\tsigned:1;\n',
  'name: sched_process_exec\nID: 300\nformat:\n\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n\tfield:__data_loc char[] filename;\toffset:8;\tsize:4;\tsigned:0;\n\tfield:pid_t pid;\toffset:12;\tsize:4;\tsigned:1;\n\tfield:pid_t old_pid;\toffset:16;\tsize:4;\tsigned:1;\n',
];

it('events are decoded by the formats of this kernel', () => {
  expect(parseFormat(FORMATS[0]!)!.fields.map(({ name, offset }) => [name, offset])).toEqual([['dfd', 16], ['filename', 24], ['flags', 32], ['mode', 40]]);
  expect(parseFormat('')).toBeUndefined();
  const decoder = new Decoder(FORMATS.map((text) => parseFormat(text)!));
  const enter = Buffer.alloc(48);
  enter.writeUInt16LE(782, 0);
  enter.writeInt32LE(42, 4);
  enter.writeBigInt64LE(-100n, 16);
  enter.writeBigUInt64LE(0x7ffe12345678n, 24);
  enter.writeBigUInt64LE(0x80000n, 32);
  const exit = Buffer.alloc(24);
  exit.writeUInt16LE(781, 0);
  exit.writeInt32LE(42, 4);
  exit.writeBigInt64LE(-2n, 16);
  const exec = Buffer.alloc(32);
  exec.writeUInt16LE(300, 0);
  exec.writeInt32LE(42, 4);
  exec.writeUInt32LE(20 | (5 << 16), 8);
  exec.writeInt32LE(42, 12);
  exec.writeInt32LE(43, 16);
  exec.write('/a/b\0', 20);
  const records = new Records();
  decoder.page(pageOf(1000, [{ delta: 0, data: enter }, { delta: 5, data: exit }, { delta: 1, data: exec }]), records);
  const found = [0, 1, 2].map((number) => {
    const at = records.place(number);
    const { what, name, values } = decoder.definitions[records.definition[at]!]!;
    return { ns: records.ns[at], tid: records.tid[at], what, name, values: values.map((_, index) => records.value(number, index)), text: records.texts.get(number) };
  });
  expect(found).toEqual([
    { ns: 1000, tid: 42, what: 'enter', name: 'openat', values: [-100, 0x7ffe12345678, 0x80000, 0] },
    { ns: 1005, tid: 42, what: 'exit', name: 'openat', values: [-2] },
    { ns: 1006, tid: 42, what: 'exec', name: '', values: [42, 43], text: '/a/b' },
  ]);
});

it('names of any bytes are read again as they were', () => {
  const bytes = fc.uint8Array({ maxLength: 30 }).map((all) => Buffer.from(all.filter((byte) => byte !== 0)).toString('latin1'));
  fc.assert(fc.property(bytes, (name) => {
    expect(firstString(stringOf(name))?.value).toBe(name);
    expect(unescaped(fdOf(`3${decorationOf(`/${name}`)}`).decoration!)).toBe(`/${name}`.replace(/ \(deleted\)$/, ''));
  }), { examples: [['-'], ['etc/passwd-']] });
});

const STACK = 'name: user_stack\nID: 13\nformat:\n\tfield:int common_pid;\toffset:4;\tsize:4;\tsigned:1;\n\n\tfield:unsigned int tgid;\toffset:8;\tsize:4;\tsigned:0;\n\tfield:unsigned long caller[8];\toffset:16;\tsize:64;\tsigned:0;\n';

it('a stack belongs to the event before it of the same thread, and goes with it', () => {
  const decoder = new Decoder([...FORMATS, STACK].map((text) => parseFormat(text)!));
  const exitOf = (tid: number): Buffer => {
    const bytes = Buffer.alloc(24);
    bytes.writeUInt16LE(781, 0);
    bytes.writeInt32LE(tid, 4);
    return bytes;
  };
  const stackOf = (tid: number, addresses: bigint[]): Buffer => {
    const bytes = Buffer.alloc(80);
    bytes.writeUInt16LE(13, 0);
    bytes.writeInt32LE(tid, 4);
    for (const [index, address] of addresses.entries()) bytes.writeBigUInt64LE(address, 16 + index * 8);
    return bytes;
  };
  const merged = new Records();
  const merge = new Merge(merged);
  const full = Array.from({ length: 8 }, (_, index) => BigInt(index + 1));
  decoder.page(pageOf(1000, [stackOf(41, [9n]), exitOf(42), exitOf(43), stackOf(42, [0x7ffe12345678n, 0x401000n]), stackOf(43, full), stackOf(44, [1n])].map((data) => ({ delta: 1, data }))), merge.lane(0));
  merge.run(2000);
  expect([merged.end, [...merged.stacks].map(([number, addresses]) => [merged.tid[merged.place(number)], [...addresses]])]).toEqual([2, [[42, [0x7ffe12345678, 0x401000]], [43, [1, 2, 3, 4, 5, 6, 7, 8]]]]);
  merged.drop(2);
  expect(merged.stacks.size).toBe(0);
});

interface Event {
  ns: number;
  tid: number;
  what: What;
  name: string;
  values: number[];
  text: string;
}

const event = (ms: number, tid: number, what: What, name: string, values: number[], text = ''): Event => ({ ns: Math.round(ms * 1e6), tid, what, name, values, text });

function add(records: Records, definitions: Definition[], { ns, tid, what, name, values, text }: Event): void {
  let index = definitions.findIndex((one) => one.what === what && one.name === name);
  if (index < 0) index = definitions.push({ what, name, values: values.map(() => ({ offset: 0, how: 0 })), textAt: -1 }) - 1;
  records.values.set(values, records.add(ns, tid, index) * VALUES);
  if (text !== '') records.texts.set(records.end - 1, text);
}

function filled(events: readonly Event[]) {
  const records = new Records();
  const definitions: Definition[] = [];
  for (const one of events) add(records, definitions, one);
  return { records, definitions, threads: new Threads() };
}

describe('frames', () => {
  const maps = '00400000-00401000 r-xp 00001000 fe:00 42 /srv/my app\n7f0000000000-7f0000001000 rw-p 00000000 00:00 0 \n';
  const world = (read: () => string | undefined): never => ({ read: () => ({ value: read() }), memory: { openMapped: () => ({ errno: 'EACCES' }) } }) as never;

  it('say the file and the place in it; what lies in none is left out', () => {
    const lines = new StackLines(world(() => maps));
    const lineOf = (address: number): string => lines.of(7, address, false).toString('latin1');
    expect([lineOf(0x400010), lineOf(0x7f0000000010), lineOf(0x500000)]).toEqual([' > /srv/my app() [0x1010]\n', '', '']);
    expect(parseFrame(lineOf(0x400010).trim().slice(2))).toEqual({ file: '/srv/my app', symbol: undefined, source: undefined });
  });

  it('come from the map of the program that runs now', () => {
    let now: string | undefined = maps;
    const lines = new StackLines(world(() => now));
    expect(lines.of(7, 0x400010, true).toString()).toBe(' > /srv/my app() [0x1010]\n');
    now = maps.replace('my app', 'other');
    expect(lines.of(7, 0x400010, true).toString()).toBe(' > /srv/my app() [0x1010]\n');
    lines.forget(7);
    expect(lines.of(7, 0x400010, true).toString()).toBe(' > /srv/other() [0x1010]\n');
    lines.forget(7);
    now = undefined;
    expect(lines.of(7, 0x400010, true).toString()).toBe('');
  });
});

const NOWHERE = { read: () => ({ errno: 'ENOENT' }) } as never;

/** @param links by the event that made it */
function linesOf(events: Event[], free = [5, 6], links = new Map<Event, string>()): string {
  const { records, definitions, threads } = filled(events);
  const names = new Names(records, definitions, threads, {} as never, () => 0);
  const nameOf = (number: number) => (links.has(events[number]!) ? { link: links.get(events[number]!)!, cloexec: true, atNs: 0 } : undefined);
  const translator = new Translator(records, definitions, threads, { offsetMicros: 1e15, lowestFree: (_tid, count) => free.slice(0, count), nameOf, stack: new StackLines(NOWHERE) });
  for (const number of events.keys()) names.take(number);
  translator.tell(events.length);
  let text = '';
  while (translator.waiting > 0) text += translator.take().toString('latin1');
  return text + translator.finish().toString('latin1');
}

describe('events as lines', () => {
  it('are whole where nothing came between, else halves; the log they make has the tables', async () => {
    const opened = event(2, 7, 'exit', 'openat', [3]);
    const text = linesOf([
      event(1, 7, 'enter', 'openat', [-100, 0x7f00, 0x80000, 0]), opened,
      event(3, 7, 'enter', 'pipe2', [0x7f00, 0x80000]), event(3.1, 7, 'exit', 'pipe2', [0]),
      event(4, 7, 'newtask', '', [8, 0x3d0f00]),
      event(5, 7, 'enter', 'close', [3]), event(5.1, 8, 'enter', 'socket', [2, 0x80001, 0]), event(5.2, 7, 'exit', 'close', [0]), event(5.3, 8, 'exit', 'socket', [3]),
      event(5.4, 8, 'enter', 'socket', [2, 0x80001, 0]), event(5.5, 7, 'enter', 'close', [9]), event(5.51, 7, 'exit', 'close', [-9]), event(5.6, 8, 'exit', 'socket', [7]),
      event(6, 7, 'newtask', '', [9, 17]), event(6.1, 9, 'exec', '', [9, 9], '/bin/"x"'), event(6.2, 9, 'enter', 'exit_group', [3]), event(6.3, 9, 'end', '', []),
      event(7, 8, 'enter', 'accept4', [3, 0, 0, 0]),
    ], [5, 6], new Map([[opened, '/tmp/<a>']]));
    expect(text.replaceAll(/^(\d+) 1000000000\./gm, '$1 ')).toBe([
      '7 001000 openat(AT_FDCWD, 0x7f00, O_RDONLY|O_CLOEXEC) = 3</tmp/\\074a\\076>',
      '7 003000 pipe2([5, 6], 524288) = 0',
      '7 004000 clone(child_stack=NULL, flags=0x3d0f00) = 8',
      '7 005000 close(3) = 0',
      '8 005100 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, 0) = 3',
      '8 005400 socket(AF_INET, SOCK_STREAM|SOCK_CLOEXEC, 0 <unfinished ...>',
      '7 005500 close(9) = -1 EBADF (9)',
      '8 005600 <... socket resumed>) = 7',
      '7 006000 clone(child_stack=NULL, flags=0x11) = 9',
      '9 006100 execve("/bin/\\042x\\042", [], 0x0) = 0',
      '9 006300 +++ exited with 3 +++',
      '8 007000 accept4(3, 0, 0, 0 <unfinished ...>',
      '',
    ].join('\n'));
    const found = await analyse(text);
    expect(found.data).toMatchObject({ unclassified: 0, repairs: 0 });
    expect(tableOf(found, 7)).toMatchObject({ 3: true, 5: true, 6: true });
  });

  it('say what was entered before, how a thread takes over, and who was killed', () => {
    const text = linesOf([
      event(1, 7, 'exit', 'accept4', [9]), event(2, 7, 'exit', 'close', [-9]),
      event(3, 7, 'enter', 'openat', [-100, 0, 0, 0]), event(3.1, 7, 'exit', 'openat', [-24]), event(3.2, 7, 'enter', 'accept', [3, 0, 0]), event(3.3, 7, 'exit', 'accept', [-512]),
      event(4, 7, 'exec', '', [7, 8], '/bin/x'), event(5, 7, 'signal', '', [9, 0]), event(6, 7, 'end', '', []),
    ]);
    expect(text.replaceAll(/^(\d+) [\d.]+ /gm, '')).toBe([
      '<... accept4 resumed>NULL, NULL, 0) = 9', 'openat(AT_FDCWD, 0x0, O_RDONLY) = -1 EMFILE (24)', 'accept(3, 0, 0) = ? ERESTARTSYS (To be restarted)',
      '+++ superseded by execve in pid 8 +++', 'execve("/bin/x", [], 0x0) = 0', '--- SIGKILL {si_signo=SIGKILL} ---', '+++ killed by SIGKILL +++', '',
    ].join('\n'));
  });
});

describe('names looked up later', () => {
  const made = event(1, 7, 'exit', 'openat', [3]);
  const evidence = { readlink: () => ({ value: '/tmp/x', at: 0, source: '' }) } as never;
  /** @param later events that are read after the look */
  const lookedUpAt = (ms: number, before: Event[], later: Event[]): string | undefined => {
    const { records, definitions, threads } = filled([made, ...before]);
    threads.add(7, 7);
    threads.add(8, 7);
    const take = (names: Names, from: number): void => {
      for (let number = from; number < records.end; number++) names.take(number);
    };
    // All kinds of events are known beforehand.
    for (const one of later) add(new Records(), definitions, one);
    const names = new Names(records, definitions, threads, evidence, () => ms * 1e6);
    take(names, 0);
    names.look(0);
    const { end } = records;
    for (const one of later) add(records, definitions, one);
    take(names, end);
    return names.of(0)?.link;
  };

  it('hold when nothing closed the number until then', () => {
    expect(lookedUpAt(10, [], [event(11, 7, 'enter', 'close', [3])])).toBe('/tmp/x');
    expect(lookedUpAt(10, [], [event(9, 9, 'enter', 'close', [3]), event(9, 7, 'enter', 'close', [4])])).toBe('/tmp/x');
  });

  it.each([
    ['close', event(9, 7, 'enter', 'close', [3])],
    ['close by another thread', event(9, 8, 'enter', 'close', [3])],
    ['dup2', event(9, 7, 'enter', 'dup2', [1, 3])],
    ['close_range', event(9, 7, 'enter', 'close_range', [3, 5, 0])],
    ['exec', event(9, 7, 'exec', '', [7, 7])],
  ])('are dropped after %s', (_name, closer) => {
    expect(lookedUpAt(10, [], [closer])).toBeUndefined();
  });

  it('are not asked for what was closed at once', () => {
    expect(lookedUpAt(10, [event(2, 7, 'enter', 'close', [3])], [])).toBeUndefined();
  });
});

it('events of all processors come in the order of their times, as far as those of all are known; the ring keeps what was not told', () => {
  const times = fc.array(fc.array(fc.nat(1000), { maxLength: 60 }), { minLength: 1, maxLength: 5 });
  fc.assert(fc.property(times, fc.array(fc.nat(1000), { maxLength: 5 }), fc.nat(3), (processors, stops, rounds) => {
    const records = new Records();
    const found: number[] = [];
    // It begins near the end of the ring.
    for (let i = 0; i < 4000; i++) records.add(0, 0, 0);
    records.drop(4000);
    for (let round = 0; round <= rounds; round++) {
      const merge = new Merge(records);
      processors.forEach((all, index) => {
        for (const ns of [...all].sort((a, b) => a - b)) {
          const lane = merge.lane(index);
          lane.values[lane.add(ns, index, 0) * VALUES + 5] = ns;
        }
      });
      for (const stop of [...stops].sort((a, b) => a - b)) {
        merge.run(stop);
        if (records.size > 0) expect(records.ns[records.place(records.end - 1)]).toBeLessThanOrEqual(stop);
      }
      merge.run(Number.POSITIVE_INFINITY);
      found.length = 0;
      for (let number = records.first; number < records.end; number++) {
        expect(records.value(number, 5)).toBe(records.ns[records.place(number)]);
        found.push(records.value(number, 5));
      }
      expect(found).toEqual(processors.flat().sort((a, b) => a - b));
      records.drop(records.end);
    }
  }), { numRuns: 30 });
  const many = new Records();
  for (let i = 0; i < 20_000; i++) {
    const at = many.add(i, i, i & 7);
    many.values[at * VALUES] = i;
    if (i % 3 === 0) many.drop(many.first + 1);
  }
  for (let number = many.first; number < many.end; number++) expect([many.ns[many.place(number)], many.value(number, 0), many.definition[many.place(number)]]).toEqual([number, number, number & 7]);
});
