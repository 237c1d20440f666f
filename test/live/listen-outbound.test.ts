/** `listen --outbound`: what the kernel itself says when a connect() fails is the truth. */
import { expect, it } from 'vitest';
import type { ListenData } from '../../src/listen/data.ts';
import type { Report } from '../../src/report/types.ts';
import { compileSchema } from '../schema/support.ts';
import { startChild } from './support/child.ts';
import { describeNeeds } from './support/need.ts';
import { PYTHON, reloadctl } from './support/program.ts';

const validate = compileSchema();

/** In a namespace of 20 ports, of which some are reserved, listened on and bound: connects until the kernel refuses, or so often. */
const CONNECTS = `
import json, os, socket, sys
write = lambda name, text: open('/proc/sys/net/ipv4/' + name, 'w').write(text)
write('ip_local_port_range', '40000 40019')
write('ip_local_reserved_ports', '40007,40009-40010')
server = socket.create_server(('127.0.0.1', 8080), backlog=100)
taken = [socket.create_server(('127.0.0.2', 40003)), socket.socket(), socket.create_server(('::1', 40012), family=socket.AF_INET6)]
taken[1].bind(('127.0.0.3', 40005))
held, error = [], None
for _ in range(int(sys.argv[1])):
    one = socket.socket()
    try:
        one.connect(('127.0.0.1', 8080))
    except OSError as failed:
        error = failed.errno
        break
    held += [one, server.accept()[0]]
print(json.dumps({'pid': os.getpid(), 'connected': len(held) // 2, 'errno': error}), flush=True)
sys.stdin.read()
`;
const EADDRNOTAVAIL = 99;

async function connecting(most: number) {
  const child = await startChild('unshare', ['-n', 'sh', '-c', 'ip link set lo up; exec "$@"', 'sh', PYTHON, '-c', CONNECTS, String(most)]);
  const truth = JSON.parse(await child.nextLine()) as { pid: number; connected: number; errno: number | null };
  const look = async (...more: string[]): Promise<{ code: number | null; report: Report<ListenData> }> => {
    const env = more.includes('plain') ? { env: { RELOADCTL_NO_NATIVE: '1' } } : {};
    const { code, stdout } = await reloadctl(['listen', String(truth.pid), '--outbound', '--json'], env);
    const report = JSON.parse(stdout) as Report<ListenData>;
    validate(report);
    expect(validate.errors).toBeNull();
    return { code, report };
  };
  return { truth, look, stop: () => child.stop() };
}

describeNeeds(['python3', 'root', 'unshare', 'ip'], 'listen --outbound', () => {
  it('counts as the kernel does: the connect that fails is the one after the last that is left', async () => {
    const { truth, look, stop } = await connecting(100);
    expect(truth.errno).toBe(EADDRNOTAVAIL);
    const { code, report } = await look();
    expect(code).toBe(1);
    expect(report.data.outbound!.pools).toMatchObject([{ first: 40_000, last: 40_019, reserved: 3, bound: 3, size: truth.connected }]);
    expect(report.data.outbound!.destinations).toMatchObject([{ source: '127.0.0.1', destination: '127.0.0.1', port: 8080, used: truth.connected, left: 0, holders: [{ pid: truth.pid, sockets: truth.connected }] }]);
    expect(report.findings.filter(({ severity }) => severity !== 'info')).toMatchObject([{ id: 'socket/ephemeral-ports', severity: 'critical', confidence: 'certain' }]);
    expect(report.data.outbound!.limits.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['open files', 'tasks', 'TIME_WAIT']));
    await stop();
  });

  it('some left: silent; without native calls in another namespace: could not look', async () => {
    const { truth, look, stop } = await connecting(7);
    const { code, report } = await look();
    expect({ code, findings: report.findings.filter(({ severity }) => severity !== 'info') }).toEqual({ code: 0, findings: [] });
    expect(report.data.outbound!.destinations).toMatchObject([{ used: truth.connected, left: 7 }]);
    const plain = await look('plain');
    expect(plain.code).toBe(3);
    expect(plain.report.coverage).toContainEqual(expect.objectContaining({ source: 'ports to connect from', status: 'unsupported', needed: true }));
    await stop();
  });
});

describeNeeds([], 'listen --outbound of this host', () => {
  it('is there without a target, and a tape has it', async () => {
    const { code, stdout } = await reloadctl(['listen', '--outbound', '--json']);
    const { data } = JSON.parse(stdout) as Report<ListenData>;
    expect(code).not.toBe(2);
    expect(data.outbound!.pools.length).toBeGreaterThan(0);
    expect(data.outbound!.limits.find(({ kind }) => kind === 'open files')!.used).toBeGreaterThan(0);
    const plain = await reloadctl(['listen', String(process.pid), '--outbound', '--json'], { env: { RELOADCTL_NO_NATIVE: '1' } });
    expect((JSON.parse(plain.stdout) as Report<ListenData>).data.outbound!.pools.length).toBe(1);
  });
});
