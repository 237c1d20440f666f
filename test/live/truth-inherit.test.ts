/** What an exec took along: found by accident, silent when it was meant. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { alarmsOf, findingOf, look } from '../cli/support/look.ts';
import { startChild } from './support/child.ts';
import { describeNeeds } from './support/need.ts';
import { PYTHON, startFactory } from './support/program.ts';
import { until } from './support/until.ts';

const NO_NATIVE = { env: { RELOADCTL_NO_NATIVE: '1' } };

describeNeeds(['python3', 'bash'], 'inheritance', () => {
  it.each([
    ['inherit-listener', 'certain'],
    ['inherit-file', 'likely'],
  ])('%s: the program that got it, and the other way round', async (name, withoutNative) => {
    const { pid, truth, stop } = await startFactory([name, 'files=3']);
    const child = truth.children[0]?.pid ?? -1;
    const fd = truth.fds[name]?.[0] ?? -1;
    const thing = truth.facts[name]?.paths?.[0] ?? `127.0.0.1:${truth.facts[name]?.ports?.[0]}`;
    const looked = await look([pid]);
    const finding = findingOf(looked, 'fd/inherited');
    expect(finding).toMatchObject({ severity: 'warning', confidence: 'certain' });
    expect(finding.title).toContain(`${thing} (fd ${fd}) is also held by sleep (pid ${child})`);
    expect(finding.remedy[0]?.command).toContain(`-p ${child}`);
    expect(findingOf(await look([pid], NO_NATIVE), 'fd/inherited')).toMatchObject({ severity: 'warning', confidence: withoutNative });

    const below = findingOf(await look([child]), 'fd/inherited');
    expect(below.title).toContain(`sleep (pid ${child}) got`);
    expect(below.title).toContain(`(fd ${fd}) from python3 (pid ${pid})`);
    await stop();
  });

  it('is silent about a listener that was handed over', async () => {
    const { pid, truth, stop } = await startFactory(['inherit-intended']);
    for (const target of [pid, truth.children[0]?.pid ?? -1]) expect(alarmsOf(await look([target]))).toEqual([]);
    await stop();
  });

  it('is silent about a connection that a thread of the child waits for', async () => {
    const blocked = `
import socket, subprocess, sys
listener = socket.create_server(('127.0.0.1', 0))
client = socket.create_connection(listener.getsockname())
client.set_inheritable(True)
child = subprocess.Popen(['bash', '-c', f'read -r -u {client.fileno()}; exit'], close_fds=False)
print(child.pid, client.fileno(), flush=True)
sys.stdin.read()
child.kill()
`;
    const program = await startChild(PYTHON, ['-c', blocked]);
    const [child, fd] = (await program.nextLine()).split(' ').map(Number);
    // A shell that starts reads files, too.
    await until(() => new RegExp(`^(0|63) 0x${fd!.toString(16)} `).test(readFileSync(`/proc/${child}/syscall`, 'latin1')), { what: 'the child reads' });
    expect(alarmsOf(await look([program.pid]))).toEqual([]);
    await program.stop();
  });

  it('is not alarmed by a lock', async () => {
    const { pid, truth, stop } = await startFactory(['inherit-lock']);
    for (const target of [pid, truth.children[0]?.pid ?? -1]) expect(alarmsOf(await look([target]))).toEqual([]);
    await stop();
  });
});
