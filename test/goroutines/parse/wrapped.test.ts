import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { bytesOf, essence, goroutine, parse, times } from '../support/dumps.ts';

const dump = times(5, (i) => goroutine({ id: i + 1, state: i % 2 ? 'select' : 'chan receive, 2 minutes', frames: ['main.(*T).work(0xc000012345)', 'main.caller(...)'] })).join('');
const clean = essence(await parse(dump));
const lines = dump.split('\n');

/** What strace makes of the runtime's many small writes. */
function straced(text: string): string {
  const escaped = (part: string): string => JSON.stringify(part).slice(1, -1);
  const parts = text.match(/goroutine |[^\s]+|\s/g)!;
  return parts.map((part, i) => `[pid  ${1000 + (i % 3)}] write(2, "${escaped(part)}", ${part.length}) = ${part.length}${i % 7 ? '' : '\n[pid  1001] futex(0xc000, FUTEX_WAIT) = 0'}`).join('\n');
}

const wrappers: Record<string, (text: string) => string> = {
  'a time before each line': () => lines.map((line, i) => `2026-11-22T05:${10 + (i % 50)}:01.${i}Z ${line}`).join('\n'),
  'kubectl and containerd': () => lines.map((line, i) => `2026-11-22T05:00:01.${100 + i}Z stderr F ${line}`).join('\n'),
  'docker compose': () => lines.map((line) => `api-1  | ${line}`).join('\n'),
  journald: () => lines.map((line, i) => `Nov 22 05:00:${10 + (i % 50)} host api[4242]: ${line}`).join('\n'),
  'journald that drops what is empty': () => lines.map((line) => `Nov 22 05:00:01 host api[4242]: ${line}`.trimEnd()).join('\n'),
  'a quote of Markdown': () => lines.map((line) => `> ${line}`).join('\n'),
  indentation: () => lines.map((line) => (line === '' ? '' : `    ${line}`)).join('\n'),
  'tabs that became spaces': () => dump.replaceAll('\t', '    '),
  CRLF: () => dump.replaceAll('\n', '\r\n'),
  'a JSON message': () => `{"level":"error","ts":1.5,"msg":${JSON.stringify(`boom\n${dump}`)},"n":1}\n`,
  'a JSON message within JSON': () => JSON.stringify({ log: `${JSON.stringify({ msg: dump })}\n` }),
  logfmt: () => `time=2026-11-22 level=error msg=${JSON.stringify(`=== BEGIN goroutine stack dump ===\n${dump}`)} a=b\n`,
  'logfmt, one message a line': () => lines.map((line) => `time="2026-11-22T09:00:00Z" level=info msg=${line === '' ? '' : JSON.stringify(line)}`).join('\n'),
  'docker json-file': () => lines.map((line) => JSON.stringify({ log: `${line}\n`, stream: 'stderr', time: '2026-11-22T05:00:01Z' })).join('\n'),
  'journald as JSON': () => lines.map((line, i) => JSON.stringify({ __CURSOR: `s=${i}`, MESSAGE: line, PRIORITY: '6' })).join('\n'),
  strace: straced,
  gzip: (text) => gzipSync(text).toString('latin1'),
  'gzip within gzip': (text) => gzipSync(gzipSync(text)).toString('latin1'),
  'UTF-16 with its mark (PowerShell)': (text) => Buffer.from(`\uFEFF${text.replaceAll('\n', '\r\n')}`, 'utf16le').toString('latin1'),
  'UTF-16 without a mark': (text) => Buffer.from(text, 'utf16le').toString('latin1'),
  'UTF-16, the other byte first': (text) => Buffer.from(`\uFEFF${text}`, 'utf16le').swap16().toString('latin1'),
  'UTF-16 in gzip': (text) => gzipSync(Buffer.from(`\uFEFF${text}`, 'utf16le')).toString('latin1'),
};

describe('a dump in', () => {
  it.each(Object.keys(wrappers))('%s', async (name) => {
    const wrapped = wrappers[name]!(dump);
    expect(essence(await parse(wrapped))).toEqual(clean);
    expect(essence(await parse(wrapped, { size: 777 }))).toEqual(clean);
  });

  it.each(Object.keys(wrappers).filter((name) => !/gzip|UTF-16/.test(name)))('%s, among other lines', async (name) => {
    const wrapped = `starting\nlistening on :8080 with 3 goroutines\n${wrappers[name]!(dump)}\nexit status 2\n`;
    expect(essence(await parse(wrapped))).toEqual(clean);
  });

  it('a real one of SIGQUIT in logfmt', async () => {
    const bytes = bytesOf('versions', 'go1.21.13-rwmutex.sigquit.txt').toString('latin1');
    const wrapped = bytes.split('\n').map((line) => `time="2026-11-22T09:00:00Z" level=info msg=${JSON.stringify(line)}`).join('\n');
    expect(essence(await parse(wrapped))).toEqual(essence(await parse(bytes)));
  });

  it('a real one of SIGQUIT in a container log', async () => {
    const bytes = bytesOf('versions', 'go1.27.3-labels.sigquit.txt').toString('latin1');
    const wrapped = bytes.split('\n').map((line, i) => `2026-11-22T05:00:01.${i}Z stderr F ${line}`).join('\n');
    expect(essence(await parse(wrapped))).toEqual(essence(await parse(bytes)));
  });

  it('a JSON message behind megabytes of other members', async () => {
    const line = JSON.stringify({ trace: 'x"\\'.repeat(2_000_000), msg: dump });
    expect(essence(await parse(`${line}\n`))).toEqual(clean);
  });

  it.each<[string, (packed: Buffer) => Buffer, object | undefined]>([
    ['with other bytes behind it', (packed) => Buffer.concat([packed, Buffer.from('JUNKJUNK')]), undefined],
    ['with a name, and other bytes behind it', (packed) => Buffer.concat([packed.subarray(0, 3), Buffer.from([8]), packed.subarray(4, 10), Buffer.from('dump.txt\0'), packed.subarray(10), Buffer.from('x')]), undefined],
    ['with another checksum', (packed) => Buffer.concat([packed.subarray(0, -8), Buffer.alloc(8)]), { kind: 'compressed', detail: 'the packed file is damaged: its checksum is another' }],
  ])('a gzip %s keeps all of it', async (_, change, cut) => {
    const bytes = bytesOf('err', 'goroutine-blocked.txt');
    const [whole, found] = [await parse(bytes), await parse(change(gzipSync(bytes)))];
    expect(essence(found)).toEqual(essence(whole));
    expect(found.cut).toEqual(cut);
  });

  it('UTF-16 among other lines, in a script that is not Latin', async () => {
    const text = `запуск: 起動 🚀\r\n${dump.replaceAll('\n', '\r\n')}конец\r\n`;
    for (const size of [1, 7, 65_536]) expect(essence(await parse(Buffer.from(`\uFEFF${text}`, 'utf16le'), { size }))).toEqual(clean);
  });

  it('a gzip within gzip that is cut keeps what is there, and says so', async () => {
    const packed = gzipSync(gzipSync(bytesOf('err', 'goroutine-blocked.txt')));
    const half = await parse(packed.subarray(0, Math.floor(packed.length * 0.7)));
    expect(half.cut).toEqual({ kind: 'compressed', detail: 'the packed file ends too early' });
    expect(half.total).toBeGreaterThan(3);
  });

  it('a gzip that is cut keeps what is there, and says so', async () => {
    const packed = gzipSync(bytesOf('err', 'goroutine-blocked.txt'));
    const half = await parse(packed.subarray(0, Math.floor(packed.length * 0.7)));
    expect(half.cut?.kind).toBe('compressed');
    expect(half.total).toBeGreaterThan(3);
  });
});
