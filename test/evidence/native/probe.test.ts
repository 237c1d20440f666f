/** Every state a socket that no table lists can be in, made for real; the table in tcp-info.ts holds what these show. */
import { readdirSync, readlinkSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { SocketProbe } from '../../../src/evidence/types.ts';
import { codeOf, describeWith, holder, native } from './support.ts';

const CLOSED = 7;

async function probe(program: string): Promise<SocketProbe> {
  const { pid, ready } = await holder<number>(program);
  return native().probeSocket(pid, ready);
}

function counters(one: SocketProbe): number[] {
  const { tcp } = one;
  if (tcp === undefined) throw new Error('not a TCP socket');
  return [tcp.state, tcp.segmentsIn, tcp.segmentsOut, tcp.bytesReceived, tcp.bytesAcked];
}

/** The rule of the table. */
function onceConnected({ tcp }: SocketProbe): boolean {
  return tcp !== undefined && (tcp.bytesAcked > 0 || tcp.bytesReceived > 0 || tcp.segmentsIn >= 2);
}

const FREE_PORT = `
l = listener(1); free = l.getsockname(); l.close()
def refused(s):
    try: s.connect(free)
    except ConnectionRefusedError: return
    raise SystemExit('not refused')
`;

describeWith('a probe of a socket that never was connected', ['native', 'python'], () => {
  it('never bound', async () => {
    const found = await probe('s = tcp(); say(s.fileno())');
    expect(found).toMatchObject({ domain: 2, type: 1, protocol: 6, listening: false });
    expect(found).not.toHaveProperty('local');
    expect(counters(found)).toEqual([CLOSED, 0, 0, 0, 0]);
  });

  it('bound and not listening', async () => {
    const found = await probe("s = tcp(); s.bind(('127.0.0.1', 0)); say(s.fileno())");
    expect(found.local).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(counters(found)).toEqual([CLOSED, 0, 0, 0, 0]);
  });

  it('listening', async () => {
    const found = await probe('l = listener(3); say(l.fileno())');
    expect(found.listening).toBe(true);
    expect(found.tcp?.state).toBe(10);
  });

  it('refused, as connect() tells it: the kernel wipes the counters and keeps the port', async () => {
    const found = await probe(`${FREE_PORT}\ns = tcp(); refused(s); say(s.fileno())`);
    expect(found.local).toMatch(/^0\.0\.0\.0:\d+$/);
    expect(counters(found)).toEqual([CLOSED, 0, 0, 0, 0]);
  });

  it('refused, as poll() tells it; and the error is left for its owner', async () => {
    const { pid, ready, ask } = await holder<number>(`${FREE_PORT}
s = tcp(); s.setblocking(False); s.connect_ex(free)
p = select.poll(); p.register(s, select.POLLOUT); p.poll(9000)
say(s.fileno()); sys.stdin.readline(); say(s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR))`);
    const found = native().probeSocket(pid, ready);
    expect(counters(found)).toEqual([CLOSED, 1, 1, 0, 0]);
    expect(onceConnected(found)).toBe(false);
    expect(await ask<number>('error?')).toBe(111);
  });

  it('UDP, unbound', async () => {
    const found = await probe('s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); say(s.fileno())');
    expect(found).toMatchObject({ domain: 2, type: 2, protocol: 17, listening: false });
    expect(found).not.toHaveProperty('local');
    expect(found).not.toHaveProperty('tcp');
  });

  it('a unix socket has neither address nor TCP', async () => {
    const found = await probe('a, b = socket.socketpair(); say(a.fileno())');
    expect(found).toMatchObject({ domain: 1, type: 1, protocol: 0, listening: false });
    expect(found).not.toHaveProperty('local');
  });
});

describeWith('a probe of a socket that once was connected', ['native', 'python'], () => {
  for (const [side, choice] of [['we accepted', 'x, y = pair()'], ['we connected', 'y, x = pair()']] as const) {
    for (const [amount, talk] of [['no data', ''], ['data', "x.send(b'hello'); y.recv(9); y.send(b'hi'); x.recv(9)"]] as const) {
      it(`reset by peer: ${side}, ${amount}`, async () => {
        const found = await probe(`${choice}\n${talk}\nreset(y); until(lambda: state(x) == 7); say(x.fileno())`);
        expect(found.tcp?.state).toBe(CLOSED);
        expect(onceConnected(found)).toBe(true);
        if (amount === 'no data') expect(found.tcp?.bytesReceived).toBe(0);
      });

      it(`closed both ways, the peer first: ${side}, ${amount}`, async () => {
        const found = await probe(`${choice}\n${talk}\ny.close(); until(lambda: state(x) == 8)
x.shutdown(socket.SHUT_RDWR); until(lambda: state(x) == 7); say(x.fileno())`);
        expect(found.tcp?.state).toBe(CLOSED);
        expect(onceConnected(found)).toBe(true);
        expect(found.tcp?.bytesReceived).toBe(amount === 'data' ? 3 : 1);
        expect(found.tcp?.bytesAcked).toBe((amount === 'data' ? 6 : 1) + (side === 'we connected' ? 1 : 0));
        expect(found.local).toMatch(/^127\.0\.0\.1:\d+$/);
      });

      it(`closed both ways, we first: ${side}, ${amount}`, async () => {
        const found = await probe(`${choice}\n${talk}\nx.shutdown(socket.SHUT_RDWR); y.close()
until(lambda: state(x) == 7); say(x.fileno())`);
        expect(onceConnected(found)).toBe(true);
        expect(found.tcp?.bytesReceived).toBeGreaterThan(0);
      });
    }
  }

  it('dissolved by connect(AF_UNSPEC): nothing is left of it', async () => {
    const found = await probe("y, x = pair(); ctypes.CDLL(None).connect(x.fileno(), struct.pack('<H14x', 0), 16); say(x.fileno())");
    expect(counters(found)).toEqual([CLOSED, 0, 0, 0, 0]);
  });
});

describeWith('a probe and its target', ['native', 'python'], () => {
  it('holds no copy back: the close() after it ends the connection at once', async () => {
    const { pid, ready, ask } = await holder<number>(`
a, c = pair(); say(a.fileno()); sys.stdin.readline(); a.close(); c.settimeout(5); say(c.recv(9).decode())`);
    native().probeSocket(pid, ready);
    expect(await ask<string>('close')).toBe('');
  });

  it('takes well under a millisecond and leaves no descriptor behind', async () => {
    const { pid, ready } = await holder<{ socket: number; file: number }>(`
s = tcp(); say({'socket': s.fileno(), 'file': os.open('/dev/null', 0)})`);
    const before = readdirSync('/proc/self/fd').length;
    const times: number[] = [];
    for (let count = 0; count < 201; count++) {
      const start = performance.now();
      native().probeSocket(pid, ready.socket);
      times.push(performance.now() - start);
    }
    expect(times.sort((a, b) => a - b)[100]).toBeLessThan(1);
    expect(codeOf(() => native().probeSocket(pid, 999))).toBe('EBADF');
    expect(codeOf(() => native().probeSocket(pid, ready.file))).toBe('ENOTSOCK');
    expect(readdirSync('/proc/self/fd').length).toBe(before);
  });
});

describeWith('a probe of a socket of another network namespace', ['native', 'python', 'root'], () => {
  it('names the namespace', async () => {
    const { pid, ready } = await holder<{ here: number; there: number }>(`
here = tcp()
if ctypes.CDLL(None).unshare(0x40000000) != 0: raise SystemExit('no new network namespace')
there = tcp(); say({'here': here.fileno(), 'there': there.fileno()})`);
    expect(`net:[${native().probeSocket(pid, ready.here).netns}]`).toBe(readlinkSync('/proc/self/ns/net'));
    expect(`net:[${native().probeSocket(pid, ready.there).netns}]`).toBe(readlinkSync(`/proc/${pid}/ns/net`));
    expect(readlinkSync(`/proc/${pid}/ns/net`)).not.toBe(readlinkSync('/proc/self/ns/net'));
  });
});
