/** Where a process is: in a container, a chroot, behind a mount that went, in a thread of its own. */
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import type { InotifyData } from '../../src/inotify/instances/data.ts';
import type { Report } from '../../src/report/index.ts';
import { type Child, plainEnv, startChild } from './support/child.ts';
import { describeNeeds, findProgram } from './support/need.ts';
import { ownFolder, PYTHON, reloadctl } from './support/program.ts';
import { until } from './support/until.ts';
import { fixtureOf, lookAtInotify, startWatcher } from './support/watching.ts';

const run = promisify(execFile);
const REPO = dirname(fixtureOf());

/** Replaces /app/conf/b while it is held, then is looked at; and once more a watcher with nothing amiss. */
const IN_CONTAINER = `
import ctypes, os, subprocess, sys
libc = ctypes.CDLL(None)
def look(paths, spoil):
    fd = libc.inotify_init1(os.O_CLOEXEC)
    for path in paths: libc.inotify_add_watch(fd, path, 0xfc6)
    if spoil:
        held = os.open('/app/conf/b', os.O_RDONLY)
        open('/app/conf/t', 'w').close()
        os.rename('/app/conf/t', '/app/conf/b')
    subprocess.run([*sys.argv[1:], 'inotify', str(os.getpid()), '--json'])
    os.close(fd)
look([b'/app/conf', b'/app/conf/a', b'/app/conf/b'], False)
look([b'/app/conf/b'], True)`;

describeNeeds(['python3', 'root', 'unshare', 'pivot_root'], 'places', () => {
  it('a container whose layers are out of sight: what lives is named, what was replaced is said to have no name', async () => {
    const base = ownFolder('pivoted');
    const args = ['-m', '-p', '-f', fixtureOf('programs/pivoted.sh'), base, REPO, findProgram('python3')!, '-c', IN_CONTAINER, process.execPath, join(REPO, 'bin/reloadctl.js')];
    const { stdout } = await run('unshare', args, { env: plainEnv(), timeout: 60_000 });
    const [healthy, dead] = stdout.trim().split(/\n(?=\{)/).map((text) => JSON.parse(text) as Report);
    expect((healthy!.data as InotifyData).watches.map(({ path, state }) => [path, state])).toEqual([['/app/conf', 'ok'], ['/app/conf/a', 'ok'], ['/app/conf/b', 'ok']]);
    expect([healthy!.verdict, healthy!.findings.filter(({ severity }) => severity !== 'info')]).toEqual(['pass', []]);
    expect((dead!.data as InotifyData).watches).toMatchObject([{ path: null, state: 'nameless', fsType: 'overlay' }]);
    expect(dead!.findings.filter(({ id }) => id === 'inotify/dead-watch')).toMatchObject([{ severity: 'warning', confidence: 'likely' }]);
  });

  it('a chroot that is no mount point: watches are named from there, alive and dead', async () => {
    const root = ownFolder('chroot');
    mkdirSync(`${root}/etc`);
    for (const name of ['live', 'dead']) writeFileSync(`${root}/etc/${name}`, 'x');
    const program = `
import ctypes, os, sys
libc = ctypes.CDLL(None)
fd = libc.inotify_init1(0)
libc.inotify_add_watch(fd, b'/usr', 0xfc6)
os.chroot(sys.argv[1])
os.chdir('/')
for path in (b'/etc/live', b'/etc/dead'): libc.inotify_add_watch(fd, path, 0xfc6)
held = os.open('/etc/dead', os.O_RDONLY)
print('ready', flush=True)
sys.stdin.read()`;
    const child = await startChild(PYTHON, ['-c', program, root]);
    await child.nextLine();
    writeFileSync(`${root}/etc/new`, 'y');
    renameSync(`${root}/etc/new`, `${root}/etc/dead`);
    const { data, findings } = await lookAtInotify(child.pid, { expect: ['/etc/live'] });
    // What was watched from outside has no name in there.
    expect(data.watches.map(({ path, state }) => [path, state])).toEqual([[null, 'unresolved'], ['/etc/live', 'ok'], ['/etc/dead', 'replaced']]);
    expect(findings.filter(({ severity }) => severity === 'warning').map(({ title }) => title)).toContainEqual(expect.stringContaining('/etc/dead was replaced'));
    await child.stop();
  });

  it('a file system that was unmounted under it: what it watches cannot be told, and that is no "nothing wrong"', async () => {
    const folder = ownFolder('lazy');
    execFileSync('mount', ['-t', 'tmpfs', 'none', folder]);
    let watcher: { child: Child; pid: number };
    try {
      mkdirSync(`${folder}/in`);
      watcher = await startWatcher(['.'], 0xfc6, `${folder}/in`);
    } finally {
      execFileSync('umount', ['-l', folder]);
    }
    const { data, coverage } = await lookAtInotify(watcher.pid);
    expect(data.watches).toMatchObject([{ path: null, state: 'unresolved' }]);
    expect(coverage).toContainEqual(expect.objectContaining({ source: 'paths of watches', needed: true, detail: expect.stringContaining('not mounted where the process is') }));
    await watcher.child.stop();
  });

  it('a thread with a descriptor table of its own: its instance is seen, with its queue', async () => {
    const folder = ownFolder('thread');
    const program = `
import ctypes, os, sys, threading
libc = ctypes.CDLL(None)
fd = libc.inotify_init1(0)
libc.inotify_add_watch(fd, b'/usr', 0xfc6)
ready = threading.Event()
def own():
    libc.unshare(0x400)
    other = libc.inotify_init1(0)
    libc.inotify_add_watch(other, os.fsencode(sys.argv[1]), 0xfc6)
    libc.close(fd)
    ready.set()
    threading.Event().wait()
threading.Thread(target=own, daemon=True).start()
ready.wait()
print('ready', flush=True)
sys.stdin.read()`;
    const child = await startChild(PYTHON, ['-c', program, folder]);
    await child.nextLine();
    const { data } = await lookAtInotify(child.pid);
    expect(data.watches.map(({ path }) => path)).toEqual(['/usr', folder]);
    expect(data.instances.map(({ pid }) => pid === child.pid)).toEqual([true, false]);
    expect(data.instances[0]?.queueState).toBe('empty');
    await child.stop();
  });

  it('/proc: a file that programs write to is no warning, and /proc/self is that of the process', async () => {
    const watcher = await startWatcher([`/proc/${process.pid}/oom_score_adj`, '/etc']);
    const path = `/proc/${process.pid}/oom_score_adj`;
    const { data, findings } = await lookAtInotify(watcher.pid, { expect: [path, '/proc/self/root/etc/passwd'] });
    expect(findings.map(({ id, severity, confidence }) => [id, severity, confidence])).toEqual([['inotify/blind-filesystem', 'info', 'hint']]);
    expect(data.expect?.map(({ verdict }) => verdict)).toEqual(['seen', 'seen']);
    expect(data.expect?.[1]?.changes.map((change) => change.path)).toContain(`/proc/${watcher.pid}/root`);
    await watcher.child.stop();
  });

  it('memory files and pipes, which have no name: they live as long as the process holds them', async () => {
    const script = `
import ctypes, os, sys
libc = ctypes.CDLL(None)
fd = libc.inotify_init1(0)
for held in (os.memfd_create('mine'), os.pipe()[0]):
    libc.inotify_add_watch(fd, b'/proc/self/fd/%d' % held, 0xfff)
print('ready', flush=True)
sys.stdin.read()
`;
    const child = await startChild(PYTHON, ['-c', script]);
    expect(await child.nextLine()).toBe('ready');
    const { data, coverage } = await lookAtInotify(child.pid);
    expect(data.watches).toMatchObject([{ state: 'ok', path: '/memfd:mine', by: 'descriptor' }, { state: 'ok', path: expect.stringMatching(/^pipe:/) }]);
    expect(coverage.filter(({ status }) => status !== 'ok')).toEqual([]);
  });

  it('/proc itself: that entries come and go is not told', async () => {
    const watcher = await startWatcher(['/proc']);
    const { data, findings } = await lookAtInotify(watcher.pid);
    expect(data.watches).toMatchObject([{ path: '/proc', state: 'ok', what: 'directory' }]);
    expect(findings.map(({ id, severity, confidence }) => [id, severity, confidence])).toEqual([['inotify/blind-filesystem', 'warning', 'likely']]);
    await watcher.child.stop();
  });

  it('a target that ends while it is watched: what it watched is named', async () => {
    const folder = ownFolder('ends');
    const watcher = await startWatcher([folder]);
    const look = lookAtInotify(watcher.pid, { windowMs: 3000 });
    const early = setTimeout(() => void watcher.child.stop('SIGKILL'), 1500);
    const { data, coverage } = await look;
    clearTimeout(early);
    expect(data.watches).toMatchObject([{ path: folder, state: 'ok' }]);
    expect(coverage).toContainEqual(expect.objectContaining({ source: 'processes', needed: true }));
  });

  it('a descendant that ends is no gap', async () => {
    const watcher = await startWatcher(['/etc']);
    const other = await startWatcher(['/usr']);
    const look = lookAtInotify([watcher.pid, other.pid], { windowMs: 3000 });
    const early = setTimeout(() => void other.child.stop('SIGKILL'), 1500);
    const { data, coverage } = await look;
    clearTimeout(early);
    expect(data.instances.map(({ pid }) => pid)).toEqual([watcher.pid]);
    expect(coverage.filter(({ status, needed }) => status !== 'ok' && needed)).toEqual([]);
    await watcher.child.stop();
  });

  it('explain --error lists the numbers of a process at its limit, and is certain', async () => {
    const program = `
import os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (50, 50))
os.setresuid(61307, 61307, 61307)
try:
    while True: os.open('/dev/null', 0)
except OSError: print('ready', flush=True)
sys.stdin.read()`;
    const child = await startChild(PYTHON, ['-c', program]);
    await child.nextLine();
    const { stdout } = await reloadctl(['explain', '--error', 'too many open files', '--pid', String(child.pid), '--json']);
    const { findings } = JSON.parse(stdout) as Report;
    expect(findings.map(({ id, severity, confidence }) => [id, severity, confidence])).toEqual([['fd/near-limit', 'critical', 'certain']]);
    await child.stop();
  });

  it('an instance that is closed while it is looked at is none to be judged', async () => {
    const program = `
import ctypes, os, sys
libc = ctypes.CDLL(None)
fds = [libc.inotify_init1(0) for _ in range(2)]
for fd in fds: libc.inotify_add_watch(fd, b'/usr', 0xfc6)
print('ready', flush=True)
sys.stdin.readline()
os.close(fds[1])
sys.stdin.read()`;
    const child = await startChild(PYTHON, ['-c', program]);
    await child.nextLine();
    const look = lookAtInotify(child.pid, { windowMs: 3000 });
    setTimeout(() => child.say(''), 1500);
    const { data, coverage } = await look;
    expect(data.instances).toMatchObject([{ watches: 1 }]);
    expect(coverage.filter(({ status }) => status !== 'ok')).toMatchObject([{ source: 'instances', seen: 1, total: 2, needed: false }]);
    await child.stop();
  });

  it('directories: one that was made anew is said not to be watched, one that was moved away is a hint', async () => {
    const folder = ownFolder('anew');
    for (const name of ['told', 'moved']) mkdirSync(`${folder}/${name}`);
    const told = await startWatcher([folder, `${folder}/told`]);
    const moved = await startWatcher([`${folder}/moved`]);
    await told.tell(`hold ${folder}/told`);
    rmSync(`${folder}/told`, { recursive: true });
    mkdirSync(`${folder}/told`);
    const first = await lookAtInotify(told.pid);
    expect(first.data.watches).toMatchObject([{ state: 'ok' }, { state: 'replaced', told: true }]);
    expect(first.findings.filter(({ id }) => id === 'inotify/dead-watch').map(({ severity, confidence }) => [severity, confidence])).toEqual([['info', 'likely']]);
    await told.tell(`add fc6 ${folder}/told`);
    expect((await lookAtInotify(told.pid)).findings.filter(({ id }) => id === 'inotify/dead-watch')).toEqual([]);
    renameSync(`${folder}/moved`, `${folder}/moved.old`);
    mkdirSync(`${folder}/moved`);
    expect((await lookAtInotify(moved.pid)).data.watches).toMatchObject([{ path: `${folder}/moved.old`, state: 'moved' }]);
  });

  it('a backup that was always one is none that took its watch along', async () => {
    const folder = ownFolder('backup');
    writeFileSync(`${folder}/cfg.old`, 'x');
    writeFileSync(`${folder}/cfg`, 'y');
    const watcher = await startWatcher([`${folder}/cfg.old`]);
    const { data, findings } = await lookAtInotify(watcher.pid);
    expect([data.watches[0]?.state, findings]).toEqual(['ok', []]);
  });

  it('links: what they lead to is another matter than the link that was asked about', async () => {
    const folder = ownFolder('links');
    mkdirSync(`${folder}/..2026_01_01_00_00_00.1`);
    cpSync(fixtureOf('programs/watcher.py'), `${folder}/..2026_01_01_00_00_00.1/cfg`);
    symlinkSync('..2026_01_01_00_00_00.1', `${folder}/..data`);
    mkdirSync(`${folder}/v1`);
    symlinkSync('v1', `${folder}/current`);
    const watcher = await startWatcher([folder]);
    const { data, findings } = await lookAtInotify(watcher.pid, { expect: [`${folder}/..data`, `${folder}/current`] });
    expect(data.expect?.map(({ verdict }) => verdict)).toEqual(['seen', 'seen']);
    expect(findings).toEqual([]);
  });
});

describeNeeds(['bindfs', 'fuse', 'root', 'python3'], 'on FUSE', () => {
  async function mounted(use: (mount: string, source: string, fuse: Child) => Promise<void>): Promise<void> {
    const base = ownFolder('fuse');
    for (const name of ['source/d', 'mount']) mkdirSync(`${base}/${name}`, { recursive: true });
    writeFileSync(`${base}/source/d/cfg`, '');
    const fuse = await startChild('bindfs', ['-f', `${base}/source`, `${base}/mount`]);
    try {
      await until(() => readFileSync('/proc/self/mountinfo', 'utf8').includes(`${base}/mount`));
      await use(`${base}/mount`, `${base}/source`, fuse);
    } finally {
      process.kill(fuse.pid, 'SIGCONT');
      execFileSync('umount', ['-l', `${base}/mount`]);
      await fuse.stop();
    }
  }

  it('what lives is found by its name, and what was replaced while it is held has none', () =>
    mounted(async (mount) => {
      const watcher = await startWatcher([mount, `${mount}/d`, `${mount}/d/cfg`]);
      const healthy = await lookAtInotify(watcher.pid);
      expect(healthy.data.watches.map(({ path, state }) => [path, state])).toEqual([[mount, 'ok'], [`${mount}/d`, 'ok'], [`${mount}/d/cfg`, 'ok']]);
      expect(healthy.coverage.filter(({ status }) => status !== 'ok')).toEqual([]);
      expect(healthy.findings.map(({ id, severity }) => [id, severity])).toEqual([['inotify/blind-filesystem', 'info']]);
      const alone = await startWatcher([`${mount}/d/cfg`]);
      await alone.tell(`hold ${mount}/d/cfg`);
      writeFileSync(`${mount}/d/new`, '');
      renameSync(`${mount}/d/new`, `${mount}/d/cfg`);
      const dead = await lookAtInotify(alone.pid);
      expect(dead.data.watches[0]?.state).toBe('nameless');
      expect(dead.findings.find(({ id }) => id === 'inotify/dead-watch')).toMatchObject({ severity: 'warning', confidence: 'likely' });
    }));

  it('is not searched where the target waits for directories to be read: nothing is put into its queue, and that is said', () =>
    mounted(async (mount) => {
      const watcher = await startWatcher([mount, `${mount}/d`], 0xfff);
      const { data, coverage } = await lookAtInotify(watcher.pid);
      expect(data.instances[0]?.queueBytes).toBe(0);
      const { data: after } = await lookAtInotify(watcher.pid);
      expect(after.instances[0]?.queueBytes).toBe(0);
      expect(coverage.find(({ source }) => source === 'paths of watches')).toMatchObject({ needed: true, detail: expect.stringContaining('2 on FUSE, which was not asked') });
    }));

  it('what another mount hides is not dead, and is found where a bind mount shows it', () =>
    mounted(async (mount) => {
      const other = ownFolder('other');
      execFileSync('mount', ['--bind', `${mount}/d`, other]);
      const watcher = await startWatcher([`${mount}/d/cfg`]);
      try {
        execFileSync('mount', ['-t', 'tmpfs', 'none', `${mount}/d`]);
        const shown = await lookAtInotify(watcher.pid);
        expect(shown.data.watches).toMatchObject([{ path: `${other}/cfg`, state: 'ok' }]);
        execFileSync('umount', [other]);
        const hidden = await lookAtInotify(watcher.pid);
        expect(hidden.data.watches[0]?.state).toBe('unresolved');
        expect([...shown.findings, ...hidden.findings].filter(({ id }) => id === 'inotify/dead-watch')).toEqual([]);
      } finally {
        execFileSync('umount', ['-l', `${mount}/d`]);
        if (readFileSync('/proc/self/mountinfo', 'utf8').includes(` ${other} `)) execFileSync('umount', ['-l', other]);
      }
    }));

  it('mounted inside of one that does not answer: not asked, and the program ends', () =>
    mounted(async (mount, source, fuse) => {
      const inner = `${mount}/inner`;
      mkdirSync(`${source}/inner`);
      const nested = await startChild('bindfs', ['-f', `${source}/d`, inner]);
      try {
        await until(() => readFileSync('/proc/self/mountinfo', 'utf8').includes(`${inner} `));
        const watcher = await startWatcher([inner, `${inner}/cfg`]);
        process.kill(fuse.pid, 'SIGSTOP');
        // By a process of its own: where it asks it hangs beyond SIGKILL.
        const looking = reloadctl(['inotify', String(watcher.pid), '--expect', `${inner}/cfg`, '--json'], { timeoutMs: 20_000 });
        const ended = await Promise.race([looking, delay(15_000, 'hangs')]);
        process.kill(fuse.pid, 'SIGCONT');
        expect(ended).not.toBe('hangs');
        const report = JSON.parse((await looking).stdout) as Report;
        expect((report.data as InotifyData).watches.map(({ state }) => state)).toEqual(['unresolved', 'unresolved']);
        expect(report.verdict).toBe('inconclusive');
        await watcher.child.stop();
      } finally {
        process.kill(fuse.pid, 'SIGCONT');
        execFileSync('umount', ['-l', inner]);
        await nested.stop();
      }
    }), 40_000);

  it('that does not answer is given up on, and said to be', () =>
    mounted(async (mount, _source, fuse) => {
      const watcher = await startWatcher([`${mount}/d/cfg`]);
      process.kill(fuse.pid, 'SIGSTOP');
      const { data, coverage } = await lookAtInotify(watcher.pid);
      expect(data.watches[0]).toMatchObject({ state: 'unresolved', fsType: 'fuse' });
      expect(coverage.find(({ source }) => source === 'paths of watches')).toMatchObject({ needed: true, detail: expect.stringContaining('1 on FUSE, where a search did not end in time') });
    }));
});
