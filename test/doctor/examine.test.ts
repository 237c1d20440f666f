import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Capability } from '../../src/doctor/capability.ts';
import { examine, type Self } from '../../src/doctor/command.ts';
import { parseEffective } from '../../src/doctor/rights.ts';
import { evidenceOf, type Host, status, wholeHost } from './host.ts';

const self = { pid: 7, nodeVersion: 'v24.4.0', today: new Date('2026-11-22T00:00:00Z') };

async function examined(change: (host: Host) => void, me: Self = self): Promise<Map<string, Capability>> {
  const host = wholeHost();
  change(host);
  return new Map((await examine(evidenceOf(host), me)).map((row) => [row.name, row]));
}

describe('doctor', () => {
  it('has nothing to say against a host that permits everything', async () => {
    const rows = [...(await examined(() => undefined)).values()];
    expect(rows.filter((row) => row.status !== 'ok')).toEqual([]);
    expect(rows.map((row) => row.name)).toEqual([
      'kernel',
      '/proc',
      'user',
      'CAP_SYS_PTRACE',
      'other rights',
      'Yama',
      'sock_diag',
      'kcmp',
      'pidfd_getfd',
      'cat and stat',
      'container',
      'own limit',
      'host open files',
      'Node',
      'programs',
    ]);
  });

  const cases: [what: string, row: string, change: (host: Host) => unknown, expected: Partial<Record<keyof Capability, unknown>>][] = [
    [
      'a kernel before 6.2',
      'kernel',
      (host) => (host.sizes['/proc/self/fd'] = 0),
      { status: 'partial', detail: expect.stringContaining('6.2'), fix: 'sudo reloadctl fds --top' },
    ],
    [
      'hidepid',
      '/proc',
      (host) => {
        host.files['/proc/self/mountinfo'] = '22 21 0:20 / /proc rw - proc proc rw,hidepid=invisible\n';
        host.lists['/proc'] = ['7'];
      },
      { status: 'partial', detail: expect.stringContaining('hidepid=invisible') },
    ],
    [
      'hidepid that we see through',
      '/proc',
      (host) => (host.files['/proc/self/mountinfo'] = '22 21 0:20 / /proc rw - proc proc rw,hidepid=2\n'),
      { status: 'ok' },
    ],
    ['no /proc', '/proc', (host) => (host.files = {}), { status: 'absent', fix: 'mount -t proc proc /proc' }],
    ...['kernel', 'user', 'CAP_SYS_PTRACE', 'other rights', 'Yama', 'container', 'own limit', 'host open files'].map((row): (typeof cases)[number] => [
      'no /proc',
      row,
      (host) => Object.assign(host, { files: {}, links: {}, lists: {}, sizes: {} }),
      { status: 'absent' },
    ]),
    [
      'a user',
      'user',
      (host) => (host.files['/proc/self/status'] = status({ euid: 1000, caps: '0000000000000000' })),
      { status: 'ok', detail: 'uid 1000' },
    ],
    [
      'a user',
      'CAP_SYS_PTRACE',
      (host) => (host.files['/proc/self/status'] = status({ euid: 1000, caps: '0000000000000000' })),
      { status: 'denied', fix: 'sudo reloadctl ...' },
    ],
    [
      'root of a container',
      'CAP_SYS_PTRACE',
      (host) => (host.files['/proc/self/status'] = status({ caps: '00000000a80425fb' })),
      { status: 'denied', fix: expect.stringContaining('--cap-add=SYS_PTRACE') },
    ],
    ['a user', 'other rights', (host) => (host.files['/proc/self/status'] = status({ euid: 1000, caps: '0' })), { status: 'denied' }],
    [
      'one capability less',
      'other rights',
      (host) => (host.files['/proc/self/status'] = status({ caps: '000001fffeffffff' })),
      { status: 'partial', detail: 'without CAP_SYS_RESOURCE' },
    ],
    [
      'a user namespace',
      'user',
      (host) => (host.files['/proc/self/uid_map'] = '0 1000 1\n'),
      { status: 'ok', detail: expect.stringContaining('user namespace') },
    ],
    [
      'Yama for a user',
      'Yama',
      (host) => {
        host.files['/proc/sys/kernel/yama/ptrace_scope'] = '1\n';
        host.files['/proc/self/status'] = status({ euid: 1000, caps: '0' });
      },
      { status: 'denied', detail: expect.stringContaining('ptrace_scope 1'), fix: 'sudo reloadctl ...' },
    ],
    ['Yama for root', 'Yama', (host) => (host.files['/proc/sys/kernel/yama/ptrace_scope'] = '2\n'), { status: 'ok' }],
    [
      'Yama for nobody',
      'Yama',
      (host) => (host.files['/proc/sys/kernel/yama/ptrace_scope'] = '3\n'),
      { status: 'denied', detail: expect.stringContaining('next boot') },
    ],
    [
      'no koffi',
      'sock_diag',
      (host) => (host.sockDiag = { errno: 'ENOTSUP' }),
      { status: 'unsupported', fix: expect.stringContaining('koffi') },
    ],
    ['no unix_diag module', 'sock_diag', (host) => (host.sockDiag = { errno: 'ENOENT' }), { status: 'absent' }],
    [
      'a seccomp profile',
      'kcmp',
      (host) => (host.kcmp = () => ({ errno: 'EPERM' })),
      { status: 'denied', fix: expect.stringContaining('seccomp') },
    ],
    ['a closed stdin', 'kcmp', (host) => (host.kcmp = (fd) => (fd === 0 ? { errno: 'EBADF' } : { value: true })), { status: 'ok' }],
    ['a kernel before 5.6', 'pidfd_getfd', (host) => (host.getfd = () => ({ errno: 'ENOSYS' })), { status: 'unsupported' }],
    [
      'a socket for stdin',
      'pidfd_getfd',
      (host) => (host.getfd = () => ({ value: { domain: 1, type: 1, protocol: 0, listening: false } })),
      { status: 'ok' },
    ],
    [
      'no cat',
      'cat and stat',
      (host) => (host.cat = { errno: 'ENOREADER' }),
      { status: 'partial', detail: expect.stringMatching(/^cat: /) },
    ],
    [
      'neither cat nor stat',
      'cat and stat',
      (host) => {
        host.cat = { errno: 'ENOREADER' };
        host.stat = { errno: 'ENOREADER' };
      },
      { status: 'absent', detail: expect.stringMatching(/^cat and stat: /) },
    ],
    [
      'a container',
      'container',
      (host) => {
        host.files['/proc/self/cgroup'] = `0::/system.slice/docker-${'ab12'.repeat(16)}.scope\n`;
        host.links['/proc/self/ns/pid'] = 'pid:[4026532001]';
      },
      { status: 'partial', detail: 'in a container (ab12ab12ab12), in a pid namespace of its own' },
    ],
    [
      "a container with the host's processes",
      'container',
      (host) => (host.sizes['/.dockerenv'] = 0),
      { status: 'ok', detail: expect.stringContaining('in a container, ') },
    ],
    [
      'a low limit',
      'own limit',
      (host) => (host.files['/proc/self/limits'] = 'Max open files            32                   32                   files     \n'),
      { status: 'partial', detail: 'soft 32, hard 32' },
    ],
    ['an unreadable limit', 'own limit', (host) => delete host.files['/proc/self/limits'], { status: 'absent' }],
    [
      'a full host',
      'host open files',
      (host) => (host.files['/proc/sys/fs/file-nr'] = '950\t0\t1000\n'),
      { status: 'partial', detail: expect.stringContaining('950 of 1,000 (95%)'), fix: 'sysctl fs.file-max=2000' },
    ],
    ['programs', 'programs', () => undefined, { status: 'ok', detail: expect.stringMatching(/found: strace, ss; not found: lsof/) }],
  ];

  it.each(cases)('%s: %s', async (_, row, change, expected) => {
    expect((await examined(change)).get(row)).toMatchObject(expected);
  });

  it.each([
    ['v20.20.2', '2026-04-30T12:00:00Z', 'ok', 'v20.20.2, end of life on 2026-04-30'],
    ['v20.20.2', '2026-05-01T00:00:00Z', 'partial', 'v20.20.2, end of life since 2026-04-30'],
    ['v99.0.0', '2026-05-01T00:00:00Z', 'ok', 'v99.0.0'],
  ])('Node %s on %s is %s', async (nodeVersion, today, expected, detail) => {
    const rows = await examined(() => undefined, { pid: 7, nodeVersion, today: new Date(today) });
    expect(rows.get('Node')).toMatchObject({ status: expected, detail });
  });

  it('of the single file says that it needs no Node, and no koffi for native calls', async () => {
    const rows = await examined((host) => (host.sockDiag = { errno: 'ENOTSUP' }), { ...self, bunVersion: '1.4.5' });
    expect(rows.has('Node')).toBe(false);
    expect(rows.get('single file')).toMatchObject({ status: 'ok', detail: expect.stringContaining('Bun 1.4.5') });
    expect(rows.get('sock_diag')).toMatchObject({ status: 'unsupported', fix: 'unset RELOADCTL_NO_NATIVE' });
  });

  it('offers no sudo where root may not attach either', async () => {
    const rows = await examined((host) => (host.files['/proc/sys/kernel/yama/ptrace_scope'] = '3\n'));
    expect(rows.get('Yama')).not.toHaveProperty('fix');
  });

  it('says of everything that is not ok what is lost by it', async () => {
    for (const [, , change] of cases) {
      for (const row of (await examined(change)).values())
        expect([row.name, row.loses !== undefined]).toEqual([row.name, row.status !== 'ok']);
    }
  });

  it('never throws, whatever the files hold', async () => {
    const names = Object.keys(wholeHost().files);
    const bytes = fc.string({ unit: 'binary' });
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.constantFrom(...names, '/proc/sys/kernel/yama/ptrace_scope'), bytes), async (files) => {
        const rows = await examined((host) => Object.assign(host.files, files));
        return rows.size === 15;
      }),
    );
  });
});

describe('parseEffective', () => {
  it.each([
    ['CapEff:\t0000000000080000\n', 1n << 19n],
    ['CapPrm:\t000001ffffffffff\nCapEff:\t0\n', 0n],
    ['CapEff:\t00000', 0n],
    ['Name:\tCapEff:\tffff\n', 0n],
    ['', 0n],
  ])('%j', (text, mask) => {
    expect(parseEffective(text)).toBe(mask);
  });
});
