/** bun:ffi answers as koffi does: the same module, run by the Bun inside of the single file. */
import { expect, it } from 'vitest';
import type { DiagSocket, SocketProbe } from '../../src/evidence/types.ts';
import { bundled, codeOf, holder, native, needs, socketInode } from '../evidence/native/support.ts';
import { alone, describeSingleFile } from './support/single-file.ts';

const lacking = needs.native() ?? needs.python();

/** Runs a module body in Bun, with `native` at hand and `code` for what an action throws, and returns what it says. */
async function inBun<T>(body: string): Promise<T> {
  return runInBun(await bundled(false), `
const { loadNative } = await import(process.env.MODULE);
const native = loadNative();
const code = (action) => { try { action(); return 'done'; } catch (error) { return error.code; } };
const say = (value) => process.stdout.write(JSON.stringify(value));
${body}`);
}

async function runInBun<T>(module: string, source: string): Promise<T> {
  const { code, stdout, stderr } = await alone(['-e', source], { env: { BUN_BE_BUN: '1', MODULE: module } });
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as T;
}

/** Without what goes on: times, and numbers of segments. */
function steady({ lastSentMs, lastReceivedMs, ...socket }: DiagSocket): object {
  return { ...socket, hasTimes: lastSentMs !== undefined && lastReceivedMs !== undefined };
}

describeSingleFile('native calls through bun:ffi', () => {
  it.skipIf(lacking)('probe sockets as koffi does', async () => {
    const { pid, ready } = await holder<number[]>(`
a, c = pair(); l = listener(3); s = tcp(); u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); x, y = socket.socketpair()
six = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
p, q = pair(); q.send(b'hello'); q.close(); until(lambda: state(p) == 8); p.recv(9); reset(p)
say([a.fileno(), c.fileno(), l.fileno(), s.fileno(), u.fileno(), x.fileno(), six.fileno()])`);
    const theirs = await inBun<SocketProbe[]>(`say(${JSON.stringify(ready)}.map((fd) => native.probeSocket(${pid}, fd)));`);
    expect(theirs).toEqual(ready.map((fd) => native().probeSocket(pid, fd)));
    expect(theirs.map(({ listening }) => listening)).toContain(true);
  });

  it.skipIf(lacking)('list the sockets that koffi lists', async () => {
    const { pid, ready } = await holder<number[]>(`
l = listener(5); kept = []
for _ in range(150):
    c = tcp(); c.connect(l.getsockname()); kept += [c, l.accept()[0]]
x, y = socket.socketpair(); x.send(b'hello')
say([l.fileno(), x.fileno(), y.fileno()] + [s.fileno() for s in kept])`);
    const inodes = ready.map((fd) => socketInode(pid, fd));
    const pick = (sockets: DiagSocket[]): object[] =>
      sockets
        .filter(({ inode }) => inodes.includes(inode))
        .map(steady)
        .sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
    const theirs = await inBun<{ tcp: DiagSocket[]; unix: DiagSocket[] }>("say({ tcp: native.sockDiag('tcp'), unix: native.sockDiag('unix') });");
    expect(pick([...theirs.tcp, ...theirs.unix])).toEqual(pick([...native().sockDiag('tcp'), ...native().sockDiag('unix')]));
    expect(pick(theirs.tcp)).toHaveLength(301);
    expect(pick(theirs.unix)).toHaveLength(2);
  });

  it.skipIf(lacking)('compare descriptors as koffi does, and are refused alike', async () => {
    const { pid, ready } = await holder<Record<'a' | 'same' | 'other' | 'epoll' | 'watched' | 'live', number>>(`
a = os.open('/dev/null', 0); same = os.dup(a); other = os.open('/dev/null', 0)
e = select.epoll(); r, w = os.pipe(); e.register(r, select.EPOLLIN); keep = os.dup(r); os.dup2(w, r)
say({'a': a, 'same': same, 'other': other, 'epoll': e.fileno(), 'watched': r, 'live': keep})`);
    const { a, same, other, epoll, watched, live } = ready;
    const questions = `[
  native.sameDescription(${pid}, ${a}, ${pid}, ${same}), native.sameDescription(${pid}, ${a}, ${pid}, ${other}),
  native.isEpollTarget(${pid}, ${live}, ${epoll}, ${watched}), native.isEpollTarget(${pid}, ${watched}, ${epoll}, ${watched}),
  code(() => native.sameDescription(${pid}, 999, ${pid}, ${a})), code(() => native.sameDescription(2 ** 22 + 1, 0, ${pid}, ${a})),
  code(() => native.isEpollTarget(${pid}, ${a}, ${a}, 7)), code(() => native.isEpollTarget(${pid}, ${a}, ${epoll}, 999)),
  code(() => native.probeSocket(${pid}, 999)), code(() => native.probeSocket(${pid}, ${a})), code(() => native.probeSocket(2 ** 22 + 1, 0)),
]`;
    expect(await inBun(`say(${questions});`)).toEqual([true, false, true, false, 'EBADF', 'ESRCH', 'EINVAL', 'ENOENT', 'EBADF', 'ENOTSOCK', 'ESRCH']);
    const { sameDescription, isEpollTarget } = native();
    expect([sameDescription(pid, a, pid, same), sameDescription(pid, a, pid, other)]).toEqual([true, false]);
    expect([isEpollTarget(pid, live, epoll, watched), isEpollTarget(pid, watched, epoll, watched)]).toEqual([true, false]);
    expect(codeOf(() => isEpollTarget(pid, a, epoll, 999))).toBe('ENOENT');
  });

  it.skipIf(lacking)('keep the errno of each call, however much garbage is collected between', async () => {
    const wrong = await inBun<number>(`
let wrong = 0, kept = [];
for (let n = 0; n < 60_000; n++) {
  kept.push({ n, text: 'x'.repeat(n % 50), more: new Array(n % 30) });
  if (kept.length > 5000) kept = [];
  if (n % 10_000 === 0) Bun.gc(true);
  const expected = n % 2 ? 'EBADF' : 'ESRCH';
  if (code(() => native.sameDescription(n % 2 ? process.pid : 2 ** 22 + 1, 999, process.pid, 0)) !== expected) wrong++;
}
say(wrong);`);
    expect(wrong).toBe(0);
  });

  it.skipIf(lacking)('read the links of a table: without them the runtime reads, which nobody would notice', async () => {
    const said = await runInBun<{ links: number[]; open: number[]; without: boolean }>(
      await bundled(false, 'src/evidence/native/fd-links.ts'),
      `
const { openFdLinks } = await import(process.env.MODULE);
const { openSync } = await import('node:fs');
const held = Array.from({ length: 300 }, () => openSync('/dev/null', 'r'));
const links = openFdLinks('/proc/self/fd', held.length);
const wrong = held.filter((fd) => links.read(fd) !== '/dev/null' || links.length(fd) !== 9);
const open = links.openFrom(held[250]).filter((fd) => held.includes(fd));
process.stdout.write(JSON.stringify({ links: wrong, open: open.map((fd) => held.indexOf(fd)), without: links.read(9999) === undefined }));`,
    );
    expect(said).toEqual({ links: [], open: Array.from({ length: 50 }, (_, index) => 250 + index), without: true });
  });

  it.skipIf(lacking)('leave no descriptor behind', async () => {
    const counts = await inBun<number[]>(`
const { readdirSync } = await import('node:fs');
native.sockDiag('tcp');
const count = () => readdirSync('/proc/self/fd').length;
const before = count();
for (let n = 0; n < 20; n++) { native.sockDiag('tcp'); native.sockDiag('unix'); code(() => native.probeSocket(process.pid, 0)); }
say([before, count()]);`);
    expect(counts[1]).toBe(counts[0]);
  });
});
