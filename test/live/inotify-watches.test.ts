/** What became of what is watched: each fault is made, told of, and its healthy brother is not. */
import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, renameSync, rmSync, statSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, it } from 'vitest';
import type { InotifyData } from '../../src/inotify/instances/data.ts';
import type { Report } from '../../src/report/index.ts';
import { startChild } from './support/child.ts';
import { describeNeeds, findProgram, need } from './support/need.ts';
import { ownFolder, PYTHON, reloadctl } from './support/program.ts';
import { until } from './support/until.ts';
import { lookAtInotify, startWatcher, USUAL } from './support/watching.ts';

function save(path: string): void {
  writeFileSync(`${path}.tmp`, 'new');
  renameSync(`${path}.tmp`, path);
}

function config(): string {
  const path = `${ownFolder('watch')}/config.yaml`;
  writeFileSync(path, 'old');
  return path;
}

/** Nobody reads the queue meanwhile, which is another finding. */
const idsOf = (findings: { id: string; severity: string; confidence: string }[]): string[] =>
  findings.filter(({ id }) => id !== 'inotify/queue').map(({ id, severity, confidence }) => `${id} ${severity} ${confidence}`);

describeNeeds(['python3', 'root'], 'watches', () => {
  it('are named by their handles, whatever is in the name', async () => {
    const folder = ownFolder('watch');
    const names = ['plain', 'with space', 'tab\tand\nnewline', 'ends (deleted)', 'umlaut-ü'];
    const paths = names.map((name) => `${folder}/${name}`);
    for (const path of paths) mkdirSync(path);
    writeFileSync(`${folder}/file (deleted)`, '');
    const watcher = await startWatcher([...paths, `${folder}/file (deleted)`, '/proc/self', '/']);
    const { data, findings, coverage } = await lookAtInotify(watcher.pid);
    expect(data.watches.slice(0, 6).map(({ path, state }) => [path, state])).toEqual([...paths, `${folder}/file (deleted)`].map((path) => [path, 'ok']));
    expect(data.watches[7]).toMatchObject({ path: '/', state: 'ok', what: 'directory' });
    expect(data.watches[0]?.mask).toContain('MOVED_TO');
    expect(idsOf(findings)).toEqual(['inotify/blind-filesystem warning likely']);
    expect(data.watches[6]).toMatchObject({ path: `/proc/${watcher.pid}`, state: 'ok' });
    expect(coverage.find(({ source }) => source === 'paths of watches')).toMatchObject({ status: 'ok', seen: 8, total: 8 });
  });

  it('on a file that was replaced while somebody holds it are dead', async () => {
    const path = config();
    const watcher = await startWatcher([path]);
    await watcher.tell(`hold ${path}`);
    save(path);
    const { data, findings } = await lookAtInotify(watcher.pid, { expect: [path] });
    expect(data.watches).toMatchObject([{ path, state: 'replaced' }]);
    expect(data.expect).toMatchObject([{ verdict: 'not-seen' }]);
    expect(idsOf(findings)).toEqual(['inotify/dead-watch critical certain', 'inotify/dead-watch warning certain']);
  });

  it('on a file that was deleted while somebody holds it are dead', async () => {
    const path = config();
    const watcher = await startWatcher([path]);
    await watcher.tell(`hold ${path}`);
    unlinkSync(path);
    const { data, findings } = await lookAtInotify(watcher.pid);
    expect(data.watches).toMatchObject([{ path, state: 'deleted' }]);
    expect(idsOf(findings)).toEqual(['inotify/dead-watch warning certain']);
  });

  it('on a directory that was made anew are dead', async () => {
    const folder = `${ownFolder('watch')}/conf.d`;
    mkdirSync(folder);
    const watcher = await startWatcher([folder]);
    await watcher.tell(`hold ${folder}`);
    rmSync(folder, { recursive: true });
    mkdirSync(folder);
    expect((await lookAtInotify(watcher.pid)).data.watches).toMatchObject([{ path: folder, state: 'replaced', what: 'directory' }]);
  });

  it('that went with a backup are guessed', async () => {
    const path = config();
    const watcher = await startWatcher([path]);
    // What is changed within 20 ms of its making was not renamed, as far as times tell.
    const { birthtimeMs } = statSync(path);
    await until(() => Date.now() - birthtimeMs > 100, { what: 'the file to be older' });
    renameSync(path, `${path}~`);
    writeFileSync(path, 'new');
    const { data, findings } = await lookAtInotify(watcher.pid, { expect: [path] });
    expect(data.watches).toMatchObject([{ path: `${path}~`, state: 'moved' }]);
    expect(idsOf(findings)).toEqual(['inotify/dead-watch critical certain', 'inotify/dead-watch warning hint']);
  });

  it('on the directory live on, and see every change', async () => {
    const path = config();
    const watcher = await startWatcher([path.slice(0, path.lastIndexOf('/'))]);
    for (const change of [() => save(path), () => unlinkSync(path), () => writeFileSync(path, 'x')]) {
      change();
      const { data, findings } = await lookAtInotify(watcher.pid, { expect: [path] });
      expect(data.watches[0]?.state).toBe('ok');
      expect(data.expect).toMatchObject([{ verdict: 'seen' }]);
      expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
      await watcher.tell('read');
    }
  });

  it('behind a link that was switched do not see the path any more', async () => {
    const folder = ownFolder('watch');
    for (const version of ['v1', 'v2']) {
      mkdirSync(`${folder}/${version}`);
      writeFileSync(`${folder}/${version}/app.yaml`, version);
    }
    symlinkSync('v1', `${folder}/current`);
    const path = `${folder}/current/app.yaml`;
    const watcher = await startWatcher([path, `${folder}/v1`]);
    expect((await lookAtInotify(watcher.pid, { expect: [path] })).data.expect).toMatchObject([{ verdict: 'partly', real: `${folder}/v1/app.yaml` }]);
    unlinkSync(`${folder}/current`);
    symlinkSync('v2', `${folder}/current`);
    const { data, findings } = await lookAtInotify(watcher.pid, { expect: [path] });
    expect(data.expect).toMatchObject([{ verdict: 'not-seen', real: `${folder}/v2/app.yaml` }]);
    expect(idsOf(findings)).toEqual(['inotify/dead-watch critical certain']);
  });

  it.each([
    ['..2026_01_01_00_00_00.1', '..2026_01_02_00_00_00.2'],
    ['..v1', '..v2'],
  ])('in a volume of Kubernetes are old after an update, unless the volume itself is watched: %s', async (...versions) => {
    const volume = ownFolder('watch');
    for (const version of versions) {
      mkdirSync(`${volume}/${version}`);
      writeFileSync(`${volume}/${version}/cfg`, version);
    }
    symlinkSync(versions[0]!, `${volume}/..data`);
    symlinkSync('..data/cfg', `${volume}/cfg`);
    const file = await startWatcher([`${volume}/cfg`]);
    const directory = await startWatcher([volume]);
    expect((await lookAtInotify(file.pid)).data.watches).toMatchObject([{ state: 'ok' }]);
    symlinkSync(versions[1]!, `${volume}/..data_tmp`);
    renameSync(`${volume}/..data_tmp`, `${volume}/..data`);
    const { data, findings } = await lookAtInotify(file.pid);
    expect(data.watches).toMatchObject([{ state: 'replaced', path: `${volume}/${versions[0]}/cfg` }]);
    expect(idsOf(findings)).toEqual(['inotify/dead-watch warning certain']);
    const seen = await lookAtInotify(directory.pid, { expect: [`${volume}/cfg`] });
    expect(seen.data.expect?.[0]?.changes).toContainEqual(expect.objectContaining({ change: 'link', path: `${volume}/..data`, seen: true }));
    // Nobody writes into a version: the switch is the only change there is.
    expect(seen.data.expect?.[0]?.verdict).toBe('seen');
    expect(idsOf(seen.findings)).toEqual([]);
  });

  it('are found by a walk without native calls', async () => {
    const path = config();
    const folder = path.slice(0, path.lastIndexOf('/'));
    // Its working directory is where a walk begins.
    const watcher = await startWatcher([folder, path], USUAL, folder);
    const { stdout } = await reloadctl(['inotify', String(watcher.pid), '--json'], { env: { RELOADCTL_NO_NATIVE: '1' } });
    const { data, coverage } = JSON.parse(stdout) as Awaited<ReturnType<typeof lookAtInotify>>;
    expect(data.instances).toMatchObject([{ watches: 2, queueBytes: null, queueState: null }]);
    expect(coverage.find(({ source }) => source.startsWith('queues'))).toMatchObject({ status: 'unsupported', needed: false });
    expect(data.watches).toMatchObject([{ path: folder, state: 'ok', by: 'walk' }, { path, state: 'ok', by: 'walk' }]);
  });

  it('on one of several names of a file live on when another name goes', async () => {
    const path = config();
    const other = `${path}.other`;
    linkSync(path, other);
    const watcher = await startWatcher([other]);
    await watcher.tell(`hold ${other}`);
    unlinkSync(other);
    const { data, findings } = await lookAtInotify(watcher.pid);
    expect(data.watches).toMatchObject([{ path, state: 'ok' }]);
    expect(idsOf(findings)).toEqual([]);
  });

  it('whose program watches the directory as well are no finding', async () => {
    const path = config();
    const watcher = await startWatcher([path, dirname(path)]);
    await watcher.tell(`hold ${path}`);
    save(path);
    const { data, findings } = await lookAtInotify(watcher.pid);
    expect(data.watches).toMatchObject([{ path, state: 'replaced', told: true }, { state: 'ok' }]);
    expect(idsOf(findings)).toEqual([]);
  });

  it('that go while they are looked at are not dead', async () => {
    const path = config();
    const watcher = await startWatcher([path]);
    const holder = await startWatcher([]);
    await holder.tell(`hold ${path}`);
    save(path);
    const look = lookAtInotify(watcher.pid);
    // The first look lasts until the queue was looked at for a second: it sees the old file, and the second one does not.
    await holder.child.stop();
    const { data, findings } = await look;
    expect(data.watches).toEqual([]);
    expect(idsOf(findings)).toEqual([]);
  });

  it.each([
    // By rename comes MOVED_TO, made anew CREATE: one of them is not both.
    [0x100, { replace: { seen: false } }, 'warning'],
    [0x80, { write: { seen: false }, replace: { seen: true } }, 'warning'],
    [0x188, { write: { seen: true }, replace: { seen: true } }, undefined],
    // IN_ONESHOT.
    [0x80000188, { write: { seen: true, once: true }, replace: { seen: true, once: true } }, 'warning'],
  ] as const)('with the mask %i on the directory see what that asks for', async (mask, changes, severity) => {
    const path = config();
    const watcher = await startWatcher([dirname(path)], mask);
    const { data, findings } = await lookAtInotify(watcher.pid, { expect: [path] });
    for (const [change, what] of Object.entries(changes)) expect(data.expect?.[0]?.changes.find((one) => one.change === change)).toMatchObject(what);
    expect(findings[0]?.severity).toBe(severity === 'warning' && mask === 0x100 ? 'critical' : severity);
  });

  it('that ask only for renames see no file that is made anew', async () => {
    const folder = ownFolder('watch');
    const watcher = await startWatcher([folder], 0x80);
    const { data } = await lookAtInotify(watcher.pid, { expect: [`${folder}/new.yaml`] });
    expect(data.expect).toMatchObject([{ verdict: 'partly', changes: [{ change: 'create', seen: true, only: 'rename' }] }]);
  });

  it.each([
    ['CLOSE_WRITE', 0x8, 'partly', 'info'],
    ['MODIFY', 0x2, 'partly', 'info'],
    ['OPEN', 0x20, 'partly', 'info'],
    ['CLOSE_WRITE and MOVED_TO', 0x88, 'seen', undefined],
    ['MODIFY and MOVED_TO', 0x82, 'seen', undefined],
    ['ATTRIB', 0x4, 'not-seen', 'critical'],
  ] as const)('that ask for %s see a file that is made by whoever writes it', async (_name, mask, verdict, severity) => {
    const folder = ownFolder('watch');
    const watcher = await startWatcher([folder], mask);
    const { data, findings } = await lookAtInotify(watcher.pid, { expect: [`${folder}/new.yaml`] });
    expect(data.expect).toMatchObject([{ verdict }]);
    expect(findings.find(({ id }) => id === 'inotify/dead-watch')?.severity).toBe(severity);
  });

  it.each([
    ['CLOSE_WRITE', 0x88, 'open'],
    ['MODIFY', 0x82, 'mapped'],
    ['CLOSE_WRITE and MODIFY', 0x8a, undefined],
  ] as const)('that ask for %s see a write in place, with what is not', async (_name, mask, unless) => {
    const path = config();
    const watcher = await startWatcher([dirname(path)], mask);
    const { data } = await lookAtInotify(watcher.pid, { expect: [path] });
    expect(data.expect).toMatchObject([{ verdict: 'seen' }]);
    expect(data.expect?.[0]?.changes.find(({ change }) => change === 'write')?.unless).toBe(unless);
  });

  it('that end with their first event are said to, also where nothing is yet', async () => {
    const folder = ownFolder('watch');
    const watcher = await startWatcher([folder], 0x80000fff);
    const { findings } = await lookAtInotify(watcher.pid, { expect: [`${folder}/new.yaml`] });
    expect(findings.map(({ title }) => title)).toContainEqual(expect.stringMatching(/sees only the first change of .*new\.yaml: the watch ends with its first event \(IN_ONESHOT\)/));
  });

  it('on a link itself see its first switch', async () => {
    const folder = ownFolder('watch');
    mkdirSync(`${folder}/real`);
    writeFileSync(`${folder}/real/cfg`, 'x');
    symlinkSync('real/cfg', `${folder}/cfg`);
    const watcher = await startWatcher([`${folder}/cfg`], USUAL | 0x2000000);
    const { data, findings } = await lookAtInotify(watcher.pid, { expect: [`${folder}/cfg`] });
    expect(data.expect?.[0]?.changes).toContainEqual(expect.objectContaining({ change: 'link', seen: true, once: true }));
    expect(findings.map(({ severity }) => severity)).not.toContain('critical');
  });

  it('on the version that ..data leads to see its first switch', async () => {
    const volume = ownFolder('watch');
    mkdirSync(`${volume}/..v1`);
    writeFileSync(`${volume}/..v1/cfg`, 'x');
    symlinkSync('..v1', `${volume}/..data`);
    symlinkSync('..data/cfg', `${volume}/cfg`);
    const watcher = await startWatcher([`${volume}/..data`]);
    const { data, findings } = await lookAtInotify(watcher.pid, { expect: [`${volume}/cfg`] });
    expect(data.expect?.[0]?.changes).toContainEqual(expect.objectContaining({ change: 'link', path: `${volume}/..data`, seen: true, once: true }));
    expect(findings.map(({ severity }) => severity)).not.toContain('critical');
  });

  it.each([
    ['a link on the way was switched', 'cur/cfg', (at: string) => [unlinkSync(`${at}/cur`), symlinkSync('two', `${at}/cur`)], 'one/cfg'],
    ['a link was switched', 'cur', (at: string) => [unlinkSync(`${at}/cur`), symlinkSync('two', `${at}/cur`)], 'one'],
    ['a file was moved and made anew', 'one/cfg', (at: string) => [renameSync(`${at}/one/cfg`, `${at}/cfg`), writeFileSync(`${at}/one/cfg`, '')], 'cfg'],
    ['a directory above was', 'one/cfg', (at: string) => [renameSync(`${at}/one`, `${at}/old`), mkdirSync(`${at}/one`), writeFileSync(`${at}/one/cfg`, '')], 'old/cfg'],
    ['the old file was kept beside it', 'one/cfg', (at: string) => [linkSync(`${at}/one/cfg`, `${at}/one/cfg-1`), save(`${at}/one/cfg`)], 'one/cfg-1'],
  ] as const)('that were put on a path of the command line which leads elsewhere now are noted: %s', async (_what, named, change, now) => {
    const at = ownFolder('watch');
    for (const name of ['one', 'two']) {
      mkdirSync(`${at}/${name}`);
      writeFileSync(`${at}/${name}/cfg`, '');
    }
    symlinkSync('one', `${at}/cur`);
    const [alone, wide] = [await startWatcher([`${at}/${named}`]), await startWatcher([`${at}/${named}`, at, `${at}/one`])];
    const notesOf = async (pid: number): Promise<string[]> => (await lookAtInotify(pid)).findings.filter(({ title }) => title.includes('was started with')).map(({ severity, confidence, title }) => `${severity} ${confidence} ${title}`);
    expect(await notesOf(alone.pid)).toEqual([]);
    change(at);
    expect(await notesOf(alone.pid)).toEqual([expect.stringMatching(new RegExp(`^info hint .* was started with ${at}/${named}, which leads to another .* now: it watches ${at}/${now}$`))]);
    // Whoever watches the directories is told.
    expect(await notesOf(wide.pid)).toEqual([]);
  });

  it('on a directory are asked for as one', async () => {
    const folder = ownFolder('watch');
    const watcher = await startWatcher([folder]);
    const { data, findings } = await lookAtInotify(watcher.pid, { expect: [folder] });
    expect(data.expect).toMatchObject([{ verdict: 'seen', directory: true }]);
    expect(idsOf(findings)).toEqual([]);
  });

  it('on the directory around a file that is mounted see nothing of it', async () => {
    const path = config();
    const source = config();
    execFileSync('mount', ['--bind', source, path]);
    try {
      const watcher = await startWatcher([dirname(path)]);
      const { data, findings } = await lookAtInotify(watcher.pid, { expect: [path] });
      expect(data.expect).toMatchObject([{ verdict: 'not-seen', mounted: true }]);
      expect(idsOf(findings)).toEqual(['inotify/dead-watch critical certain']);
      await watcher.child.stop();
    } finally {
      execFileSync('umount', ['-l', path]);
    }
  });

  it.skipIf(!need('unshare'))('in an overlay are named by the path that the container has', async () => {
    const base = ownFolder('overlay');
    for (const name of ['lower', 'upper', 'work', 'merged', 'lower/ld']) mkdirSync(`${base}/${name}`);
    for (const name of ['low', 'low2']) writeFileSync(`${base}/lower/${name}`, 'x');
    writeFileSync(`${base}/upper/up`, 'x');
    try {
      execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', `lowerdir=${base}/lower,upperdir=${base}/upper,workdir=${base}/work`, `${base}/merged`]);
    } catch {
      return; // No overlays in this container.
    }
    try {
      const paths = ['low', 'up', 'ld', 'low2'].map((name) => `${base}/merged/${name}`);
      const watcher = await startWatcher(paths);
      const { data } = await lookAtInotify(watcher.pid);
      expect(data.watches.map(({ path, state, by, fsType }) => ({ path, state, by, fsType }))).toEqual(paths.map((path) => ({ path, state: 'ok', by: 'overlay', fsType: 'overlay' })));
      // Now in the overlay, where a file of a lower layer has the number and the name that it has there for ever.
      const [low] = paths as [string];
      await watcher.tell(`hold ${low}`);
      save(low);
      const later = await lookAtInotify(watcher.pid, { expect: [low, paths[1]!] });
      expect(later.data.watches.map(({ state }) => state)).toEqual(['replaced', 'ok', 'ok', 'ok']);
      expect(later.data.expect?.map(({ verdict }) => verdict)).toEqual(['not-seen', 'partly']);
      renameSync(paths[3]!, `${base}/merged/moved`);
      writeFileSync(paths[3]!, 'x');
      expect((await lookAtInotify(watcher.pid)).data.watches[3]).toMatchObject({ state: 'ok', path: `${base}/merged/moved` });
      await watcher.child.stop();
    } finally {
      execFileSync('umount', ['-l', `${base}/merged`]);
    }
  });

  it.skipIf(!need('unshare'))('in an overlay of relative layers are found, alive and dead', async () => {
    const base = ownFolder('relative');
    for (const name of ['lower/d', 'upper', 'work', 'merged']) mkdirSync(`${base}/${name}`, { recursive: true });
    for (const name of ['one', 'two', 'd/three']) writeFileSync(`${base}/lower/${name}`, 'x');
    try {
      execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', 'lowerdir=lower,upperdir=upper,workdir=work', 'merged'], { cwd: base });
    } catch {
      return; // No overlays in this container.
    }
    try {
      const paths = ['one', 'two', 'd', 'd/three'].map((name) => `${base}/merged/${name}`);
      const watcher = await startWatcher(paths);
      const states = async () => (await lookAtInotify(watcher.pid)).data.watches.map(({ path, state }) => [path, state]);
      expect(await states()).toEqual(paths.map((path) => [path, 'ok']));
      await watcher.tell(`hold ${paths[0]}`);
      save(paths[0]!);
      expect(await states()).toEqual(paths.map((path, index) => [path, index === 0 ? 'replaced' : 'ok']));
      await watcher.child.stop();
    } finally {
      execFileSync('umount', ['-l', `${base}/merged`]);
    }
  });

  it('on a file are dead whatever another instance of the program is told', async () => {
    const folder = ownFolder('two');
    const file = `${folder}/cfg`;
    writeFileSync(file, 'x');
    const program = `
import ctypes, os, sys
libc = ctypes.CDLL(None)
for path in sys.argv[1:]: libc.inotify_add_watch(libc.inotify_init1(0), path.encode(), 0xfc6)
held = os.open(sys.argv[1], os.O_RDONLY)
print(os.getpid(), flush=True)
sys.stdin.read()`;
    const child = await startChild(PYTHON, ['-c', program, file, folder]);
    await child.nextLine();
    save(file);
    const { findings } = await lookAtInotify(child.pid);
    expect(findings.map(({ id, severity }) => [id, severity])).toContainEqual(['inotify/dead-watch', 'warning']);
    await child.stop();
  });

  it.skipIf(!need('inotifywait', 'setpriv'))('of a reader that listens for listings are found without rights, and that it was told is said', async () => {
    const folder = ownFolder('listens', 61_305);
    for (const name of ['a/b/c', 'd/e', 'f']) mkdirSync(`${folder}/${name}`, { recursive: true });
    const child = await startChild('setpriv', ['--reuid', '61305', '--regid', '61305', '--clear-groups', findProgram('inotifywait')!, '-mrq', folder]);
    const look = async () => {
      const { code, stdout } = await reloadctl(['inotify', String(child.pid), '--json'], { uid: 61_305 });
      return { code, report: JSON.parse(stdout) as Report };
    };
    const count = (report: Report): number => (report.data as InotifyData).watches.length;
    const { code, report } = await until(async () => {
      const seen = await look();
      return count(seen.report) === 7 ? seen : undefined;
    });
    expect([code, (report.data as InotifyData).watches.map(({ state }) => state)]).toEqual([0, Array.from({ length: 7 }, () => 'ok')]);
    expect(report.coverage.find(({ source }) => source === 'paths of watches')?.detail).toMatch(/that the target watches for being read were listed/);
    await child.stop('SIGTERM');
  });
});
