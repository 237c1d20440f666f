/** Sockets with a fault: the count that was made is the count in the finding and in the groups. */
import { expect, it } from 'vitest';
import { countOf, coverageOf, evidenceOf, findingOf, look } from '../cli/support/look.ts';
import { startChild } from './support/child.ts';
import { describeNeeds } from './support/need.ts';
import { PYTHON, startFactory } from './support/program.ts';

const NO_NATIVE = { env: { RELOADCTL_NO_NATIVE: '1' } };

describeNeeds(['python3'], 'sockets with a fault', () => {
  it('CLOSE_WAIT: 23 whose end was read, and what stays silent beside them', async () => {
    const { pid, truth, stop } = await startFactory(['close-wait=23', 'established=50']);
    for (const options of [{}, NO_NATIVE]) {
      const looked = await look([pid], options);
      expect(looked.run.code).toBe(0);
      const finding = findingOf(looked, 'socket/close-wait');
      expect(finding).toMatchObject({ severity: 'warning', confidence: 'likely' });
      expect(finding.title).toMatch(new RegExp(`^23 sockets to 127.0.0.1:${truth.facts['close-wait']?.port} in CLOSE_WAIT`));
      expect(evidenceOf(finding, 'in CLOSE_WAIT')).toBe(23);
      expect(evidenceOf(finding, 'end of stream read, descriptor kept')).toBe(23);
      expect(countOf(looked.report.data, /^tcp CLOSE_WAIT to /)).toBe(23);
      expect(countOf(looked.report.data, /^tcp ESTABLISHED to /)).toBe(50);
      expect(looked.findings).toHaveLength(1);
    }
    await stop();
  });

  it('CLOSE_WAIT: ends never read, data never read, on the accepting side', async () => {
    const { pid, truth, stop } = await startFactory(['close-wait=23:eof=unread', 'close-wait=17:eof=data:side=server']);
    const looked = await look([pid]);
    const findings = looked.findings.filter((finding) => finding.id === 'socket/close-wait');
    expect(findings.map((finding) => evidenceOf(finding, 'in CLOSE_WAIT')).sort()).toEqual([17, 23]);
    for (const finding of findings) expect(evidenceOf(finding, 'end of stream never read')).toBe(evidenceOf(finding, 'in CLOSE_WAIT'));
    expect(countOf(looked.report.data, `tcp CLOSE_WAIT on :${truth.facts['close-wait']?.port}`)).toBe(17);
    await stop();
  });

  it('a few in CLOSE_WAIT are no alarm', async () => {
    const { pid, stop } = await startFactory(['close-wait=4', 'close-wait=8:eof=unread']);
    const looked = await look([pid]);
    expect(looked.findings.map(({ severity }) => severity)).not.toContain('warning');
    await stop();
  });

  it('unread data: all of it, and on how many connections', async () => {
    const { pid, truth, stop } = await startFactory(['unread=20:bytes=70000', 'established=5']);
    const looked = await look([pid]);
    const finding = findingOf(looked, 'socket/unread-data');
    expect(finding).toMatchObject({ severity: 'warning', confidence: 'likely' });
    expect(finding.title).toContain(`20 connections to 127.0.0.1:${truth.facts.unread?.port} with 1.3 MiB`);
    expect(evidenceOf(finding, 'connections with unread data')).toBe(20);
    expect(evidenceOf(finding, 'unread')).toBe(20 * 70_000);
    await stop();
  });

  it('an accept queue of a unix listener that is full, by the default look', async () => {
    const full = `
import socket, sys
listener = socket.socket(socket.AF_UNIX)
listener.bind('')
listener.listen(2)
clients = [socket.socket(socket.AF_UNIX) for _ in range(6)]
for client in clients:
    client.setblocking(False)
    try: client.connect(listener.getsockname())
    except BlockingIOError: pass
print('ready', flush=True)
sys.stdin.read()
`;
    const program = await startChild(PYTHON, ['-c', full]);
    await program.nextLine();
    const finding = findingOf(await look([program.pid]), 'listen/accept-queue-full');
    expect(finding).toMatchObject({ severity: 'warning', confidence: 'certain' });
    expect(finding.title).toMatch(/^unix listener @.*: 3 of 2 connections wait to be accepted, further ones block$/);
    const without = await look([program.pid], NO_NATIVE);
    expect(coverageOf(without, 'sock_diag unix')).toMatchObject({ status: 'unsupported' });
    await program.stop();
  });

  it('an accept queue that is full: certain with sock_diag, likely from /proc alone', async () => {
    const { pid, truth, stop } = await startFactory(['accept-queue-full', 'tcp-listen-backlog=1:queue=3:max=7', 'tcp-listen']);
    const port = truth.facts['accept-queue-full']?.ports?.[0];
    const looked = await look([pid]);
    const queues = looked.findings.filter((finding) => finding.id === 'listen/accept-queue-full');
    expect(queues).toHaveLength(1);
    expect(queues[0]).toMatchObject({ severity: 'critical', confidence: 'certain' });
    expect(queues[0]?.title).toContain(`127.0.0.1:${port}`);
    expect(queues[0]?.evidence).toContainEqual({ name: 'accept queue', value: 2, limit: 1, source: 'sock_diag' });
    expect([looked.run.code, looked.report.verdict]).toEqual([1, 'fail']);

    const procOnly = await look([pid], NO_NATIVE);
    expect(procOnly.findings.filter((finding) => finding.id === 'listen/accept-queue-full')).toHaveLength(1);
    expect(findingOf(procOnly, 'listen/accept-queue-full')).toMatchObject({ severity: 'warning', confidence: 'likely' });
    expect(findingOf(procOnly, 'listen/accept-queue-full').title).toContain(`127.0.0.1:${port}`);
    expect(coverageOf(procOnly, 'sock_diag tcp')).toMatchObject({ status: 'unsupported', needed: false });
    expect(procOnly.run.code).toBe(0);
    await stop();
  });
});

// Asking a socket needs the right to attach to its process, which Yama keeps from users.
describeNeeds(['python3', 'root'], 'sockets in no table', () => {
  it('closed on both sides, and never connected: told apart by asking, one sum without', async () => {
    const { pid, stop } = await startFactory(['closed-both=23', 'never-connected=19', 'bound-not-listening=2', 'refused=2']);
    const looked = await look([pid]);
    expect(findingOf(looked, 'socket/closed-both-ways')).toMatchObject({ severity: 'warning', confidence: 'certain' });
    expect(evidenceOf(findingOf(looked, 'socket/closed-both-ways'), 'closed on both sides')).toBe(23);
    expect(findingOf(looked, 'socket/never-connected')).toMatchObject({ severity: 'warning', confidence: 'likely' });
    expect(evidenceOf(findingOf(looked, 'socket/never-connected'), 'never connected')).toBe(23);
    expect(coverageOf(looked, 'sockets in no table')).toMatchObject({ status: 'ok', seen: 46, total: 46 });

    const procOnly = await look([pid], NO_NATIVE);
    expect(findingOf(procOnly, 'socket/closed-both-ways')).toMatchObject({ confidence: 'hint' });
    expect(evidenceOf(findingOf(procOnly, 'socket/closed-both-ways'), 'sockets in no table')).toBe(46);
    expect(countOf(procOnly.report.data, /^in no socket table/)).toBe(46);
    await stop();
  });

  it('names listeners of another network namespace as such', async () => {
    const { pid, truth, stop } = await startFactory(['setns-socket=2']);
    const looked = await look([pid, '--list']);
    const ports = truth.facts['setns-socket']?.ports ?? [];
    for (const port of ports) expect(countOf(looked.report.data, `tcp LISTEN 0.0.0.0:${port} in another network namespace`)).toBe(1);
    const rows = looked.report.data.fds?.filter((row) => truth.fds['setns-socket']?.includes(row.fd));
    expect(rows?.map((row) => [row.state, row.local])).toEqual(ports.map((port) => ['LISTEN', `0.0.0.0:${port}`]));
    expect(looked.findings).toEqual([]);
    await stop();
  });

  it('reads the tables of a namespace that some process is in', async () => {
    const { pid, truth, stop } = await startFactory(['tcp-listen=2', 'netlink', 'packet']);
    const looked = await look([pid]);
    const line = coverageOf(looked, 'socket tables');
    expect([line.status, line.seen]).toEqual(['ok', line.total]);
    expect(line.total).toBeGreaterThanOrEqual(4);
    for (const port of truth.facts['tcp-listen']?.ports ?? []) expect(countOf(looked.report.data, `tcp LISTEN 127.0.0.1:${port}`)).toBe(1);
    await stop();
  });
});
