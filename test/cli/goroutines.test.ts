/** The built command: sources, guards, bad input, hostile text, exports. */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, gunzipSync, deflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { GoroutinesData } from '../../src/goroutines/index.ts';
import type { Report } from '../../src/report/types.ts';
import { bytesOf, dumpPath, DUMPS, essence, goroutine, parse, times } from '../goroutines/support/dumps.ts';
import { indexPage, pprofAnswers, serve } from '../goroutines/support/server.ts';
import { ownFolder, reloadctl, type RunOptions, type RunResult } from '../live/support/program.ts';
import { compileSchema } from '../schema/support.ts';

const folder = ownFolder('goroutines');
const validate = compileSchema();
const leak = join(DUMPS, 'err/goroutine-leak.txt');

function file(name: string, content: Buffer | string): string {
  const path = join(folder, name);
  writeFileSync(path, content, 'latin1');
  return path;
}

async function report(args: string[], options: RunOptions = {}): Promise<{ run: RunResult; report: Report<GoroutinesData> }> {
  const run = await reloadctl(['goroutines', ...args, '--json'], options);
  expect(run.stdout, run.stderr).toMatch(/^\{/);
  const parsed = JSON.parse(run.stdout) as Report<GoroutinesData>;
  expect(validate(parsed), JSON.stringify(validate.errors)).toBe(true);
  return { run, report: parsed };
}

describe('a file', () => {
  it('is judged, and everything is in the JSON', async () => {
    const { run, report: found } = await report([leak, '--list']);
    expect(run.code).toBe(0);
    expect(found.data.total).toBe(44);
    expect(found.data.groups[0]).toMatchObject({ count: 40, state: 'chan send', owner: 'own', waitMs: { min: 180_000 }, createdBy: { func: 'main.query' } });
    expect(found.data.goroutines).toHaveLength(44);
    expect(found.data.goroutines!.filter(({ state }) => state === 'chan send').every(({ id, waitMs, frames }) => /^\d+$/.test(id!) && waitMs === 180_000 && frames[0]!.func === 'main.query.func1')).toBe(true);
    expect((await reloadctl(['goroutines', leak, '--fail-on', 'warning'])).code).toBe(1);
  });

  it('may come by standard input, packed, or in an archive', async () => {
    const bytes = readFileSync(leak);
    const piped = await report(['-'], { input: bytes.toString('latin1') });
    expect(piped.report.data.total).toBe(44);
    expect((await report([file('dump.gz', gzipSync(bytes))])).report.data.total).toBe(44);
    const archive = zip({ 'a/readme.txt': Buffer.from('no dump'), 'a/stacks.txt': bytes });
    expect((await report([file('debug.zip', archive)])).report.data.total).toBe(44);
    const two = file('two.zip', zip({ 'a.txt': bytes, 'b.txt': readFileSync(join(DUMPS, 'err/cond.txt')) }));
    const refused = await reloadctl(['goroutines', two]);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(`reloadctl goroutines ${two} --entry b.txt`);
    expect((await report([two, '--entry', 'b.txt'])).report.data.total).toBe(24);
  });

  it.each<[string, string[], number]>([
    ['by state and wait', ['--where', 'state="chan send" wait>2m'], 40],
    ['by nothing that waits so long', ['--where', 'state="chan send" wait>10m'], 0],
    ['by a function anywhere', ['--where', 'func~query'], 40],
    ['by owner', ['--where', 'owner=own state!="chan send"'], 2],
    ['by id', ['--where', 'id=1'], 1],
  ])('is filtered %s', async (_, args, expected) => {
    const { report: found } = await report([leak, ...args]);
    expect(found.data.groups.reduce((sum, { count }) => sum + count, 0)).toBe(expected);
  });

  it('has names of any letters', async () => {
    const { report: found } = await report([file('letters', Buffer.from(times(155, (i) => goroutine({ id: i + 1, state: 'chan receive, 3 minutes', frames: ['main.größe(...)'] })).join('')))]);
    expect(found.findings[0]!.title).toContain('main.größe');
    expect(found.findings[0]!.remedy.map(({ command }) => command).join()).toContain('func~"main.größe"');
  });

  it('is grouped by a label', async () => {
    const { report: found } = await report([join(DUMPS, 'versions/go1.27.3-labels.debug2.txt'), '--group-by', 'label:worker', '--where', 'label:worker~shard']);
    expect(found.data.groups.map(({ by, count }) => [by, count])).toEqual(['shard 0', 'shard 1', 'shard 2'].map((value) => [{ 'label:worker': value }, 3]));
  });

  it('that is cut is no clean bill: exit 3, with what was found', async () => {
    const { run, report: found } = await report([join(DUMPS, 'err/goroutine-truncated-dump.txt')]);
    expect(run.code).toBe(3);
    expect(found.verdict).toBe('inconclusive');
    expect(found.findings.map(({ id }) => id)).toEqual(['goroutine/truncated-dump', 'goroutine/leak']);
  });

  it('is compared with a later one', async () => {
    const { report: found } = await report([join(DUMPS, 'err/goroutine-growth-before.txt'), join(DUMPS, 'err/goroutine-growth.txt')]);
    expect(found.findings.map(({ id }) => id)).toContain('goroutine/growth');
    expect((found.data as GoroutinesData & { watch: { groups: unknown[] } }).watch.groups[0]).toMatchObject({ before: 50, after: 250, trend: 'compared', growthPerMinute: null });
  });

  it('goes out in other formats and comes back the same', async () => {
    const paths = Object.fromEntries(['pprof', 'folded', 'debug1', 'debug2'].map((kind) => [kind, join(folder, `out.${kind}`)]));
    const run = await reloadctl(['goroutines', leak, ...Object.entries(paths).flatMap(([kind, path]) => ['--export', `${kind}=${path}`])]);
    expect(run.code).toBe(0);
    const plain = essence(await parse(readFileSync(leak)));
    expect(essence(await parse(readFileSync(paths.debug2!)))).toEqual(plain);
    expect(essence(await parse(readFileSync(paths.debug1!)))).toEqual(plain);
    const profile = await parse(readFileSync(paths.pprof!));
    expect(profile.total).toBe(44);
    // What other tools see as labels is no label of the program.
    expect(profile.groups.find(({ count }) => count === 40)).toMatchObject({ state: 'chan send', labels: {}, creator: { func: 'main.query' } });
    expect(gunzipSync(readFileSync(paths.pprof!)).toString('latin1')).toMatch(/3 min/);
    expect(readFileSync(paths.folded!, 'latin1')).toMatch(/^created by main\.query;main\.query\.func1;\[chan send\] 40$/m);
    expect(gunzipSync(readFileSync(paths.pprof!)).length).toBeGreaterThan(100);
  });
});

/** Stored and deflated entries, as zip(1) makes them. */
function zip(entries: Record<string, Buffer>): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let at = 0;
  for (const [name, bytes] of Object.entries(entries)) {
    const packed = deflateRawSync(bytes);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(0x04034b50, 0);
    local.writeUInt16LE(8, 8);
    local.writeUInt32LE(packed.length, 18);
    local.writeUInt32LE(bytes.length, 22);
    local.writeUInt16LE(name.length, 26);
    const central = Buffer.alloc(46);
    central.writeUInt32LE(0x02014b50, 0);
    central.writeUInt16LE(8, 10);
    central.writeUInt32LE(packed.length, 20);
    central.writeUInt32LE(bytes.length, 24);
    central.writeUInt16LE(name.length, 28);
    central.writeUInt32LE(at, 42);
    parts.push(local, Buffer.from(name), packed);
    directory.push(central, Buffer.from(name));
    at += 30 + name.length + packed.length;
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(Object.keys(entries).length, 10);
  end.writeUInt32LE(at, 16);
  return Buffer.concat([...parts, ...directory, end]);
}

describe('bad input', () => {
  it.each<[string, () => Buffer | string, RegExp]>([
    ['an empty file', () => '', /it is empty/],
    ['text without a dump', () => 'hello\ngoroutine safety matters\n'.repeat(1000), /no goroutine dump/],
    ['binary junk', () => Buffer.from(times(5000, (i) => (i * 7919) % 256)), /no format we know|no goroutine dump/],
    ['a truncated gzip without a dump', () => gzipSync(randomBytes(9000).toString('base64')).subarray(0, 300), /ends too early/],
    ['a damaged archive', () => 'PK\x03\x04 and nothing behind', /archive cannot be read/],
    ['a Java thread dump', () => 'Full thread dump OpenJDK 64-Bit Server VM (17):\n\n"main" #1 prio=5 os_prio=0 tid=0x1 nid=0x2 runnable\n   java.lang.Thread.State: RUNNABLE\n', /Java thread dump/],
    ['a Rust panic', () => "thread 'main' panicked at src/main.rs:2:5:\nboom\nstack backtrace:\n   0: rust_begin_unwind\n", /Rust panic/],
    ['a Python traceback', () => 'Traceback (most recent call last):\n  File "a.py", line 1\n', /Python traceback/],
    ['an execution trace', () => `go 1.22 trace\0\0\0${'x\x00'.repeat(99)}`, /execution trace/],
    ['a program', () => `\x7fELF${'\0\x01'.repeat(99)}`, /a program or a core file/],
    ['a profile of something else', () => gzipSync(Buffer.from([0x0a, 0x04, 8, 1, 16, 2, 0x32, 0, 0x32, 3, 0x63, 0x70, 0x75, 0x32, 5, 0x63, 0x6f, 0x75, 0x6e, 0x74])), /a profile of cpu/],
  ])('%s', async (name, content, expected) => {
    const run = await reloadctl(['goroutines', file(`bad-${name.replaceAll(' ', '-')}`, content())]);
    expect(run.stderr).toMatch(expected);
    expect(run.code).toBe(2);
  });

  it.each<[string[], RegExp]>([
    [['/nonexistent/x'], /no such file/],
    [['.'], /not (?:a )?(?:process|regular)|is a directory|no process/],
    [[leak, '--where', 'stat=x'], /did you mean state/],
    [[leak, '--where', 'wait>ten'], /not a time/],
    [[leak, '--group-by', 'lable:x'], /unknown attribute/],
    [[leak, '--export', 'pprf=x'], /did you mean pprof/],
    [[leak, '--export', 'pprof'], /needs a file/],
    [[leak, '--watch', '5s'], /a file does not change/],
    [['-', '-'], /only one/],
    [['ftp://x'], /only http, https and unix/],
    [['http://'], /not a URL/],
    [['http://127.0.0.1:1', '--bearer-env', 'RELOADCTL_NO_SUCH'], /the environment has no/],
    [['http://127.0.0.1:1', '--force', '--light'], /give one of them/],
  ])('%j', async (args, expected) => {
    const run = await reloadctl(['goroutines', ...args]);
    expect(run.stderr).toMatch(expected);
    expect([2, 3]).toContain(run.code);
  });

  it.each<[string, string[], RegExp]>([
    ['a filter without a term', ['err/goroutine-blocked.txt', '--where', ' '], /--where: there is no term in it/],
    ['a URL of another kind', ['ftp://user:s3cret@127.0.0.1/'], /ftp:\/\/ is not asked: only http, https and unix are/],
    ['numbers that no program has', ['-'], /more goroutines than any program can have/],
  ])('%s is refused', async (_, args, message) => {
    const spec = args[0]!.startsWith('err/') ? [dumpPath('err', args[0]!.slice(4)), ...args.slice(1)] : args;
    const { code, stderr } = await reloadctl(['goroutines', ...spec], { input: 'goroutine profile: total 99999999999999999999\n99999999999999999999 @ 0x1\n#\t0x1\tmain.a+0x1\t/x.go:1\n' });
    expect(code).toBe(2);
    expect(stderr).toMatch(message);
    expect(stderr).not.toContain('s3cret');
  });

  it('without labels is not grouped by one in silence', async () => {
    const { code, stdout } = await reloadctl(['goroutines', dumpPath('err', 'goroutine-blocked.txt'), '--group-by', 'label:handler', '--json']);
    expect(code).toBe(3);
    expect(JSON.parse(stdout).coverage).toContainEqual(expect.objectContaining({ source: 'labels', status: 'absent' }));
  });

  it('hostile names reach no terminal', async () => {
    const name = 'main.\x1b[31mevil\u202e\x9b(0xc000012345)';
    const text = times(150, (i) => goroutine({ id: i + 1, header: ` [chan send \x1b]0;x\x07, 2 minutes] {k: "\\x1b[2J"}:`, frames: [name] })).join('');
    const run = await reloadctl(['goroutines', file('hostile.txt', Buffer.from(text, 'utf8')), '--verbose']);
    expect(run.stdout).toContain('\\x1b[31mevil');
    expect(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/.test(run.stdout)).toBe(false);
    const json = await reloadctl(['goroutines', join(folder, 'hostile.txt'), '--json', '--list']);
    expect(/[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]/.test(json.stdout)).toBe(false);
    expect(validate(JSON.parse(json.stdout))).toBe(true);
  });
});

describe('an endpoint', () => {
  const dump = bytesOf('err', 'goroutine-leak.txt');
  const profile = bytesOf('versions', 'go1.26-rwmutex.pb.gz');

  it('of few goroutines is asked for all of them', async () => {
    const server = await serve(pprofAnswers(44, { 'goroutine?debug=2': dump }));
    const { run, report: found } = await report([server.url, '--list', '--settle', '0']);
    expect(run.code).toBe(0);
    expect(found.data.total).toBe(44);
    expect(found.target).toMatchObject({ spec: server.url });
    expect(server.asked.map(({ url }) => url)).toEqual(['/debug/pprof/', '/debug/pprof/goroutine?debug=2']);
  });

  it('is looked at again where one look leaves a doubt, and says so', async () => {
    const main = goroutine({ id: 1, state: 'select', frames: ['main.main()'], creator: '' });
    const stuck = (count: number): string => main + times(count, (index) => goroutine({ id: 10 + index, state: 'chan send', frames: ['main.query.func1()'], creator: `main.handle in goroutine ${90_000 + index}` })).join('');
    let looks = 0;
    const server = await serve((request, response) => pprofAnswers(200, { 'goroutine?debug=2': stuck(100 + 10 * (request.url!.includes('debug=2') ? looks++ : 0)) })(request, response));
    const { report: found } = await report([server.url, '--settle', '100ms']);
    expect(found.findings).toMatchObject([{ id: 'goroutine/leak', severity: 'warning', confidence: 'hint', title: expect.stringContaining('become more, and none of them gets on') }]);
    expect(server.asked.filter(({ url }) => url.includes('debug=2'))).toHaveLength(3);
    expect(found.coverage).toContainEqual(expect.objectContaining({ source: 'looks', seen: 3, detail: expect.stringMatching(/each stopped the program/) }));
    looks = 0;
    const once = await report([server.url, '--settle', '0']);
    expect(once.report.findings).toMatchObject([{ severity: 'info' }]);
    expect(looks).toBe(1);
    expect((await reloadctl(['goroutines', server.url, '--settle', '2m'])).code).toBe(2);
  });

  it('that dies between two looks is judged by the first', async () => {
    const main = goroutine({ id: 1, state: 'select', frames: ['main.main()'], creator: '' });
    const text = main + times(150, (index) => goroutine({ id: 10 + index, state: 'chan send', frames: ['main.query.func1()'] })).join('');
    let looks = 0;
    const server = await serve((request, response) => {
      if (request.url!.includes('debug=2') && looks++ > 0) response.destroy();
      else pprofAnswers(151, { 'goroutine?debug=2': text })(request, response);
    });
    const { run, report: found } = await report([server.url, '--settle', '50ms']);
    expect(run.code).toBe(0);
    expect(found.findings).toMatchObject([{ severity: 'info', id: 'goroutine/leak' }]);
    expect(found.coverage).toContainEqual(expect.objectContaining({ source: 'another look', status: 'partial' }));
  });

  it('of many is never asked for debug=2, unless forced', async () => {
    const server = await serve(pprofAnswers(5001, { 'goroutine?debug=0': profile, 'goroutine?debug=2': dump }));
    const { report: found } = await report([server.url]);
    expect(found.data.format).toBe('profile');
    for (const args of [['--list'], ['--where', 'state=x']]) {
      const refused = await reloadctl(['goroutines', server.url, ...args]);
      expect(refused.code).toBe(2);
      expect(refused.stderr).toMatch(/it has 5,001 goroutines, and debug=2 would stop the whole program.*\n.*\n.*--force/);
    }
    expect((await reloadctl(['goroutines', `${server.url}/debug/pprof/goroutine?debug=2`])).code).toBe(2);
    expect(server.asked.some(({ url }) => url.includes('debug=2'))).toBe(false);
    await report([server.url, '--force', '--list']);
    expect(server.asked.at(-1)!.url).toContain('debug=2');
  });

  it('that offers goroutineleak is asked for it, after a word', async () => {
    const answers = pprofAnswers(44, { 'goroutine?debug=2': dump, 'goroutineleak?debug=0': bytesOf('err', 'leak-profile.txt') }, 'goroutineleak');
    const server = await serve(answers);
    const { run, report: found } = await report([server.url]);
    expect(run.stderr).toMatch(/asking for the goroutineleak profile: the program collects its garbage/);
    expect(found.findings[0]).toMatchObject({ id: 'goroutine/leak', confidence: 'certain' });
    const without = await serve(answers);
    await report([without.url, '--no-leak-profile']);
    expect(without.asked.some(({ url }) => url.includes('goroutineleak'))).toBe(false);
  });

  it('may be a unix socket, may want a token, and gets it from the environment or a file', async () => {
    const socket = join(folder, 'p.sock');
    const server = await serve((request, response) => {
      if (request.headers.authorization !== 'Bearer s3cret') response.writeHead(401).end();
      else pprofAnswers(44, { 'goroutine?debug=2': dump })(request, response);
    }, socket);
    const refused = await reloadctl(['goroutines', `unix:${socket}`]);
    expect(refused.code).toBe(3);
    expect(refused.stderr).toContain('--bearer-env');
    expect((await report([`unix:${socket}`, '--bearer-env', 'TOKEN'], { env: { TOKEN: 's3cret' } })).report.data.total).toBe(44);
    const withFile = await report([`unix:${socket}`, '--bearer-file', file('token', 's3cret\n')]);
    expect(withFile.report.data.total).toBe(44);
    expect(withFile.run.stdout + withFile.run.stderr).not.toContain('s3cret');
    expect(server.asked.length).toBeGreaterThan(3);
    const header = await report([`unix:${socket}`, '--header-env', 'HEADER'], { env: { HEADER: 'Authorization: Bearer s3cret' } });
    expect(header.report.data.total).toBe(44);
  });

  it('sends what a URL holds of secrets, and shows none of it', async () => {
    const server = await serve(pprofAnswers(44, { 'goroutine?debug=2&token=t0ken': bytesOf('err', 'goroutine-leak.txt'), 'goroutine?debug=0&token=t0ken': bytesOf('err', 'goroutine-leak.txt') }));
    const at = `127.0.0.1:${server.port}`;
    const { run, report: one } = await report([`http://user:s3cret@${at}/?token=t0ken`, '--settle', '0']);
    const text = await reloadctl(['goroutines', `http://user:s3cret@${at}/?token=t0ken`, '--settle', '0', '--verbose']);
    const refused = await reloadctl(['goroutines', `http://user:s3cret@${at}/no/?token=t0ken`, '--json']);
    expect(one.data.total).toBe(44);
    expect(server.asked.map(({ headers }) => headers.authorization)).toContain(`Basic ${Buffer.from('user:s3cret').toString('base64')}`);
    for (const { stdout, stderr } of [run, text, refused]) expect(stdout + stderr).not.toMatch(/s3cret|t0ken/);
    expect(one.target?.spec).toBe(`http://***@${at}/?token=***`);
    expect((await reloadctl(['goroutines', 'http://user:s3cret@:bad'])).stderr).not.toContain('s3cret');
  });

  it.each<[string, Parameters<typeof serve>[0], RegExp]>([
    ['404', (_, response) => void response.writeHead(404).end('404 page not found\n'), /no net\/http\/pprof here \(HTTP 404/],
    ['500', (_, response) => void response.writeHead(500).end('broken'), /HTTP 500/],
    ['403', (_, response) => void response.writeHead(403).end(), /wants to know who asks/],
    ['a web page', (_, response) => void response.setHeader('content-type', 'text/html').end('<html>Welcome</html>'), /a web page, not with a dump/],
    ['a redirect to another host', (_, response) => void response.writeHead(302, { location: 'http://192.0.2.1/debug/pprof/' }).end(), /redirects to another host \(http:\/\/192\.0\.2\.1\)/],
    ['redirects without end', (request, response) => void response.writeHead(302, { location: `${request.url}x` }).end(), /redirects more than/],
    ['silence', () => undefined, /did not answer in full within 1 s/],
    ['a slow drip', (_, response) => {
      response.writeHead(200);
      const timer = setInterval(() => response.write('g'), 50);
      response.on('close', () => clearInterval(timer));
    }, /did not answer in full within 1 s/],
    ['a connection that is cut', (_, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('goroutine 1 [run', () => response.destroy());
    }, /cut/],
  ])('%s is exit 3', async (_, answer, expected) => {
    const server = await serve(answer);
    const run = await reloadctl(['goroutines', server.url, '--timeout', '1s']);
    expect(run.stderr).toMatch(expected);
    expect(run.code).toBe(3);
    expect(run.durationMs).toBeLessThan(8000);
  });

  it('an answer whose end is that of its connection is not whole when the time is over', async () => {
    const server = await serve((request, response) => {
      if (request.url === '/debug/pprof/') pprofAnswers(44, {})(request, response);
      else request.socket.write(Buffer.concat([Buffer.from('HTTP/1.0 200 OK\r\n\r\n'), dump]));
    });
    const run = await reloadctl(['goroutines', server.url, '--timeout', '1s']);
    expect(run.stderr).toMatch(/did not answer in full within 1 s/);
    expect(run.code).toBe(3);
  });

  it('an answer that is shorter than it says is judged in part', async () => {
    const bytes = bytesOf('err', 'goroutine-blocked.txt');
    const server = await serve((request, response) => {
      if (request.url === '/debug/pprof/') return void response.end(indexPage(30));
      response.writeHead(200, { 'content-length': bytes.length + 1000 });
      response.write(bytes, () => response.destroy());
    });
    const { code, stdout } = await reloadctl(['goroutines', server.url, '--settle', '0', '--no-leak-profile', '--json']);
    const { data, coverage, findings } = JSON.parse(stdout);
    expect(code).toBe(3);
    expect(data.total).toBeGreaterThan(20);
    expect(coverage[0]).toMatchObject({ status: 'partial', detail: expect.stringContaining('what came before that is here') });
    expect(findings.map(({ id }: { id: string }) => id)).toContain('goroutine/truncated-dump');
  });

  it('that tells of far fewer than it says it has is not fully read', async () => {
    const server = await serve(pprofAnswers(1000, { 'goroutine?debug=2': dump }));
    const { run, report: found } = await report([server.url, '--settle', '0']);
    expect(run.code).toBe(3);
    expect(found.coverage[0]).toMatchObject({ status: 'partial', seen: 44, total: 1000 });
  });

  it('may be written as everybody types it, and is asked for labels where they are', async () => {
    const server = await serve(pprofAnswers(44, { 'goroutine?debug=2': dump, 'goroutine?debug=0': bytesOf('versions', 'go1.27.3-labels.pb.gz') }));
    const { report: found } = await report([`127.0.0.1:${server.port}`]);
    expect(found.data.total).toBe(44);
    const labelled = await report([`localhost:${server.port}`, '--group-by', 'label:worker']);
    expect(labelled.report.data.format).toBe('profile');
    expect(labelled.report.data.groups.length).toBeGreaterThan(1);
  });

  it('that dies while it is watched, or a watch that is stopped, tells what was seen', async () => {
    let answers = 0;
    const server = await serve((request, response) => {
      if (++answers > 14) response.destroy();
      else pprofAnswers(44, { 'goroutine?debug=2': dump, 'goroutine?debug=0': profile })(request, response);
    });
    const { run, report: found } = await report([server.url, '--watch', '4s', '--interval', '200ms']);
    expect(run.code).toBe(3);
    expect((found.data as unknown as { watch: { samples: number } }).watch.samples).toBeGreaterThan(3);
    expect(found.coverage.map(({ detail }) => detail).join()).toMatch(/the last sample is judged/);
  });

  it('an endless body is cut at the time limit, in bounded memory', async () => {
    const server = await serve((request, response) => {
      if (request.url === '/debug/pprof/') return void response.end('<td>5</td><td><a href="goroutine?debug=1">goroutine</a>');
      const block = Buffer.from(goroutine({ id: 1 }).repeat(500), 'latin1');
      const more = (): void => {
        while (!response.destroyed && response.write(block));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    const run = await reloadctl(['goroutines', server.url, '--timeout', '3s'], { env: { NODE_OPTIONS: '--max-old-space-size=200' } });
    expect(run.code).toBe(3);
    expect(run.stderr).toMatch(/did not answer in full|longer than/);
  });

  it('may be mounted elsewhere behind a unix socket', async () => {
    const socket = join(folder, 'm.sock');
    const server = await serve((request, response) => {
      request.url = request.url!.replace(/^\/admin/, '');
      pprofAnswers(44, { 'goroutine?debug=2': dump })(request, response);
    }, socket);
    expect((await report([`unix:${socket}:/admin/debug/pprof`])).report.data.total).toBe(44);
    expect(server.asked[0]!.url).toBe('/admin/debug/pprof/');
  });

  it('that nobody listens on is exit 3, with an empty report for scripts', async () => {
    const run = await reloadctl(['goroutines', 'http://127.0.0.1:1', '--json']);
    expect(run.code).toBe(3);
    expect(validate(JSON.parse(run.stdout))).toBe(true);
  });

  it('gc reads its pauses', async () => {
    const heap = bytesOf('err', 'gc-pause.txt');
    const server = await serve(pprofAnswers(44, { 'heap?debug=1': heap }));
    const run = await reloadctl(['gc', server.url, '--json']);
    const found = JSON.parse(run.stdout) as Report<{ pauses: { count: number } }>;
    expect(validate(found), JSON.stringify(validate.errors)).toBe(true);
    expect(found.data.pauses.count).toBeGreaterThan(0);
    expect((await reloadctl(['gc', server.url, '--limit', '0.05ms', '--fail-on', 'warning'])).code).toBe(1);
    expect((await reloadctl(['gc', `${server.url}/debug/vars`])).code).toBe(3);
    expect((await reloadctl(['gc', leak])).code).toBe(2);
  });
});
