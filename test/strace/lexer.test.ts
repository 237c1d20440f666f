/** What the lexer tells of a line, `Scanner` tells too. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { HEX, Lexer, ROW, SHAPE } from '../../src/strace/lexer/lexer.ts';
import { KIND, newLine } from '../../src/strace/parse/line.ts';
import { Names } from '../../src/strace/parse/names.ts';
import { Scanner } from '../../src/strace/parse/scan.ts';
import { Block } from '../../src/strace/read/block.ts';
import { PathTable } from '../../src/strace/tables/path-table.ts';
import { need } from '../live/support/need.ts';
import { analyse } from './support/analyse.ts';

const ROOT = join(import.meta.dirname, '../..');
const NAMES = ['close', 'openat', 'read', 'mmap', 'poll', 'restart_syscall', 'futex', 'sendfile', 'select'];
const PATHS = new Set(['openat']);

interface Told {
  shape: number;
  row: Record<string, number>;
}

const lexer = Lexer.create()!;
const names = new Names(NAMES);
names.teach((hash, length, id) => lexer.learn(hash, length, id, PATHS.has(names.text[id]!)));

/** Rows of the whole lines of a text. */
function rowsOf(text: string): Told[] {
  const end = lexer.window.write(text, 'latin1');
  const count = lexer.lex(0, end);
  return Array.from({ length: count }, (_, index) => {
    const at = index * ROW.words;
    const row = Object.fromEntries(Object.entries(ROW).map(([name, word]) => [name, name === 'time' ? lexer.times[at / 2 + word]! : lexer.rows[at + word]!]));
    return { shape: row.kind!, row };
  });
}

/** Compares all that both tell; answers the shape. */
function compare(text: string): number {
  const { shape, row } = rowsOf(`${text}\n`)[0]!;
  expect([row.from, row.to]).toEqual([0, text.length]);
  if (shape === SHAPE.other) return shape;
  const line = newLine();
  new Scanner(names).scan(line, Buffer.from(text, 'latin1'), text, 0, text.length);
  expect(line.kind).toBe([KIND.other, KIND.stack, KIND.unfinished, KIND.call, KIND.resumed][shape]);
  if (shape === SHAPE.frame) return shape;
  const time = Number.isNaN(line.time) ? -1 : line.time;
  expect(row.relative).toBe(Number.isNaN(line.relative) ? -1 : line.relative);
  expect({ pid: row.pid, time: row.time, name: row.name, args: text.slice(row.argsFrom, row.argsTo) }).toEqual({ pid: line.pid, time, name: line.name, args: text.slice(line.argsFrom, line.argsTo) });
  if (shape === SHAPE.unfinished) return shape;
  expect({ micros: row.micros, failed: row.failed, result: text.slice(row.resultFrom, row.resultTo) }).toEqual({
    micros: Number.isNaN(line.duration) ? -1 : line.duration, failed: line.errnoFrom > 0 ? 1 : 0, result: text.slice(line.resultFrom, line.resultTo),
  });
  if (row.value !== HEX) expect(row.value).toBe(line.value);
  return shape;
}

describe('lexer', () => {
  it.each([
    ['close(3) = 0', SHAPE.call],
    ['794   close(3)        = 0 <0.000012>', SHAPE.call],
    ['794   12:00:00 close(3) = 0', SHAPE.call],
    ['     0.000074 close(3) = 0', SHAPE.call],
    ['794        17.000074 close(3) = 0', SHAPE.call],
    ['[pid   794]      0.000074 close(3) = 0', SHAPE.call],
    ['12:00:00 (+     0.000028) close(3) = 0', SHAPE.other],
    ['  close(3) = 0 <0.000001>', SHAPE.other],
    ['[pid    79] 12:00:00.000001 close(3</srv/a>) = 0 <1.000012>', SHAPE.call],
    ['794 1790000000.000002 read(3</a>, "x) = 3"..., 10) = 3 <0.000001>', SHAPE.call],
    ['794 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, -1, 0) = 0x7f12 <0.000001>', SHAPE.call],
    ['794 read(3, 0x7ffe, 10) = -1 EAGAIN (Resource temporarily unavailable)', SHAPE.call],
    ['794 poll([{fd=3, events=POLLIN}], 1, 0) = 1 ([{fd=3, revents=POLLIN}])', SHAPE.call],
    ['794 openat(AT_FDCWD, "/a", O_RDONLY) = 3</a> <0.000001>', SHAPE.call],
    ['794 read(3,  <unfinished ...>', SHAPE.unfinished],
    ['794 <... read resumed>"a", 1) = 1', SHAPE.resumed],
    ['794 <... sendfile resumed> => [1354], 1354) = 1354 <0.000173>', SHAPE.resumed],
    ['794 <... select resumed> )      = 0 (Timeout)', SHAPE.resumed],
    [' > /usr/lib/libc.so.6(read+0x10) [0xf0]', SHAPE.frame],
    // What says more than the quick way knows, or comes rarely.
    ['794 close(3) = -1 EBADF (Bad file descriptor)', SHAPE.other],
    ['794 openat(AT_FDCWD, "/a", O_RDONLY) = -1 EMFILE (Too many open files)', SHAPE.other],
    ['794 openat(AT_FDCWD, "/a", O_RDONLY) = -1 ENFILE (Too many open files in system)', SHAPE.other],
    ['794 openat(AT_FDCWD, "/a", O_RDONLY) = 3</a>(deleted)', SHAPE.other],
    ['794 openat(AT_FDCWD, "/a", O_RDONLY) = 3</dev/null<char 1:3>>', SHAPE.other],
    ['794 read(3, 0x7ffe, 10) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)', SHAPE.other],
    ['794 unknown(3) = 0', SHAPE.other],
    ['794 read(3, "a', SHAPE.other],
    ['794 --- SIGCHLD {si_signo=SIGCHLD} ---', SHAPE.other],
    ['close(3) = 0\r', SHAPE.other],
    ['', SHAPE.other],
  ])('%s', (text, shape) => {
    expect(compare(text)).toBe(shape);
  });

  it('tells the path of a call that has one, and that which the result is decorated with, by the numbers they were given', () => {
    const text = (name: string, decoration: string): string => `794 openat(AT_FDCWD</srv>, "${name}", O_RDONLY) = 3<${decoration}>\n`;
    const paths = new PathTable();
    paths.attach(lexer.paths);
    const names = ['/a', '/b', '/srv/data/item-1.json', '/srv/data/sixteen', '/srv/data/sixteem', '/srv/data/fifteen/', `/${'long/'.repeat(50)}`, ''];
    // The second time all are known.
    for (const isKnown of [false, true]) {
      for (const name of names) {
        const line = text(name, name);
        const block = Block.of(line);
        const { row } = rowsOf(line)[0]!;
        expect(line.slice(row.pathFrom, row.pathTo)).toBe(name);
        if (name === '') continue;
        expect(row.pathId! > 0).toBe(isKnown);
        const place = paths.at(block, row.pathFrom!, row.pathTo!, row.pathId!);
        expect([paths.texts[place], paths.find(name), row.targetId]).toEqual([name, place, row.pathId]);
        for (const path of [name, 'other', `${name}x`, `${name.slice(0, -1)}?`]) {
          const whole = text(path, name);
          const told = rowsOf(whole)[0]!.row;
          expect(whole.slice(told.targetFrom, told.resultTo! - 1)).toBe(name);
          expect(paths.at(Block.of(whole), told.targetFrom!, told.resultTo! - 1, told.targetId!)).toBe(place);
          expect(rowsOf(`794 <... openat resumed>) = 3<${name}>\n`)[0]!.row.targetId).toBe(told.targetId);
        }
      }
    }
    expect(rowsOf(text('relative', '/a'))[0]!.row.pathId).toBeLessThan(0);
    for (const decoration of ['pipe:[5]', '/a (deleted)', '/a<b']) expect(rowsOf(text('/a', decoration))[0]!.row.targetFrom).toBe(0);
    expect(rowsOf(text('/q\\"uote', '/q"uote'))[0]!.row.pathFrom).toBe(0);
    expect(rowsOf('794 openat(AT_FDCWD, 0x7ffe, O_RDONLY) = 3\n')[0]!.row.pathFrom).toBe(0);
  });

  it('knows no path any more when there were too many', () => {
    const paths = new PathTable();
    paths.attach(lexer.paths);
    const line = '794 openat(AT_FDCWD, "/a", O_RDONLY) = 3\n';
    const first = rowsOf(line)[0]!.row;
    paths.at(Block.of(line), first.pathFrom!, first.pathTo!, first.pathId!);
    const told = rowsOf(line)[0]!.row.pathId!;
    expect(told).toBeGreaterThan(0);
    for (let n = 0; n < 20_000; n++) paths.add(`/srv/${n}`);
    expect([paths.find('/a'), paths.texts[paths.find('/srv/19999')], rowsOf(line)[0]!.row.pathId! < 0]).toEqual([-1, '/srv/19999', true]);
    // A number that was told before is not that of another path now.
    expect(paths.texts[paths.at(Block.of(line), first.pathFrom!, first.pathTo!, told)]).toBe('/a');
  });

  it('finds paths in the order they came in, and in any other, also after all were forgotten', () => {
    const paths = new PathTable();
    paths.attach(lexer.paths);
    const lines = (names: readonly string[]): string => names.map((name) => `794 openat(AT_FDCWD, "${name}", O_RDONLY) = 3\n`).join('');
    const told = (names: readonly string[]): string[] => {
      const text = lines(names);
      return rowsOf(text).map(({ row }) => paths.texts[paths.at(Block.of(text), row.pathFrom!, row.pathTo!, row.pathId!)]!);
    };
    const names = Array.from({ length: 200 }, (_, n) => `/srv/${'x'.repeat(n % 7)}${n}/a`);
    for (const order of [names, names, [...names].reverse(), names.flatMap((name, n) => [name, names[199 - n]!])]) expect(told(order)).toEqual(order);
    for (let n = 0; n < 20_000; n++) paths.add(`/tmp/${n}`);
    const others = names.map((name) => `${name.slice(0, -1)}b`);
    for (const order of [others, others, names, others]) expect(told(order)).toEqual(order);
  });

  it('goes on where its rows ended, and leaves a line without end', () => {
    const lines = Array.from({ length: 5000 }, (_, number) => `${number} ${'x'.repeat(number % 40)}`);
    const end = lexer.window.write(`${lines.join('\n')}\nrest`, 'latin1');
    const seen: string[] = [];
    for (let from = 0; ; ) {
      const count = lexer.lex(from, end);
      if (count === 0) break;
      for (let row = 0; row < count * ROW.words; row += ROW.words) seen.push(lexer.window.toString('latin1', lexer.rows[row + ROW.from]!, lexer.rows[row + ROW.to]!));
      from = lexer.rows[(count - 1) * ROW.words + ROW.to]! + 1;
    }
    expect(seen).toEqual(lines);
  });

  const part = fc.constantFrom(
    '794 ', '[pid 7] ', '12:00:00.123456 ', '12:00:00 ', '1790000000.000001 ', '0.000074 ', '     ', '<... ', 'read', 'close', ' resumed>', '(', ')', '3', '</a b>', '"q\\"x"', ', ', ' = ', '= ', '-1 ', 'ENOENT (No such file)', ' <0.000012>', ' <unfinished ...>',
    '0x7f', '?', ' ', '  ', '(deleted)', '>', '<', '\\', '12345678901', '+++ exited with 0 +++', 'fd=',
  );
  it('never tells what Scanner does not, whatever a line is made of', () => {
    fc.assert(fc.property(fc.array(part, { maxLength: 14 }), (parts) => void compare(parts.join(''))), { numRuns: 20_000, examples: [[['close', '(deleted)', ' = ', '794 ']]] });
  });

  it('and so of every line of logs of real programs', () => {
    const folders = ['err', 'ok'].map((kind) => join(ROOT, 'fixtures/strace', kind));
    const logs = folders.flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)));
    let told = 0;
    for (const log of logs) for (const line of readFileSync(log, 'latin1').split('\n').slice(0, 400)) if (compare(line) !== SHAPE.other) told++;
    expect(told).toBeGreaterThan(100);
  });

  it.skipIf(!need('assemblyscript'))('is what assembly/ compiles to', () => {
    const { status, stderr } = spawnSync(process.execPath, ['scripts/build-lexer.mjs', '--check'], { cwd: ROOT, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

describe('without WebAssembly', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('a log is read all the same', async () => {
    const log = readFileSync(join(ROOT, 'fixtures/strace/err', readdirSync(join(ROOT, 'fixtures/strace/err'))[0]!), 'latin1');
    const shown = async (): Promise<unknown> => {
      const { data, findings } = await analyse(log, { all: true });
      return JSON.parse(JSON.stringify({ data, findings }).replaceAll(/\/tmp\/[\w-]*reloadctl-strace-\w+\//g, ''));
    };
    const quick = await shown();
    vi.stubGlobal('WebAssembly', undefined);
    expect(Lexer.create()).toBeUndefined();
    expect(await shown()).toEqual(quick);
  });
});
