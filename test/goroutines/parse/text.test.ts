import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf, dumpFiles, essence, goroutine, parse, times } from '../support/dumps.ts';

const two = goroutine({ id: 7, state: 'chan send, 5 minutes' }) + goroutine({ id: 8, state: 'chan send, 9 minutes', frames: ['main.work(0xc000099999, 0x2)'] });

it.each([['threadcreate profile: total 12\n11 @ \n#\t0x0\n', /profile of threads, not of goroutines/], ['heap profile: 1: 2 [3: 4] @ heap/1048576\n', /profile of heap/], ['--- mutex:\ncycles/second=1\n', /profile of mutex/]])('another profile is named', async (text, expected) => {
  await expect(parse(text)).rejects.toThrow(expected);
});

describe('a text dump', () => {
  it('is grouped by stack whatever arguments, ids and waiting times', async () => {
    const { groups, total } = await parse(two);
    expect(total).toBe(2);
    expect(groups).toHaveLength(1);
    expect(groups[0]).toMatchObject({ count: 2, state: 'chan send', wait: { min: 5, max: 9, told: 2 }, creator: { func: 'main.main', line: 99 }, frames: [{ func: 'main.work', file: '/src/app/main.go', line: 10 }] });
    expect(groups[0]!.samples.map(({ id, parent }) => [id, parent])).toEqual([['7', '1'], ['8', '1']]);
    expect([...groups[0]!.objects!.keys()]).toEqual(['0xc000012345', '0xc000099999']);
  });

  it('parts what differs in state, line or creator', async () => {
    const text = [
      goroutine({ id: 1 }), goroutine({ id: 2, state: 'select' }), goroutine({ id: 3, creator: 'main.other' }),
      goroutine({ id: 4, frames: ['main.work(0xc000012345)', 'main.caller()'] }), goroutine({ id: 5 }).replace('main.go:10', 'main.go:11'),
    ].join('');
    expect((await parse(text)).groups.map(({ count }) => count)).toEqual([1, 1, 1, 1, 1]);
  });

  it('leaves out what the compiler put around: debug=2 and SIGQUIT show the same stack', async () => {
    const plain = goroutine({ id: 1, state: 'select', frames: ['main.wait(0xc000012345)', 'main.serve(0xc000099999)', 'runtime.goexit({})'] });
    const wrapped = times(3, (i) => goroutine({ id: 2 + i, state: 'select', frames: [`main.(*T).Wait.deferwrap1(0xc00001111${i})`, `main.wait(0xc00001234${i})`, `main.serve(0xc00009999${i})`, 'main.run.gowrap2()', 'runtime.goexit({})'] }));
    const [only, ...more] = (await parse(wrapped.join(''))).groups;
    expect(more).toEqual([]);
    expect(only!.frames.map(({ func }) => func)).toEqual((await parse(plain)).groups[0]!.frames.map(({ func }) => func));
    expect(only!.samples.map(({ args, object }) => [args[0], args[1], object])).toEqual(times(3, (i) => [[`0xc00001234${i}`], [`0xc00009999${i}`], `0xc00001234${i}`]));
    expect((await parse(goroutine({ id: 9, frames: ['main.run.gowrap2()'] }))).groups[0]!.frames).toHaveLength(1);
  });

  it('keeps frames as the runtime prints them', async () => {
    const frames = ['main.F[...](0xc000012345)', 'main.(*List[...]).Push(0x1, {0x2, 0x3})', 'main.(*T).M-fm()', 'gopkg.in/yaml%2ev3.Unmarshal(...)', 'main.main.func1.2()', 'non-Go function'];
    const { groups } = await parse(goroutine({ id: 1, frames }));
    expect(groups[0]!.frames.map(({ func }) => func)).toEqual(['main.F[...]', 'main.(*List[...]).Push', 'main.(*T).M-fm', 'gopkg.in/yaml%2ev3.Unmarshal', 'main.main.func1.2', 'non-Go function']);
  });

  it('notes elided frames, stacks that are not available, ancestors, 64 bit ids, g0', async () => {
    const text = [
      'goroutine 0 gp=0xb936c0 m=0 mp=0xb94060 [idle]:\nruntime.futex(0x1)\n\t/go/src/runtime/sys.s:1 +0x1\n\n',
      goroutine({ id: 1, frames: ['main.deep()'] }).replace('created by', '...additional frames elided...\ncreated by'),
      goroutine({ id: 2, frames: ['main.deep()'] }).replace('created by', '...23 frames elided...\ncreated by'),
      'goroutine 9007199254740993 [running]:\n\tgoroutine running on other thread; stack unavailable\ncreated by main.main\n\t/src/main.go:1 +0x1\n\n',
      goroutine({ id: 3 }).replace(/\n\n$/, '\n[originating from goroutine 1]:\nmain.parent(...)\n\t/src/app/main.go:5 +0x1\n\n'),
    ].join('');
    const { groups, total } = await parse(text);
    expect(total).toBe(4);
    expect(groups.map(({ elided }) => elided)).toEqual([true, true, false, false]);
    expect(groups[2]!.samples[0]!.id).toBe('9007199254740993');
    expect(groups[3]!.frames).toHaveLength(1);
  });

  it('reads every goroutine when asked', async () => {
    const { rows, groups } = await parse(times(300, (i) => goroutine({ id: i + 1, state: `chan send, ${i % 7} minutes` })).join(''), { rows: true });
    expect(rows).toHaveLength(300);
    expect(rows![299]).toEqual({ id: '300', waitMinutes: 299 % 7, group: 0, parent: '1' });
    expect(groups[0]!.samples).toHaveLength(64);
    expect(groups[0]!.objects!.get('0xc000012345')).toBe(300);
  });

  it('needs no empty line between goroutines, and stands text around and within', async () => {
    const text = `2026/11/22 05:00:01 starting\npanic: it broke\n\n${two.replace(/\n\n/g, '\n')}exit status 2\nmore log goroutine safe\n${goroutine({ id: 9 })}rax 0x1\n`;
    const dump = await parse(text);
    expect(dump.total).toBe(3);
    expect(dump.reason).toBe('panic: it broke');
    expect(dump.cut).toBeUndefined();
  });

  it('is the same in pieces of any size', async () => {
    const bytes = bytesOf('err', 'goroutine-lock-cycle.txt');
    const whole = essence(await parse(bytes));
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 3000 }), async (size) => {
        expect(essence(await parse(bytes, { size }))).toEqual(whole);
      }),
      { numRuns: 30 },
    );
  });

  it('says when it is cut', async () => {
    const bytes = bytesOf('err', 'goroutine-leak.txt');
    expect((await parse(bytes)).cut).toBeUndefined();
    for (const at of [0.31, 0.5, 0.77]) {
      const end = Math.floor(bytes.length * at);
      const ended = bytes[end - 1] === 10;
      expect((await parse(bytes.subarray(0, end))).cut?.kind).toBe(ended ? undefined : 'mid-goroutine');
    }
  });

  it('says when the text begins within a goroutine, and not when only a log does', async () => {
    const bytes = bytesOf('err', 'goroutine-blocked.txt').toString('latin1');
    const within = bytes.slice(bytes.indexOf('\n\t') + 9);
    expect(within).not.toMatch(/^goroutine/);
    for (const size of [7, 65_536]) {
      expect((await parse(within, { size })).cut).toEqual({ kind: 'mid-goroutine', detail: 'the text begins within a goroutine: what stood before that is missing' });
      for (const before of ['', '2026/01/02 main.go:7: up\n', 'fatal error: out of memory\n\nruntime stack:\nruntime.throw(0x1)\n\t/usr/local/go/src/runtime/panic.go:1 +0x1\n\n']) expect((await parse(`${before}${bytes}`, { size })).cut).toBeUndefined();
    }
  });

  it('says when the runtime gave up at 64 MiB', async () => {
    const block = goroutine({ id: 1 });
    const text = Buffer.from(block.repeat(Math.ceil((64 * 1024 * 1024) / block.length)), 'latin1').subarray(0, 64 * 1024 * 1024);
    const dump = await parse(text);
    expect(dump.cut?.kind).toBe('64MiB');
    expect(dump.total).toBeGreaterThan(400_000);
    expect(dump.groups.length).toBeLessThan(4);
  });

  it('never throws, and never counts more goroutines than headers', async () => {
    const bytes = bytesOf('err', 'rwmutex.txt').toString('latin1');
    const edit = fc.tuple(fc.nat(bytes.length - 1), fc.nat(40), fc.string({ maxLength: 12 }));
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { maxLength: 8 }), fc.integer({ min: 100, max: 9000 }), async (edits, size) => {
        let text = bytes;
        for (const [at, length, put] of edits) text = text.slice(0, at) + put + text.slice(at + length);
        const headers = text.match(/goroutine -?\d+ /g)?.length ?? 0;
        const { groups } = await parse(text, { size }).catch((error: Error) => {
          expect(error.name).toBe('NoDump');
          return { groups: [] };
        });
        expect(groups.reduce((sum, { count }) => sum + count, 0)).toBeLessThanOrEqual(headers);
      }),
      { numRuns: 60 },
    );
  });
});

describe('the recorded dumps of Go 1.21 to 1.27', () => {
  const versions = ['1.21.13', '1.23.12', '1.26', '1.27.3'];

  it.each(versions)('of go%s agree in all formats', async (version) => {
    for (const program of ['labels', 'rwmutex']) {
      const name = (suffix: string): Buffer => bytesOf('versions', `go${version}-${program}.${suffix}`);
      const [text, grouped, profile, quit] = await Promise.all(['debug2.txt', 'debug1.txt', 'pb.gz', 'sigquit.txt'].map((suffix) => parse(name(suffix))));
      const own = (dump: typeof text): string[] =>
        dump!.groups
          .filter(({ frames, system }) => !system && frames.some(({ func }) => /^main\.(descend|\(\*table\))/.test(func)))
          .map(({ count, frames }) => `${count} ${frames.filter(({ func }) => func.startsWith('main.') && !/func\d|gowrap/.test(func)).map(({ func, line }) => `${func}:${line}`).join(' ')}`)
          .sort();
      const counted = (dump: typeof text): number => own(dump).reduce((sum, line) => sum + Number(line.split(' ')[0]), 0);
      expect(own(text).length).toBeGreaterThanOrEqual(program === 'labels' ? 1 : 3);
      expect(own(profile)).toEqual(own(grouped));
      expect(counted(text)).toBe(counted(grouped));
      expect(counted(quit)).toBe(counted(grouped));
      expect(text!.total).toBe(grouped!.total);
    }
  });

  it.each(dumpFiles('versions').filter((name) => name.endsWith('sigquit.txt')))('%s: every header is read, system goroutines aside', async (name) => {
    const bytes = bytesOf('versions', name);
    const headers = bytes.toString('latin1').match(/^goroutine [1-9]\d* /gm)!.length;
    const { groups, reason } = await parse(bytes);
    expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(headers);
    expect(groups.filter(({ system }) => system).length).toBeGreaterThanOrEqual(4);
    expect(reason).toBe('SIGQUIT: quit');
  });

  it('1.27 prints labels behind the bracket, the others none', async () => {
    const { groups } = await parse(bytesOf('versions', 'go1.27.3-labels.debug2.txt'));
    const labelled = groups.filter(({ labels }) => Object.keys(labels).length > 0);
    expect(labelled.map(({ labels }) => labels.worker).sort()).toEqual(['shard 0', 'shard 1', 'shard 2']);
    expect(labelled[0]!.labels.kind).toBe('a "quoted", {odd} one');
  });

  it('of two dumps one behind the other the last counts, and says so; a trace is no dump', async () => {
    const dump = (count: number): string => times(count, (i) => goroutine({ id: i + 1, state: 'select' })).join('');
    const twice = await parse(`${dump(30)}exit\n${dump(40)}`);
    expect([twice.total, twice.groups.length, twice.groups[0]!.count]).toEqual([40, 1, 40]);
    expect(twice.notes.join()).toMatch(/holds 2 dumps/);
    expect((await parse(`${dump(30)}recovered:\n${goroutine({ id: 1, state: 'running' })}`)).total).toBe(30);
    expect((await parse(goroutine({ id: 7, state: 'running' }).repeat(5))).total).toBe(5);
  });

  it('words about a goroutine are none', async () => {
    for (const text of ['2026 the goroutine 5 [running] was slow\nand more\n', 'goroutine 1 [running]:\n']) await expect(parse(text)).rejects.toThrow('no goroutine dump');
  });
});
