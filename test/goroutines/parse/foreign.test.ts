import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf, essence, goroutine, parse, times } from '../support/dumps.ts';

const LINES = [
  '2026/11/22 19:56:59 http: TLS handshake error from 1.2.3.4:1: EOF',
  'listening',
  '{"level":"info","msg":"hi (again)"}',
  'served GET /x (200) in 3 ms',
  'level=info msg=f(x)',
];
const FILES = ['main.(*T).work(0xc000012345)', 'main.caller(...)', 'net/http.(*conn).serve(0x1, {0x2, 0x3})'];
const dump = times(9, (i) => goroutine({ id: i + 1, state: i % 2 ? 'select' : 'chan receive, 2 minutes', frames: FILES })).join('');
/** More than is read at once by hand. */
const large = times(600, (i) => goroutine({ id: i + 1, state: i % 2 ? 'select' : 'chan receive, 2 minutes', frames: FILES })).join('');

/** Between the lines of stacks, not behind their ends. */
function among(text: string, pick: (index: number) => string | undefined): string {
  const lines = text.split('\n');
  return lines.flatMap((line, index) => {
    const other = line === '' || (lines[index + 1] ?? '') === '' ? undefined : pick(index);
    return other === undefined ? [line] : [line, other];
  }).join('\n');
}

describe('what others wrote within a stack', () => {
  it.each(LINES)('%s: is no call, and takes none away', async (line) => {
    for (const text of [dump, large]) {
      const found = await parse(among(text, () => line));
      expect(essence(found)).toEqual(essence(await parse(text)));
      expect(found.notes).toEqual([expect.stringContaining('other text stood within stacks')]);
    }
  });

  it('wherever it stands, whatever the size of what is read at once', async () => {
    const whole = essence(await parse(dump));
    const spots = fc.array(fc.option(fc.constantFrom(...LINES), { nil: undefined, freq: 2 }), { minLength: 9, maxLength: 80 });
    await fc.assert(
      fc.asyncProperty(spots, fc.integer({ min: 20, max: 900 }), async (others, size) => {
        const text = among(dump, (index) => others[index % others.length]);
        expect(essence(await parse(text, { size }))).toEqual(whole);
      }),
    );
  });

  it('in a real dump of SIGQUIT', async () => {
    const text = bytesOf('versions', 'go1.27.3-labels.sigquit.txt').toString('latin1');
    const start = text.indexOf('goroutine ');
    const mixed = text.slice(0, start) + among(text.slice(start).split('\n\nrax')[0]!, (index) => (index % 3 ? undefined : LINES[0]));
    expect(essence(await parse(mixed))).toEqual(essence(await parse(text)));
  });

  it('an empty line with it parts a stack: what is behind it is told to be missing', async () => {
    const found = await parse(dump.replace('main.caller(...)', 'panic: x\n\nmain.caller(...)'));
    expect(found.total).toBe(9);
    expect(found.notes).toEqual([expect.stringContaining('belong to no goroutine that is told')]);
  });

  it('a dump that is as it was written has nothing to be said of', async () => {
    for (const text of [dump, large, `${dump}exit status 2\n`, bytesOf('versions', 'go1.21.13-rwmutex.sigquit.txt')]) expect((await parse(text)).notes).toEqual([]);
  });
});
