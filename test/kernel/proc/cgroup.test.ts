import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCgroup } from '../../../src/kernel/proc/cgroup.ts';
import { neverThrows } from './bytes.ts';

const ID = '26d746b7f8ceecf9a9cca39d2248f28b26d746b7f8ceecf9a9cca39d2248f28b';
const OTHER = 'f'.repeat(64);
const UID = '6bd4d5a1-0d6c-4b5c-9d4e-5f0a6f1c2d3e';
const UNDERSCORED = UID.replaceAll('-', '_');

/** Path to what is expected of it beside the path. */
const CASES: [string, { unit?: string; container?: string; pod?: string }][] = [
  ['/', {}],
  ['/init.scope', { unit: 'init.scope' }],
  ['/system.slice/nginx.service', { unit: 'nginx.service' }],
  ['/system.slice/nginx.service/workers/7', { unit: 'nginx.service' }],
  ['/system.slice/system-getty.slice/getty@tty1.service', { unit: 'getty@tty1.service' }],
  ['/user.slice/user-1000.slice/session-3.scope', { unit: 'session-3.scope' }],
  ['/user.slice/user-1000.slice/user@1000.service', { unit: 'user@1000.service' }],
  ['/user.slice/user-1000.slice/user@1000.service/app.slice/app-org.x\\x2dterm-7.scope', { unit: 'app-org.x-term-7.scope' }],
  [`/system.slice/docker-${ID}.scope`, { container: ID }],
  [`/docker/${ID}`, { container: ID }],
  [`/docker/${ID}/system.slice/nginx.service`, { container: ID, unit: 'nginx.service' }],
  [`/docker/${ID}/docker/${OTHER}`, { container: OTHER }],
  [`/machine.slice/libpod-${ID}.scope/container`, { container: ID }],
  [`/machine.slice/libpod-conmon-${ID}.scope`, { unit: `libpod-conmon-${ID}.scope` }],
  [`/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-${ID}.scope`, { container: ID, unit: 'user@1000.service' }],
  [
    `/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UNDERSCORED}.slice/cri-containerd-${ID}.scope`,
    { container: ID, pod: UID },
  ],
  [`/kubepods.slice/kubepods-pod${UNDERSCORED}.slice/crio-${ID}.scope`, { container: ID, pod: UID }],
  [`/kubepods/besteffort/pod${UID}/${ID}`, { container: ID, pod: UID }],
  [`/kubepods/pod${'0a'.repeat(16)}/${ID}`, { container: ID, pod: '0a'.repeat(16) }],
  [
    `/system.slice/containerd.service/kubepods-pod${UNDERSCORED}.slice:cri-containerd:${ID}`,
    { container: ID, unit: 'containerd.service', pod: UID },
  ],
  ['/lxc/web1', { container: 'web1' }],
  ['/lxc.payload.web1/system.slice/cron.service', { container: 'web1', unit: 'cron.service' }],
  ['/lxc.monitor.web1', {}],
  ['/../../system.slice/x.service', { unit: 'x.service' }],
  ['/system.slice/old.service (deleted)', { unit: 'old.service' }],
  ['/a:b/c.service', { unit: 'c.service' }],
  ['/process_api/26d746b7f8ceecf9a9cca39d2248f28b', {}],
  ['/machine.slice/machine-libpod_pod_x.slice/podcast.slice', {}],
];

describe('parseCgroup', () => {
  it.each(CASES)('%s', (path, expected) => {
    expect(parseCgroup(`0::${path}\n`)).toEqual({ path, ...expected });
  });

  it('prefers v2, then systemd, then memory, then pids, each only below its root', () => {
    const lines = ['5:cpu,cpuacct:/x/e.service', '4:pids:/d.service', '3:memory:/c.service', '2:name=systemd:/b.service', '0::/a.service'];
    const units = [];
    while (lines.length > 0) {
      units.push(parseCgroup(`${lines.join('\n')}\n`)?.unit);
      lines.pop();
    }
    expect(units).toEqual(['a.service', 'b.service', 'c.service', 'd.service', 'e.service']);
    const rooted = '9:name=systemd:/\n8:pids:/\n4:memory:/process_api/26d7\n1:cpu:/\n0::/\n';
    expect(parseCgroup(rooted)).toEqual({ path: '/process_api/26d7' });
    expect(parseCgroup(rooted.replace('/process_api/26d7', '/'))).toEqual({ path: '/' });
  });

  it('refuses what is no cgroup file and does not trust a cut-off path', () => {
    expect(parseCgroup('')).toBeNull();
    expect(parseCgroup('0::/system.slice/nginx.servi')).toBeNull();
    expect(parseCgroup('x\n0:\n')).toBeNull();
  });

  it('decodes names', () => {
    expect(parseCgroup('0::/caf\xc3\xa9.service\n')).toEqual({ path: '/café.service', unit: 'café.service' });
    expect(parseCgroup('0::/caf\\xc3\\xa9.service\n')?.unit).toBe('café.service');
  });

  it('reads its own process', () => {
    const text = readFileSync('/proc/self/cgroup', 'latin1');
    expect(text.split('\n').some((line) => line.endsWith(`:${parseCgroup(text)?.path}`))).toBe(true);
  });

  it('finds a unit at any depth, whatever is around it', () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9@-]{0,10}$/).filter((part) => !['docker', 'lxc'].includes(part));
    fc.assert(
      fc.property(fc.array(name), name, fc.constantFrom('service', 'scope'), fc.array(name), (above, unit, suffix, below) => {
        const path = `/${[...above, `${unit}.${suffix}`, ...below].join('/')}`;
        expect(parseCgroup(`12:cpuset:/\n1:name=systemd:${path}\n0::/\n`)).toEqual({ path, unit: `${unit}.${suffix}` });
      }),
    );
  });

  it('never throws', () => neverThrows(parseCgroup, `1:name=systemd:/\n0::/kubepods/pod${UID}/docker-${ID}.scope/a\\x2d.service\n`));
});
