/** Deno, which opens an inspector on SIGUSR1 as Node does, at port 9229 always: each in a network namespace of its own. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Child, startChild } from '../support/child.ts';
import { describeNeeds } from '../support/need.ts';
import { ownFolder } from '../support/program.ts';
import { DENO } from '../support/runtimes.ts';
import { countFds, isAlive, look, untilHandled } from './support.ts';

const SERVES = `
  import net from 'node:net';
  Deno.serve({ port: 8080, onListen: () => {} }, () => new Response('x'));
  Deno.listen({ port: 8081 });
  Deno.watchFs('/etc/hosts');
  globalThis.file = await Deno.open('/etc/hosts');
  net.createServer(() => {}).listen(8082, () => console.log('up'));
`;
const SPINS = `console.log('up'); setTimeout(() => { for (;;); }, 1000);`;

let child: Child | undefined;
afterEach(async () => {
  await child?.stop('SIGKILL');
  child = undefined;
});

async function startDeno(program: string, ...options: string[]): Promise<Child> {
  const file = join(ownFolder('deno'), 'main.mjs');
  writeFileSync(file, program);
  child = await startChild('unshare', ['-n', 'sh', '-c', `ip link set lo up; exec ${DENO} run --no-config --cached-only ${options.join(' ')} ${file}`], { env: { DENO_DIR: ownFolder('deno-dir'), DENO_NO_UPDATE_CHECK: '1' } });
  await child.nextLine();
  return child;
}

(process.arch === 'x64' ? describeNeeds : (_needs: readonly string[], name: string, body: () => void) => describe.skip(name, body))(['deno', 'unshare', 'root'], 'deno', () => {
  it('is attached to, names what it has open, and is left as it was; a watch stays connected', async () => {
    const { pid } = await startDeno(SERVES, '--allow-net', '--allow-read');
    await untilHandled(pid);
    const fds = countFds(pid);
    for (const more of [[], ['--watch', '2s']]) {
      const { data, findings } = await look(pid, '--yes', ...more);
      expect(data.attached).toBe('signal');
      expect(data.runtime?.name).toBe('deno');
      expect(data.left).toMatchObject({ portClosed: true, fdsBefore: fds, fdsAfter: fds });
      expect(data.handles.map(({ kind }) => kind).sort()).toEqual(['file-handle', 'fs-watcher', 'tcp-server', 'tcp-server', 'tcp-server']);
      expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
    }
    expect(isAlive(pid)).toBe(true);
  });

  it('that has nothing to do for a while is not blocked', async () => {
    const { pid } = await startDeno(SERVES, '--allow-net', '--allow-read', '--inspect=127.0.0.1:9333');
    const { data, findings, code } = await look(pid);
    expect([code, data.attached, data.loop?.blocked ?? false]).toEqual([0, 'existing inspector', false]);
    expect(findings.map(({ id }) => id)).not.toContain('node/loop-blocked');
  });

  it('that never pauses is not signalled: it would open its inspector when nobody is there any more', async () => {
    const { pid } = await startDeno(SPINS);
    await untilHandled(pid);
    const { data, code } = await look(pid, '--yes');
    expect([code, data.refusal?.code]).toEqual([3, 'blocked']);
    expect(child!.stderr()).toBe('');
  });
});
