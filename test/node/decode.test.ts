/** What comes out of a target is anything; what leaves the decoder is what we say it is. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { kindOf, kindOfRequest } from '../../src/node/join/kinds.ts';
import { pathOf, placeText, siteFrame, withoutQuery } from '../../src/node/join/sites.ts';
import { countStacks } from '../../src/node/loop.ts';
import { decodeFrames, decodeHandles, decodeList, decodeUv } from '../../src/node/read/decode.ts';

describe('decodeList', () => {
  it('keeps what fits', () => {
    const list = decodeList({ pid: 7, version: 'v22.1.0', runtime: 'node', handles: [{ c: 'Socket Duplex', fd: 4, ref: true, fn: [0, 'x'], http: { method: 'GET', url: '/a', side: 'server' } }], requests: ['A', 1], resources: { Timeout: 2, x: 'y' }, left: 0, cut: 0 });
    expect(list).toMatchObject({ pid: 7, version: 'v22.1.0', requests: ['A'], resources: { Timeout: 2 }, handles: [{ c: 'Socket Duplex', fd: 4, ref: true, fn: [0], http: { method: 'GET', url: '/a', side: 'server' } }] });
  });

  it('never throws, and numbers are numbers', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        for (const list of [decodeList(value), decodeList({ handles: value, extras: value, requests: value, resources: value })]) {
          for (const { fd, c } of [...list.handles, ...list.extras]) {
            expect(fd === undefined || Number.isFinite(fd)).toBe(true);
            expect(typeof c).toBe('string');
          }
        }
        decodeHandles(value);
        decodeFrames(value);
      }),
    );
  });

  it('cuts what is endless', () => {
    expect(decodeList({ handles: [{ c: 'x'.repeat(1e6) }] }).handles[0]!.c.length).toBeLessThanOrEqual(600);
    expect(decodeFrames(Array.from({ length: 1000 }, () => ({ file: 'a' })))).toHaveLength(64);
  });
});

describe('decodeUv', () => {
  it('is undefined where there is no report', () => {
    for (const value of [undefined, 'null', '{}', 'x', 7]) expect(decodeUv(value)).toBeUndefined();
    expect(decodeUv('[{"type":"tcp","fd":4,"ref":true,"active":false},7]')).toEqual([{ type: 'tcp', fd: 4, ref: true, active: false }, { type: '', ref: false, active: false }]);
  });
});

describe('kindOf', () => {
  it.each([
    [{ c: 'Server Server EventEmitter Object', n: 'TCP' }, 'tcp-server'], [{ c: 'Server EventEmitter Object', n: 'Pipe' }, 'pipe-server'],
    [{ c: 'Http2Server Server EventEmitter Object', n: 'TCP' }, 'tcp-server'], [{ c: 'Socket Duplex Readable', n: 'TCP' }, 'tcp-socket'],
    [{ c: 'TLSSocket Socket Duplex', n: 'TLSWrap' }, 'tcp-socket'], [{ c: 'Socket Duplex Readable', n: 'Pipe' }, 'pipe-socket'],
    [{ c: 'ReadStream Socket Duplex', n: 'TTY' }, 'tty'], [{ c: 'Socket EventEmitter Object', n: 'UDP' }, 'udp-socket'],
    [{ c: 'FSWatcher EventEmitter' }, 'fs-watcher'], [{ c: 'StatWatcher EventEmitter' }, 'stat-watcher'], [{ c: 'ChildProcess EventEmitter' }, 'child-process'],
    [{ c: 'MessagePort EventTarget' }, 'message-port'], [{ c: 'Worker' }, 'worker'], [{ c: 'FileHandle' }, 'file-handle'], [{ c: 'FileStream' }, 'file-stream'],
    [{ c: 'Timeout', repeat: 5 }, 'timer-interval'], [{ c: 'Timeout', once: 5 }, 'timer-timeout'], [{ c: 'Odd Object' }, 'other:Odd'], [{ c: '?' }, 'other:?'],
  ] as const)('%j', (raw, kind) => {
    expect(kindOf(raw)).toBe(kind);
  });

  it('of requests', () => {
    expect([kindOfRequest('GetAddrInfoReqWrap'), kindOfRequest('FSReqCallback')]).toEqual(['dns-request', 'other:FSReqCallback']);
  });
});

describe('places', () => {
  const frame = (file: string, line = 1): { func: string; file: string; line: number; column: number } => ({ func: 'f', file, line, column: 2 });

  it('the line is the innermost of the application', () => {
    const app = frame('/srv/app/a.js', 7);
    expect(siteFrame([frame('node:net'), frame('/srv/app/node_modules/pg/b.js'), app, frame('/srv/app/c.js')])).toBe(app);
    expect(siteFrame([frame('node:net'), frame('/srv/app/node_modules/pg/b.js')])?.file).toContain('pg');
    expect(siteFrame([frame('node:net'), frame('/x/reloadctl/dist/register.cjs')])).toBeUndefined();
  });

  it('are paths', () => {
    expect(placeText(frame('file:///srv/a%20b.js', 3))).toBe('/srv/a b.js:3:2');
    expect(pathOf('file:///srv/%zz.js')).toBe('file:///srv/%zz.js');
    expect(pathOf('webpack://app/a.ts')).toBe('webpack://app/a.ts');
  });

  it('hold no secrets', () => {
    expect(withoutQuery('https://user:word@host/a/b?token=1#x')).toBe('https://host/a/b?...');
    expect(withoutQuery('/a')).toBe('/a');
    fc.assert(fc.property(fc.string(), (query) => withoutQuery(`/a?${query}`) === '/a?...'));
  });
});

describe('countStacks', () => {
  it('puts equal ones together, whatever the line', () => {
    const at = (line: number): { func: string; file: string; line: number; column: number }[] => [{ func: 'spin', file: '/a.js', line, column: 1 }];
    expect(countStacks([at(1), at(2), [], [{ func: 'g', file: '/a.js', line: 1, column: 1 }]]).map(({ count }) => count)).toEqual([2, 1]);
  });
});
