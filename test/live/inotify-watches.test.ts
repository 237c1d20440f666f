/** What became of what is watched: each fault is made, told of, and its healthy brother is not. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { describeNeeds, need } from './support/need.ts';
import { ownFolder, reloadctl } from './support/program.ts';
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
    expect(idsOf(findings)).toEqual(['inotify/blind-filesystem warning certain']);
    expect(coverage.find(({ source }) => source === 'paths of watches')).toMatchObject({ status: 'partial', seen: 7, total: 8 });
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

  it('in a volume of Kubernetes are old after an update, unless the volume itself is watched', async () => {
    const volume = ownFolder('watch');
    const versions = ['..2026_01_01_00_00_00.1', '..2026_01_02_00_00_00.2'];
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
    expect((await lookAtInotify(directory.pid, { expect: [`${volume}/cfg`] })).data.expect?.[0]?.changes).toContainEqual(
      expect.objectContaining({ change: 'link', path: `${volume}/..data`, seen: true }),
    );
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

  it.skipIf(!need('unshare'))('in an overlay are named by the path that the container has', async () => {
    const base = ownFolder('overlay');
    for (const name of ['lower', 'upper', 'work', 'merged', 'lower/ld']) mkdirSync(`${base}/${name}`);
    writeFileSync(`${base}/lower/low`, 'x');
    writeFileSync(`${base}/upper/up`, 'x');
    try {
      execFileSync('mount', ['-t', 'overlay', 'overlay', '-o', `lowerdir=${base}/lower,upperdir=${base}/upper,workdir=${base}/work`, `${base}/merged`]);
    } catch {
      return; // No overlays in this container.
    }
    try {
      const paths = ['low', 'up', 'ld'].map((name) => `${base}/merged/${name}`);
      const watcher = await startWatcher(paths);
      const { data } = await lookAtInotify(watcher.pid);
      expect(data.watches.map(({ path, state, by, fsType }) => ({ path, state, by, fsType }))).toEqual(paths.map((path) => ({ path, state: 'ok', by: 'overlay', fsType: 'overlay' })));
      await watcher.child.stop();
    } finally {
      execFileSync('umount', [`${base}/merged`]);
    }
  });
});
