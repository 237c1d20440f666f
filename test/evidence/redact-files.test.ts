import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { announcedFds } from '../../src/kernel/announced-fds.ts';
import { openRedactor } from '../../src/evidence/redact.ts';
import type { Question } from '../../src/evidence/tape-format.ts';
import { openTapeWriter } from '../../src/evidence/tape-write.ts';
import { readTape } from '../../src/evidence/tape-read.ts';
import { parseCgroup } from '../../src/kernel/proc/cgroup.ts';
import { parseStat } from '../../src/kernel/proc/stat.ts';
import { ask, scripted, type Step } from './support/scripted.ts';

const KEY = Buffer.alloc(32, 7);
const file = (path: string, content: string): string => openRedactor(KEY).value('read', path, content);

const ID = '0123456789abcdef'.repeat(4);
const UID = '0a1b2c3d-1111-2222-3333-444455556666';

/** Every answer a name can hide in. */
const answersWith = (s: string): Step[] => {
  const read = (key: string, value: string): Step => ({ question: 'read', key, value, at: 0 });
  const link = (value: string): Step => ({ question: 'readlink', key: '/proc/7/fd/3', value, at: 0 });
  return [
    read('/proc/7/stat', `7 (${s}) x (${s}) S 1 7 7 0`),
    read('/proc/7/status', `Name:\t${s}\nState:\tS (sleeping)\nPid:\t7\n`),
    read('/proc/7/comm', `${s}\n`),
    read('/proc/7/task/8/stat', `8 (${s}) S 1`),
    read('/proc/7/cgroup', `12:pids:/docker/${ID}\n0::/system.slice/${s}.service/${s}\n1:name=systemd:/user.slice/${s}-x\\x2d${s}.scope\n`),
    read('/proc/7/cmdline', `/usr/bin/${s}\0--${s}=1\0${s}.example:80\0`),
    read('/proc/7/environ', `HOME=/home/${s}\0TOKEN=${s}\0LISTEN_FDNAMES=${s}:${s}\0LISTEN_FDS=${s}\0${s}\0`),
    read('/proc/7/maps', `00400000-00452000 r-xp 00000000 08:02 17      /opt/${s}/${s}.so\n7f00-7f01 rw-p 0 00:00 0 [anon:${s}]\n${s}\n`),
    read('/proc/7/mountinfo', `36 35 98:0 /${s} /mnt/${s} rw,noatime shared:1 - ext3 /dev/mapper/${s} rw,lowerdir=/${s}\n37 ${s}\n`),
    read('/proc/7/fdinfo/5', `pos:\t0\nflags:\t02\niff:\t${s}\n`),
    read('/proc/7/net/unix', `Num\n0000000000000000: 00000003 00000000 00000000 0001 03 12345 /run/${s}\n0: 1 0 0 1 03 5 @${s}\n${s}\n`),
    read('/proc/7/net/tcp', `  sl\n ${s}\n`),
    read('/proc/net/arp', `IP\n10.1.2.3 0x1 ${s}\n`),
    read('/proc/sys/kernel/hostname', `${s}\n`),
    read('/proc/mounts', `/dev/${s} /${s} ext4 rw 0 0\n`),
    read(`/proc/7/root/etc/${s}`, s),
    read(`/sys/fs/cgroup/system.slice/${s}.service/pids.max`, 'max\n'),
    { question: 'readSlow', key: '/proc/7/smaps', value: s, at: 0 },
    { question: 'list', key: `/srv/${s}`, value: [s, `${s}.log`, `1${s}`], at: 0 },
    { question: 'list', key: `/sys/fs/cgroup/${s}`, value: [`${s}.scope`, 'pids.max'], at: 0 },
    link(`/srv/${s}/${s}-1.part (deleted)`),
    link(`/memfd:${s} (deleted)`),
    link(`/dev/shm/${s}`),
    link(`/home/${s}/.${s}`),
    link(`(unreachable)/${s}`),
    link(s),
    { question: 'statSlow', key: `/srv/${s}/3`, errno: 'ENOENT', at: 0 },
    { question: 'probeSocket', key: '7:3', value: { domain: 1, type: 1, protocol: 0, listening: true, local: `/run/${s}.sock` }, at: 0 },
    { question: 'probeSocket', key: '7:4', value: { domain: 1, type: 1, protocol: 0, listening: true, local: `@${s}` }, at: 0 },
  ];
};

/** Letters in which every run of four has one that no pseudonym and no kept word here has at that place. */
const secret = fc
  .array(fc.tuple(fc.constantFrom('o', 'u', 'i', 'O'), fc.constantFrom('k', 'z', 'W', 'q')), { minLength: 2, maxLength: 6 })
  .map((pairs) => pairs.flat().join(''));

async function tapeOf(steps: readonly Step[]): Promise<string> {
  const header = { tool: '1.0.0', recordedAt: '', target: null };
  const writer = openTapeWriter(scripted(steps), header, openRedactor());
  for (const step of steps) await ask(writer.evidence, step);
  return writer.finish();
}

describe('a redacted tape', () => {
  it('holds no four letters of a name', async () => {
    await fc.assert(
      fc.asyncProperty(secret, async (name) => {
        const steps = answersWith(name);
        const tape = await tapeOf(steps);
        const letters = tape.toLowerCase();
        for (let at = 0; at + 4 <= name.length; at++) expect(letters).not.toContain(name.slice(at, at + 4).toLowerCase());
        expect(readTape(tape, 'x.tape').header.redacted).toBe(true);
      }),
    );
  });

  it('is told apart from a plain one by this very test', async () => {
    const writer = openTapeWriter(scripted(answersWith('zokuzoku')), { tool: '1.0.0', recordedAt: '', target: null });
    for (const step of answersWith('zokuzoku')) await ask(writer.evidence, step);
    expect(writer.finish()).toContain('zoku');
  });

  it('gives the true answers to whoever records', async () => {
    const steps = answersWith('zokuzoku');
    const writer = openTapeWriter(scripted(steps), { tool: '1.0.0', recordedAt: '', target: null }, openRedactor());
    for (const step of steps) expect((await ask(writer.evidence, step))?.value).toEqual(step.value);
  });

  it('answers questions that follow from redacted answers', async () => {
    const steps: Step[] = [
      { question: 'read', key: '/proc/7/cgroup', value: '0::/system.slice/zokuzoku.service\n', at: 0 },
      { question: 'read', key: '/sys/fs/cgroup/system.slice/zokuzoku.service/pids.max', value: '7\n', at: 0 },
      { question: 'list', key: '/sys/fs/cgroup/system.slice', value: ['zokuzoku.service'], at: 0 },
    ];
    const tape = readTape(await tapeOf(steps), 'x.tape');
    const path = parseCgroup(tape.read('/proc/7/cgroup').value ?? '')?.path ?? '';
    expect(path).not.toContain('zoku');
    expect(tape.read(`/sys/fs/cgroup${path}/pids.max`).value).toBe('7\n');
    expect(tape.list('/sys/fs/cgroup/system.slice').value).toEqual([path.split('/').pop()]);
  });
});

describe('cgroups', () => {
  it.each([
    `0::/system.slice/docker-${ID}.scope\n`,
    `0::/system.slice/containerd.service/kubepods-burstable-pod${UID.replaceAll('-', '_')}.slice:cri-containerd:${ID}\n`,
    `0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod${UID.replaceAll('-', '_')}.slice/cri-containerd-${ID}.scope\n`,
    `4:memory:/kubepods/besteffort/pod${UID}/${ID}\n`,
    `12:pids:/docker/${ID}\n1:name=systemd:/docker/${ID}\n`,
    '0::/lxc.payload.zokuzoku/init.scope\n',
    '4:memory:/lxc/zokuzoku\n',
    '0::/user.slice/user-1000.slice/user@1000.service/app.slice/app-zokuzoku.service\n',
    '0::/system.slice/system-zokuzoku.slice/zoku\\x2dzoku@7.service (deleted)\n',
    '0::/user.slice/user-1000.slice/session-3.scope\n',
    '0::/\n',
  ])('keep their structure: %s', (text) => {
    const before = parseCgroup(text);
    const after = parseCgroup(file('/proc/7/cgroup', text));
    expect(Object.keys(after ?? {})).toEqual(Object.keys(before ?? {}));
    expect(after?.unit?.replace(/[a-z-]+@?\d*\./, '')).toBe(before?.unit?.replace(/[a-z-]+@?\d*\./, ''));
    expect(after?.container?.length).toBe(before?.container?.length);
    expect(after?.pod?.replace(/[0-9a-f]/g, 'x')).toBe(before?.pod?.replace(/[0-9a-f]/g, 'x'));
    if (before?.pod !== undefined) expect(after?.pod).not.toBe(before.pod);
    if (before?.container !== undefined) expect(after?.container).not.toBe(before.container);
  });

  it('name one container and one pod the same wherever they stand', () => {
    const redactor = openRedactor(KEY);
    const dashes = redactor.value('read', '/proc/7/cgroup', `4:memory:/kubepods/pod${UID}/${ID}\n`);
    const bars = redactor.value('read', '/proc/8/cgroup', `0::/kubepods-pod${UID.replaceAll('-', '_')}.slice/crio-${ID}.scope\n`);
    expect(parseCgroup(bars)).toMatchObject({ pod: parseCgroup(dashes)?.pod, container: parseCgroup(dashes)?.container });
  });
});

describe('files', () => {
  it('keep the numbers after a name with parentheses', () => {
    const text = `7 (a) (b) S 1 7 7 0 -1 4194560 ${Array.from({ length: 43 }, (_, index) => index).join(' ')}\n`;
    const { comm: before, ...numbers } = parseStat(text) as { comm: string };
    const { comm: after, ...same } = parseStat(file('/proc/7/stat', text)) as { comm: string };
    expect(same).toEqual(numbers);
    expect(after).toMatch(/^[a-z]\) \([a-z]$/);
    expect(before).toBe('a) (b');
  });

  it('name a program the same in stat, status and as a unit', () => {
    const redactor = openRedactor(KEY);
    const stat = redactor.value('read', '/proc/7/stat', '7 (zokuzoku) S 1');
    const name = /\((.*)\)/.exec(stat)?.[1];
    expect(redactor.value('read', '/proc/7/status', 'Name:\tzokuzoku\nPid:\t7\n')).toBe(`Name:\t${name}\nPid:\t7\n`);
    expect(redactor.value('read', '/proc/7/cgroup', '0::/system.slice/zokuzoku.service\n')).toContain(`/${name}.service`);
    expect(redactor.value('readlink', '/proc/7/exe', '/usr/sbin/zokuzoku')).toBe(`/usr/sbin/${name}`);
  });

  it('keep numbers handed over and hide every other value, equal ones alike', () => {
    const environ = file('/proc/7/environ', 'LISTEN_FDS=2\0LISTEN_PID=7\0NGINX=6;7;\0API_KEY=123\0A=xyz\0B=xyz\0C=\0');
    const entries = environ.split('\0');
    expect(entries.slice(0, 3)).toEqual(['LISTEN_FDS=2', 'LISTEN_PID=7', 'NGINX=6;7;']);
    expect(entries[3]).toMatch(/^API_KEY=[0-9a-f]{16}$/);
    expect(entries[4]?.slice(2)).toBe(entries[5]?.slice(2));
    expect(entries[4]).not.toContain('xyz');
    expect(entries.slice(6)).toEqual(['C=', '']);
  });

  it('keep which descriptors servers hand to their next generation, and hide where those listen', () => {
    const handed = ['EINHORN_FD_0=4', 'PUMA_INHERIT_0=5:tcp://10.1.2.3:9292', 'PUMA_INHERIT_1=6:unix:/run/secret', 'SERVER_STARTER_PORT=10.1.2.3:80=7;/run/secret=8'];
    const environ = file('/proc/7/environ', `${handed.join('\0')}\0NOT_HANDED=10.1.2.3:80=9\0`);
    expect(environ).not.toMatch(/10\.1\.2\.3|secret/);
    expect(announcedFds(environ, [7], [3, 4, 5, 6, 7, 8, 9])).toEqual([4, 5, 6, 7, 8]);
  });

  it.each([
    ['/proc/7/limits', 'Max open files            1024                 4096                 files     \n'],
    ['/proc/7/fdinfo/3', 'pos:\t0\nflags:\t02\nmnt_id:\t9\ntfd:        5 events: 19 data: 5 pos:0 ino:2 sdev:f\n'],
    ['/proc/7/net/netstat', 'TcpExt: SyncookiesSent ListenOverflows\nTcpExt: 0 3\n'],
    ['/proc/sys/fs/file-nr', '1 0 9\n'],
    ['/sys/fs/cgroup/a/pids.max', 'max\n'],
  ])('leave %s as it is', (path, content) => {
    expect(file(path, content)).toBe(content);
  });

  it('never fail, whatever they hold', () => {
    const inProcess = ['stat', 'status', 'cgroup', 'cmdline', 'environ', 'maps', 'mountinfo', 'fdinfo/3', 'other'];
    const names = [...inProcess, 'net/tcp', 'net/tcp6', 'net/unix'];
    const bytes = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
    const question = fc.constantFrom<Question>('read', 'readSlow');
    fc.assert(
      fc.property(question, fc.constantFrom(...names), bytes, (asked, name, content) => {
        const redacted = openRedactor(KEY).value(asked as 'read', `/proc/7/${name}`, content);
        expect(redacted.split('\n').length).toBe(content.split('\n').length);
        expect(redacted.split('\0').length).toBe(content.split('\0').length);
      }),
    );
  });
});
