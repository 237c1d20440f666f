import { describe, expect, it } from 'vitest';
import { refused } from '../../support/fake-evidence.ts';
import { worldOf } from '../../support/fake-process.ts';
import { refusalOf, resolveIn } from './support.ts';

const ID = '4f2a9c1b'.repeat(8);
const OTHER = `4f2a${'0'.repeat(60)}`;
const UID = '9fb0a1e4-8c1d-4a2b-9d3e-0a1b2c3d4e5f';
const STATIC = '0123456789abcdef'.repeat(2);

describe('unit:', () => {
  const world = worldOf(
    { pid: 42, cgroup: '0::/system.slice/nginx.service\n' },
    { pid: 43, cgroup: '0::/system.slice/nginx.service/worker\n' },
    { pid: 44, cgroup: '0::/system.slice/nginx-extra.service\n' },
    { pid: 50, cgroup: '0::/user.slice/user-1000.slice/user@1000.service/app.slice/editor.service\n' },
    { pid: 51, cgroup: '12:pids:/x\n1:name=systemd:/system.slice/old.service\n' },
    { pid: 52, cgroup: '0::/user.slice/user-1000.slice/session-3.scope\n' },
  );

  it.each([
    ['unit:nginx.service', [42, 43]],
    ['unit:nginx', [42, 43]],
    ['unit:user@1000.service', [50]],
    ['unit:editor', [50]],
    ['unit:old', [51]],
    ['unit:session-3.scope', [52]],
    ['unit:user-1000.slice', [50, 52]],
  ])('%s', (spec, pids) => {
    expect(resolveIn(world, spec).pids).toEqual(pids);
  });

  it('says what there is not', () => {
    expect(refusalOf(world, 'unit:apache').message).toBe('3 no process runs in unit apache.service');
    expect(refusalOf(world, 'unit:').message).toMatch(/^2 unit: needs a name/);
  });
});

describe('container:', () => {
  const docker = (id: string): string => `0::/system.slice/docker-${id}.scope\n`;

  it('is an id or its beginning', () => {
    const world = worldOf({ pid: 42, cgroup: docker(ID) }, { pid: 43, cgroup: docker(ID) }, { pid: 44 });
    expect(resolveIn(world, `container:${ID}`).pids).toEqual([42, 43]);
    expect(resolveIn(world, 'container:4f2a9c').pids).toEqual([42, 43]);
    expect(refusalOf(world, 'container:ffff').message).toBe('3 no process runs in container ffff');
    expect(refusalOf(world, 'container:').message).toMatch(/^2 container: needs an id/);
  });

  it('is ambiguous when two begin so, but not when one is called just so', () => {
    const world = worldOf({ pid: 42, cgroup: docker(ID) }, { pid: 43, cgroup: docker(OTHER) });
    expect(refusalOf(world, 'container:4f2a')).toEqual({
      message: '2 2 containers begin with 4f2a; give more of the id',
      hints: [`container:${ID.slice(0, 16)}`, `container:${OTHER.slice(0, 16)}`],
    });
    const named = worldOf({ pid: 42, cgroup: '0::/lxc.payload.web\n' }, { pid: 43, cgroup: '0::/lxc.payload.web2\n' });
    expect(resolveIn(named, 'container:web')).toEqual({ spec: 'container:web', name: 'container web', pids: [42] });
  });
});

describe('pod:', () => {
  const inPod = (uid: string): string => `0::/kubepods.slice/kubepods-pod${uid.replaceAll('-', '_')}.slice/cri-containerd-${ID}.scope\n`;
  const world = worldOf({ pid: 42, cgroup: inPod(UID) }, { pid: 43, cgroup: inPod(STATIC) }, { pid: 44 });
  world.lists['/var/log/pods'] = [`shop_web-7d9f_${UID}`, `kube-system_etcd_${STATIC}`, 'shop_web_00000000-0000-0000-0000-000000000000'];

  it('is found by name through the log directory of the kubelet', () => {
    expect(resolveIn(world, 'pod:shop/web-7d9f').pids).toEqual([42]);
    expect(resolveIn(world, 'pod:kube-system/etcd').pids).toEqual([43]);
    expect(refusalOf(world, 'pod:shop/web').message).toBe('3 no process runs in pod shop/web');
  });

  it('is found by uid, also that of a static pod, without the log directory', () => {
    const bare = { ...world, lists: { ...world.lists, '/var/log/pods': refused('EACCES') } };
    expect(resolveIn(bare, `pod:${UID.toUpperCase()}`).pids).toEqual([42]);
    expect(resolveIn(bare, `pod:${STATIC}`).pids).toEqual([43]);
    const { message, hints } = refusalOf(bare, 'pod:shop/web-7d9f');
    expect(message).toMatch(/^3 .*\/var\/log\/pods could not be read \(EACCES\)/);
    expect(hints[0]).toContain('kubectl get pod -n shop web-7d9f');
  });

  it.each(['pod:', 'pod:web', 'pod:a/b/c'])('is malformed: %s', (spec) => {
    expect(refusalOf(world, spec).message).toMatch(/^2 not a pod/);
  });
});
