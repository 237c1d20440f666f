import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseHeader, parseLabels, unquoted } from '../../../src/goroutines/parse/header.ts';

const plain = { lockedToThread: false, leaked: false, labels: {}, labelText: '' };

describe('headers of goroutines, Go 1.5 to 1.27', () => {
  it.each<[string, object]>([
    [' [running]:', { state: 'running' }],
    [' [chan receive, 5 minutes]:', { state: 'chan receive', waitMinutes: 5 }],
    [' [chan send, 1 minutes, locked to thread]:', { state: 'chan send', waitMinutes: 1, lockedToThread: true }],
    [' [syscall, locked to thread]:', { state: 'syscall', lockedToThread: true }],
    [' [chan receive (nil chan)]:', { state: 'chan receive (nil chan)' }],
    [' [select (no cases), 17 minutes]:', { state: 'select (no cases)', waitMinutes: 17 }],
    [' [GC worker (idle)]:', { state: 'GC worker (idle)' }],
    [' [chan receive (scan)]:', { state: 'chan receive' }],
    [' [chan receive (leaked)]:', { state: 'chan receive', leaked: true }],
    [' [select (durable), synctest bubble 7]:', { state: 'select' }],
    [' gp=0xc000006c40 m=nil [force gc (idle), 3 minutes]:', { state: 'force gc (idle)', waitMinutes: 3 }],
    [' gp=0x2a5502b5e1e0 m=7 mp=0xc000100008 [syscall]:', { state: 'syscall' }],
    [' m=0 mp=0x1234 [idle]:', { state: 'idle' }],
    [' [some state of 2030 (odd)]:', { state: 'some state of 2030' }],
    [' [running labels:{"k": "v, w", "b": "]"}]:', { state: 'running', labels: { k: 'v, w', b: ']' }, labelText: '{"k": "v, w", "b": "]"}' }],
    [' [chan receive, 3 minutes] {kind: "a \\"quoted\\", {odd} one", worker: "shard 0"}:', { state: 'chan receive', waitMinutes: 3, labels: { kind: 'a "quoted", {odd} one', worker: 'shard 0' }, labelText: '{kind: "a \\"quoted\\", {odd} one", worker: "shard 0"}' }],
    [' [running]:\r', { state: 'running' }],
    [' [running]', { state: 'running' }],
  ])('%s', (text, expected) => {
    expect(parseHeader(text)).toEqual({ ...plain, ...expected });
  });

  it.each(['', ':', ' running', ' [running', ' (running) created at:', ' of 7 [running]:', '[running]:'])('is none: %j', (text) => {
    expect(parseHeader(text)).toBeUndefined();
  });

  it('never throws, and a state never holds a bracket', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(parseHeader(` [${text}`)?.state ?? '').not.toContain('\n]');
        parseHeader(text);
        parseLabels(text);
      }),
    );
  });
});

describe('labels', () => {
  it('survive being printed by Go', () => {
    const word = fc.string({ minLength: 1 }).map((text) => text.replace(/[^ -~]/g, '?'));
    fc.assert(
      fc.property(fc.dictionary(word.filter((text) => text !== '__proto__'), word), (labels) => {
        const printed = `{${Object.entries(labels).map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`).join(', ')}}`;
        expect({ ...parseLabels(printed) }).toEqual({ ...labels });
      }),
    );
  });

  it('cannot reach a prototype', () => {
    const labels = parseLabels('{"__proto__":"x"}');
    expect(Object.keys(labels)).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>).x).toBeUndefined();
  });

  it('unquotes what strconv.Quote makes', () => {
    expect(unquoted('"a\\x1b\\u202e\\n\\t\\\\\\"\\101"')).toBe('a\x1b\xe2\x80\xae\n\t\\"A');
    expect(unquoted('plain')).toBe('plain');
  });
});
