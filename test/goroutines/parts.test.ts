import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildData } from '../../src/goroutines/data.ts';
import { isSystem, ownedBy, ownerOf, packageOf, shortName } from '../../src/goroutines/names.ts';
import { fieldsOf, ProtobufError } from '../../src/goroutines/parse/protobuf.ts';
import { otherLanguage } from '../../src/goroutines/parse/other-languages.ts';
import { stateOfFrames, stateOfStack } from '../../src/goroutines/states.ts';
import { spansOf } from '../../src/goroutines/watch/spans.ts';
import { bytesOf, goroutine, parse } from './support/dumps.ts';

const frames = (...funcs: string[]) => funcs.map((func) => ({ func, file: '/src/x.go', line: 1 }));

describe('whose code', () => {
  it.each([
    ['net/http.(*conn).serve', '/usr/local/go/src/net/http/server.go', 'stdlib'],
    ['net/http.(*conn).serve', 'net/http/server.go', 'stdlib'],
    ['runtime/pprof.writeGoroutine', '/root/go/pkg/mod/golang.org/toolchain@v0.0.1-go1.27.3.linux-amd64/src/runtime/pprof/pprof.go', 'stdlib'],
    ['vendor/golang.org/x/net/http2.(*T).m', '/usr/local/go/src/vendor/golang.org/x/net/http2/x.go', 'stdlib'],
    ['github.com/a/b.F', '/root/go/pkg/mod/github.com/a/b@v1.2.3/x.go', 'dependency'],
    ['github.com/a/b.F', 'github.com/a/b@v1.2.3/x.go', 'dependency'],
    ['github.com/a/b.F', '/src/app/vendor/github.com/a/b/x.go', 'dependency'],
    ['github.com/me/app/store.(*DB).Get', '/src/app/store/db.go', 'own'],
    ['main.main', '/src/app/main.go', 'own'],
  ])('%s in %s', (func, file, owner) => {
    expect(ownerOf({ func, file, line: 1 })).toBe(owner);
  });

  it('of a program that was fetched and built its own packages are its own', () => {
    const file = '/root/go/pkg/mod/example.com/app/v2@v2.3.4/server/server.go';
    const told = (func: string): string => ownerOf(ownedBy({ func, file, line: 1 }, 'example.com/app/v2'));
    expect(['example.com/app/v2/server.(*client).read', 'example.com/app/v2.Run', 'main.main', 'example.com/app/v22.Run', 'example.com/other.Run'].map(told)).toEqual(['own', 'own', 'own', 'dependency', 'dependency']);
    expect(ownerOf(ownedBy({ func: 'example.com/app/v2.Run', file, line: 1 }, undefined))).toBe('dependency');
  });

  it.each([
    ['net/http.(*conn).serve', 'net/http', 'http.(*conn).serve'],
    ['gopkg.in/yaml%2ev3.Unmarshal', 'gopkg.in/yaml.v3', 'yaml%2ev3.Unmarshal'],
    ['main.Map[go.shape.string,github.com/a/b.T]', 'main', 'main.Map[go.shape.string,github.com/a/b.T]'],
  ])('%s', (func, name, short) => {
    expect(packageOf(func)).toBe(name);
    expect(shortName(func)).toBe(short);
  });

  it('of the runtime itself', () => {
    const creator = { func: 'runtime.gcenable', file: '', line: 1 };
    expect(isSystem(frames('runtime.gopark', 'runtime.bgsweep', 'runtime.goexit'), creator)).toBe(true);
    expect(isSystem(frames('runtime.gopark', 'main.f'), creator)).toBe(false);
    expect(isSystem(frames('runtime.gopark', 'runtime.main'), undefined)).toBe(false);
  });
});

describe('states', () => {
  it.each<[string[], string]>([
    [['runtime.gopark', 'runtime.chansend', 'runtime.chansend1', 'main.f'], 'chan send'],
    [['runtime.gopark', 'runtime.selectgo', 'main.f'], 'select'],
    [['runtime.gopark', 'runtime.block', 'main.f'], 'select (no cases)'],
    [['runtime.gopark', 'runtime.netpollblock', 'internal/poll.runtime_pollWait', 'net.f'], 'IO wait'],
    [['runtime.gopark', 'runtime.goparkunlock', 'runtime.semacquire1', 'internal/sync.runtime_SemacquireMutex', 'internal/sync.(*Mutex).lockSlow', 'sync.(*Mutex).Lock', 'main.f'], 'sync.Mutex.Lock'],
    [['runtime.gopark', 'runtime.goparkunlock', 'sync.runtime_notifyListWait', 'sync.(*Cond).Wait'], 'sync.Cond.Wait'],
    [['internal/runtime/syscall.Syscall6', 'syscall.Syscall', 'main.f'], 'syscall'],
    [['main.f'], 'unknown'],
    [[], 'unknown'],
  ])('%j is %s', (funcs, state) => {
    expect(stateOfFrames(frames(...funcs))).toBe(state);
  });

  it('of old versions: semacquire is told by the frames', () => {
    expect(stateOfStack('semacquire', frames('sync.runtime_Semacquire', 'sync.(*WaitGroup).Wait', 'main.f'))).toBe('sync.WaitGroup.Wait');
    expect(stateOfStack('semacquire', frames('sync.runtime_SemacquireMutex', 'sync.(*Mutex).lockSlow', 'sync.(*RWMutex).Lock'))).toBe('sync.RWMutex.Lock');
    expect(stateOfStack('IO wait', frames('sync.(*Mutex).Lock'))).toBe('IO wait');
  });
});

describe('profiles', () => {
  it('any bytes are a profile or an error of ours', async () => {
    const good = (await import('node:zlib')).gunzipSync(bytesOf('versions', 'go1.26-labels.pb.gz'));
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(fc.nat(good.length - 1), fc.nat(255)), { maxLength: 12 }), fc.nat(good.length), async (edits, end) => {
        const bytes = Buffer.from(good.subarray(0, Math.max(end, 1)));
        for (const [at, value] of edits) if (at < bytes.length) bytes[at] = value;
        await parse(bytes).catch((error: Error) => expect(error.name).toBe('NoDump'));
      }),
      { numRuns: 150 },
    );
  });

  it('lengths that overflow are refused', () => {
    expect(() => [...fieldsOf(Buffer.from([0x0a, 0xff, 0xff, 0xff, 0xff, 0x7f]))]).toThrow(ProtobufError);
    expect(() => [...fieldsOf(Buffer.from(Array(11).fill(0x80)))]).toThrow(ProtobufError);
    expect([...fieldsOf(Buffer.from([0x08, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]))].map(({ value }) => value)).toEqual([-1]);
  });
});

describe('counts as lives', () => {
  it('have the counts they were made of', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { minLength: 1, maxLength: 20 }), (counts) => {
        const times = counts.map((_, i) => i * 10);
        const spans = spansOf(counts, times);
        for (const [i, at] of times.entries()) {
          const open = spans.filter(({ bornAt, goneAt = Infinity }) => bornAt <= at && at < goneAt).reduce((sum, { count }) => sum + count, 0);
          expect(open).toBe(counts[i]);
        }
      }),
    );
  });
});

describe('dumps of other languages', () => {
  it('are named, and Go is none', () => {
    expect(otherLanguage('    at Object.<anonymous> (/srv/app.js:1:7)\n')).toMatch(/JavaScript/);
    expect(otherLanguage('#0  0x00007f in poll ()\n')).toMatch(/gdb/);
    expect(otherLanguage(bytesOf('ok', 'healthy.txt').toString('latin1'))).toBeUndefined();
  });
});

it('what is grouped by something else is not all that its first goroutine is', async () => {
  const dump = await parse([goroutine({ id: 1, frames: ['main.main()'], creator: '' }), goroutine({ id: 2, frames: ['main.other()'] })].join(''), { rows: true });
  const [group] = buildData(dump, 'x', { list: false, groupBy: ['state'] }).groups;
  expect(group).toMatchObject({ count: 2, state: 'chan receive', by: { state: 'chan receive' } });
  expect(group).not.toHaveProperty('benign');
  expect(buildData(dump, 'x', { list: false, groupBy: [] }).groups.map(({ benign }) => benign)).toContain('the main goroutine');
});
