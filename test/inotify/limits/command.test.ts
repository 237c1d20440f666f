import { describe, expect, it } from 'vitest';
import { refused, type World } from '../../support/fake-evidence.ts';
import { FIRST, type FakeWatcher, hostOf, limits } from './support.ts';

const OTHER = '4026532252';
const many = (count: number, watches = 1): Record<number, number> => Object.fromEntries(Array.from({ length: count }, (_, index) => [index + 3, watches]));
const denied = (pid: number): Partial<World> => ({ lists: { [`/proc/${pid}/fd`]: refused('EACCES') } });
const APP: FakeWatcher = { pid: 42, comm: 'node', uid: 1000, instances: { 20: 30, 21: 12 } };

describe('users', () => {
  it('of a quiet host: counted once each, who looks is always there', async () => {
    const { data, verdict, outcome, text } = await limits(hostOf([APP, { pid: 50, comm: 'tail', uid: 0, instances: { 4: 1 } }]));
    expect(verdict).toBe('pass');
    expect(outcome.findings).toEqual([]);
    expect(data.users.map(({ uid, instances, watches }) => [uid, instances.used, watches.used])).toEqual([[1000, 2, 42], [0, 1, 1]]);
    expect(data.users[0]).toMatchObject({ userns: FIRST, self: true, instances: { atMost: 2, limit: 128, left: 126, leftAtLeast: 126 } });
    expect(data.binding).toEqual({ resource: 'instances', setting: 'fs.inotify.max_user_instances', userns: FIRST, uid: 1000, used: 2, limit: 128, left: 126 });
    expect(text).toMatchInlineSnapshot(`
      "
      USER            INSTANCES  LEFT       WATCHES    LEFT  BOUND BY
      uid 1000 (you)   2 of 128   126  42 of 65,536  65,494  fs.inotify.max_user_instances (1.6% used)
      uid 0            1 of 128   127   1 of 65,536  65,535  fs.inotify.max_user_instances (0.8% used)

      PID   UID  INSTANCES  WATCHES  COMMAND  NOTE
       42  1000          2       42  node
       50     0          1        1  tail
        $ reloadctl inotify 42
          what the first one watches
      "
    `);
  });

  it('without any instance: still who looks', async () => {
    const { data, text } = await limits(hostOf([], { uid: 7 }));
    expect(data.users).toHaveLength(1);
    expect(data.users[0]).toMatchObject({ uid: 7, self: true, instances: { used: 0, atMost: 0, left: 128 } });
    expect(text).toMatchInlineSnapshot(`
      "
      USER         INSTANCES  LEFT      WATCHES    LEFT  BOUND BY
      uid 7 (you)   0 of 128   128  0 of 65,536  65,536  fs.inotify.max_user_instances (0% used)
      "
    `);
  });

  it('who has none left is named, others are not', async () => {
    const { outcome, verdict } = await limits(hostOf([{ pid: 42, comm: 'node', uid: 54321, instances: many(128) }, { pid: 43, uid: 54322, instances: many(3) }]));
    expect(verdict).toBe('fail');
    expect(outcome.findings.map(({ id, severity, confidence, title }) => [id, severity, confidence, title])).toEqual([
      ['inotify/instances', 'critical', 'certain', 'uid 54321 has no inotify instance left: 128 of 128 (fs.inotify.max_user_instances)'],
    ]);
  });

  it('near the limit is a warning, 89% nothing', async () => {
    const near = await limits(hostOf([{ pid: 42, uid: 5, instances: many(116) }]));
    expect(near.outcome.findings.map(({ severity, confidence }) => [severity, confidence])).toEqual([['warning', 'likely']]);
    expect((await limits(hostOf([{ pid: 42, uid: 5, instances: many(115) }]))).outcome.findings).toEqual([]);
  });

  it('a limit of nothing is reached', async () => {
    const { outcome, text } = await limits(hostOf([], { files: { '/proc/sys/fs/inotify/max_user_instances': '0\n' } }));
    expect(outcome.findings.map(({ id, severity, title }) => [id, severity, title])).toEqual([
      ['inotify/instances', 'critical', 'uid 1000 has no inotify instance left: 0 of 0 (fs.inotify.max_user_instances)'],
    ]);
    expect(text).toContain('fs.inotify.max_user_instances (100% used)');
  });

  it('an instance that could not be made is a limit reached, whoever holds the others', async () => {
    const { outcome } = await limits(hostOf([{ pid: 50, uid: 5, size: 300 }], { ...denied(50), tried: { 1: 0 } }));
    expect(outcome.findings.map(({ id, severity, confidence }) => [id, severity, confidence])).toEqual([['inotify/instances', 'critical', 'certain']]);
  });

  it('watches have a limit of their own', async () => {
    const { outcome } = await limits(hostOf([{ pid: 42, uid: 5, instances: { 3: 40, 4: 24 } }], { files: { '/proc/sys/fs/inotify/max_user_watches': '64\n' } }));
    expect(outcome.findings.map(({ id, title }) => [id, title])).toEqual([['inotify/watches', 'uid 5 has no inotify watch left: 64 of 64 (fs.inotify.max_user_watches)']]);
  });
});

describe('an instance that several processes have', () => {
  const family: FakeWatcher[] = [{ pid: 42, uid: 5, startTime: '10', instances: { 3: 7 } }, { pid: 43, ppid: 42, uid: 5, startTime: '20', instances: { 3: 7 } }];
  const same = { '43:3:42:3': 0 };

  it('counts once, at the oldest', async () => {
    const { data } = await limits(hostOf(family, { orders: same }));
    expect(data.users.find(({ uid }) => uid === 5)).toMatchObject({ instances: { used: 1, atMost: 1 }, watches: { used: 7 }, holders: [{ pid: 42, instances: 1, watches: 7, sharedWith: [43] }] });
  });

  it('is guessed by number and family where kcmp is not to be had, and said to be', async () => {
    const { data, outcome } = await limits(hostOf(family, { orders: {} }));
    expect(data.users.find(({ uid }) => uid === 5)).toMatchObject({ instances: { used: 1, atMost: 2 }, watches: { used: 7, atMost: null } });
    expect(outcome.coverage).toContainEqual(expect.objectContaining({ source: 'shared instances (kcmp)', status: 'unsupported', needed: false }));
  });

  it('that only the child has is told to be only there', async () => {
    const { data, text } = await limits(hostOf([{ pid: 42, uid: 5, comm: 'app' }, { pid: 43, ppid: 42, uid: 5, comm: 'app', instances: many(3) }]));
    expect(data.users.find(({ uid }) => uid === 5)?.holders).toEqual([{ pid: 43, comm: 'app', instances: 3, watches: 3, onlyInChildOf: { pid: 42, comm: 'app' } }]);
    expect(text).toContain('held only by child 43 of app[42], made by it or inherited');
  });
});

describe('what may not be looked at', () => {
  it('makes counts lower bounds: everybody was asked about, so it cannot be told', async () => {
    const { data, verdict, lacking, text, outcome } = await limits(hostOf([APP, { pid: 50, uid: 0, size: 300 }], { ...denied(50) }));
    expect([verdict, lacking]).toEqual(['inconclusive', ['processes']]);
    expect(outcome.coverage.find(({ source }) => source === 'processes')).toMatchObject({ seen: 2, total: 3, fix: 'sudo reloadctl inotify-limits', detail: expect.stringContaining('lower bounds') });
    // Its owner is another one: ours are all seen.
    expect(data.users[0]).toMatchObject({ uid: 1000, instances: { used: 2, atMost: 2 } });
    expect(text).not.toContain('at least');
  });

  it('says at least where it may be ours', async () => {
    const { data, text } = await limits(hostOf([APP, { pid: 50, uid: 1000, size: 300 }], denied(50)), { needInstances: '5' });
    expect(data.users[0]).toMatchObject({ instances: { used: 2, atMost: 302, left: 126, leftAtLeast: 0 }, watches: { used: 42, atMost: null, leftAtLeast: null } });
    expect(text).toMatch(/at least 2 of 128 +at most 126/);
    expect(data.demand).toMatchObject({ fits: 'unknown' });
  });

  it('may be so little that it does not matter', async () => {
    const world = hostOf([APP, { pid: 50, uid: 1000, size: 20 }], denied(50));
    expect((await limits(world, { needInstances: '5' })).verdict).toBe('pass');
    expect((await limits(world, { needInstances: '5', needWatches: '1' })).lacking).toEqual(['room for inotify watches']);
  });

  it('never makes a no into a perhaps', async () => {
    const { verdict, data } = await limits(hostOf([APP, { pid: 50, uid: 1000, size: 300 }], denied(50)), { needInstances: '127' });
    expect([verdict, data.demand?.fits]).toEqual(['fail', 'no']);
  });

  it('threads of the kernel, zombies and who has closed all are no gap', async () => {
    const gone: FakeWatcher[] = [{ pid: 50, uid: 1000, kernelThread: true, size: 0 }, { pid: 51, uid: 1000, state: 'Z', size: 0 }, { pid: 52, uid: 1000, size: 0 }];
    const lists = Object.fromEntries(gone.map(({ pid }) => [`/proc/${pid}/fd`, refused('EACCES')]));
    expect((await limits(hostOf([APP, ...gone], { lists }))).verdict).toBe('pass');
  });

  it('is settled by trying: what could be made is left', async () => {
    const world = (made: number): World => hostOf([APP, { pid: 50, uid: 1000, size: 300 }], { ...denied(50), tried: { 5: made } });
    expect((await limits(world(5), { needInstances: '5' })).data.demand).toMatchObject({ fits: 'yes' });
    const full = await limits(world(3), { needInstances: '5' });
    expect(full.data.demand).toMatchObject({ fits: 'no' });
    expect(full.outcome.findings[0]?.title).toBe('5 inotify instances do not fit: uid 1000 has 3 of 128 left (fs.inotify.max_user_instances)');
  });

  it('may be charged to us, whoever it is now: tried where that costs little', async () => {
    const world = hostOf([APP, { pid: 50, uid: 5, size: 300 }], { ...denied(50), tried: { 5: 2 } });
    const { data } = await limits(world, { needInstances: '5' });
    expect(data.demand).toMatchObject({ fits: 'no' });
  });

  it('is not tried for another user, nor when it is clear', async () => {
    const asked: string[] = [];
    const world = hostOf([APP, { pid: 50, uid: 5, size: 300 }], { ...denied(50), asked: (question) => void asked.push(question) });
    await limits(hostOf([APP], { asked: (question) => void asked.push(question) }), { needInstances: '5' });
    await limits(world, { needInstances: '5', uid: '5' });
    expect(asked.filter((question) => question.startsWith('tryInstances'))).toEqual([]);
  });

  it('has no more watches than the kernel has marks', async () => {
    const world = hostOf([APP, { pid: 50, uid: 1000, size: 20 }], { ...denied(50), files: { '/sys/kernel/slab/inotify_inode_mark/objects': '500 N0=500\n' } });
    const { data, verdict } = await limits(world, { needWatches: '60000' });
    expect(data.users[0]?.watches).toMatchObject({ used: 42, atMost: 500, leftAtLeast: 65_036 });
    expect(verdict).toBe('pass');
  });

  it('fdinfo that does not answer leaves the watches unknown', async () => {
    const { data, outcome, text } = await limits(hostOf([APP], { files: { '/proc/42/fdinfo/20': refused('ETIMEDOUT') } }), { needWatches: '1' });
    expect(data.users[0]).toMatchObject({ instances: { used: 2, atMost: 2 }, watches: { used: 12, atMost: null }, holders: [{ watches: null }] });
    expect(outcome.coverage).toContainEqual(expect.objectContaining({ source: 'watches', status: 'timeout', seen: 1, total: 2 }));
    expect(text).toContain('unknown');
  });

  it('an instance that was closed meanwhile is none', async () => {
    const { data, verdict } = await limits(hostOf([APP], { files: { '/proc/42/fdinfo/20': refused('ENOENT') } }));
    expect(data.users[0]).toMatchObject({ instances: { used: 1 }, watches: { used: 12, atMost: 12 } });
    expect(verdict).toBe('pass');
  });

  it('outside of a container is not seen', async () => {
    const world = hostOf([APP], { links: { '/proc/self/ns/pid': 'pid:[4026532000]' } });
    expect((await limits(world)).lacking).toEqual(['processes outside']);
    const { data, lacking } = await limits(world, { needInstances: '1' });
    expect([data.demand?.fits, lacking]).toEqual(['unknown', ['room for inotify instances']]);
  });

  it('is said with hidepid (faked by mountinfo)', async () => {
    const mountinfo = '25 30 0:23 / /proc rw - proc proc rw,hidepid=invisible\n';
    const world = hostOf([APP], { files: { '/proc/self/mountinfo': mountinfo } });
    expect((await limits(world)).lacking).toEqual(['processes of others']);
    // Our own are not hidden from us.
    expect((await limits(world, { needInstances: '1', needWatches: '1' })).verdict).toBe('pass');
  });

  it('a signal ends the scan: what was seen is told', async () => {
    const { lacking, data } = await limits(hostOf([APP]), {}, { aborted: true });
    expect(lacking).toContain('processes');
    expect(data.users).toHaveLength(1);
  });
});

describe('a daemon that began as root and is another user now', () => {
  const daemon = (instances: number): FakeWatcher => ({ pid: 60, comm: 'daemon', uid: 5, instances: many(instances) });
  const world = (instances: number, tried: Record<string, number> = {}): World => hostOf([daemon(instances)], { uid: 0, startedAs: { '60': 0 }, tried });

  it('may have made its instances as anybody: no user surely has room, and none surely has not', async () => {
    for (const uid of ['5', '7']) {
      const { data, lacking } = await limits(world(100), { needInstances: '100', uid });
      expect([data.demand?.fits, lacking]).toEqual(['unknown', ['room for inotify instances']]);
    }
    expect((await limits(world(100), { needInstances: '28', uid: '7' })).data.demand?.fits).toBe('yes');
  });

  it('root finds out by trying as that user', async () => {
    const tried = { '100:5': 100, '100:7': 28 };
    expect((await limits(world(100, tried), { needInstances: '100', uid: '5' })).data.demand?.fits).toBe('yes');
    expect((await limits(world(100, tried), { needInstances: '100', uid: '7' })).data.demand?.fits).toBe('no');
  });

  it('what could not be made is in use, and so much more is advised', async () => {
    const { outcome, data } = await limits(world(100, { '100:7': 28 }), { needInstances: '100', uid: '7' });
    expect(outcome.findings[0]?.evidence).toContainEqual({ name: 'inotify instances in use', value: 100, limit: 128, source: 'limit less those that could be made' });
    expect(data.demand?.raise[0]?.to).toBe(256);
    expect(outcome.findings[0]?.remedy[0]?.command).toBe('sudo sysctl -w fs.inotify.max_user_instances=256');
    // All are gone.
    const full = await limits(world(128, { '1:5': 0 }));
    expect(full.outcome.findings[0]?.remedy.map(({ command }) => command)).toContain('sudo sysctl -w fs.inotify.max_user_instances=256');
  });

  it('does not make a limit surely reached', async () => {
    const { outcome, text } = await limits(world(128));
    expect(outcome.findings.map(({ severity, confidence }) => [severity, confidence])).toEqual([['critical', 'likely']]);
    expect(text).toContain('has changed its user: may be charged to another');
    expect(outcome.coverage).toContainEqual(expect.objectContaining({ source: 'who is charged', status: 'partial' }));
  });

  it('root finds out by trying whether it is reached', async () => {
    expect((await limits(world(128, { '1:5': 0 }))).outcome.findings.map(({ severity, confidence }) => [severity, confidence])).toEqual([['critical', 'certain']]);
    expect((await limits(world(128, { '1:5': 1 }))).outcome.findings).toEqual([]);
  });

  it('is charged for surely where it began as who it is', async () => {
    const { outcome } = await limits(hostOf([daemon(128)], { uid: 0, startedAs: { '60': 5 } }));
    expect(outcome.findings.map(({ severity, confidence }) => [severity, confidence])).toEqual([['critical', 'certain']]);
  });
});

describe('user namespaces', () => {
  const chain = { '42': [{ id: OTHER, ownerUid: 1000 }, { id: FIRST, ownerUid: 0 }] };
  const inside: FakeWatcher = { pid: 42, uid: 1000, userns: OTHER, instances: many(7) };
  const asUserOf = { '42:/proc/sys/user/max_inotify_instances': '7\n', '42:/proc/sys/user/max_inotify_watches': '2147483647\n' };

  it('what is made inside counts outside too, and either may be full', async () => {
    const { data, outcome } = await limits(hostOf([inside, { pid: 43, uid: 1000, instances: { 3: 1 } }], { userNamespaces: chain, asUserOf }));
    const of = (userns: string) => data.users.find((user) => user.userns === userns && user.uid === 1000)!;
    expect(of(OTHER).instances).toMatchObject({ used: 7, limit: 7, left: 0, binding: { setting: 'user.max_inotify_instances', userns: OTHER } });
    expect(of(OTHER).watches).toMatchObject({ used: 7, limit: 65_536, binding: { setting: 'fs.inotify.max_user_watches', userns: FIRST, used: 8 } });
    expect(of(FIRST).instances).toMatchObject({ used: 8, limit: 128, left: 120 });
    expect(outcome.findings.map(({ title }) => title)).toEqual([`uid 1000 of user namespace ${OTHER} has no inotify instance left: 7 of 7 (user.max_inotify_instances)`]);
    expect(outcome.findings[0]?.remedy.at(-1)?.command).toBe('sudo nsenter --user --target 42 -- sysctl -w user.max_inotify_instances=16');
  });

  it('from inside: the own limit is told, what is around is not seen', async () => {
    const world = hostOf([], { uid: 0, userns: OTHER, userNamespaces: { '900': [{ id: OTHER, ownerUid: 0 }] }, files: { '/proc/sys/user/max_inotify_instances': '7\n' } });
    const { data } = await limits(world, { needInstances: '3' });
    expect(data.users[0]).toMatchObject({ userns: OTHER, uid: 0, self: true, instances: { used: 0, limit: 7, left: 7, leftAtLeast: null } });
    expect(data.demand?.fits).toBe('unknown');
    expect((await limits(world, { needInstances: '8' })).outcome.findings.map(({ id }) => id)).toEqual(['inotify/demand']);
  });

  it('from inside: a limit that trying met and nobody shows is none of the host', async () => {
    const nested = { '900': [{ id: OTHER, ownerUid: 0 }] };
    for (const [wanted, made] of [[6, 5], [1, 0]] as const) {
      const world = hostOf([], { uid: 0, userns: OTHER, userNamespaces: nested, tried: { [String(wanted)]: made } });
      const { outcome, data, text } = await limits(world, { needInstances: String(wanted) });
      expect(outcome.findings.map(({ severity }) => severity)).toContain('critical');
      expect([data.demand?.fits, data.demand?.raise, data.binding?.resource]).toEqual(['no', [], 'watches']);
      expect(JSON.stringify(outcome.findings)).not.toContain('sysctl -w');
      expect(outcome.findings[0]?.title).toContain('not seen from here');
      expect(outcome.findings[0]?.remedy[0]?.text).toContain('user.max_inotify_instances there), or of the host (fs.inotify.max_user_instances)');
      expect(text).not.toContain('fs.inotify.max_user_instances');
      expect(text).toMatch(/\(you\).* a limit that is not seen from here$/m);
    }
  });

  it('from inside: watches are tried, too, where what is seen does not tell', async () => {
    const world = (made: number): World => hostOf([], { uid: 0, userns: OTHER, userNamespaces: { '900': [{ id: OTHER, ownerUid: 0 }] }, tried: { '1': 1 }, triedWatches: { '17': made } });
    const fit = await limits(world(17), { needWatches: '17' });
    expect([fit.verdict, fit.data.demand?.fits]).toEqual(['pass', 'yes']);
    const short = await limits(world(5), { needWatches: '17' });
    expect(short.text).toMatch(/\(you\).* a limit that is not seen from here$/m);
    expect(short.text).not.toContain('max_user_instances (');
    expect([short.verdict, short.outcome.findings[0]?.title]).toEqual(['fail', expect.stringMatching(/17 inotify watches do not fit: .* could make 5, and the limit that was met is not seen from here/)]);
    expect(short.outcome.findings[0]?.remedy[0]?.text).toContain('user.max_inotify_watches there), or of the host (fs.inotify.max_user_watches)');
    // So many are not tried.
    expect((await limits(world(0), { needWatches: '65000000' })).data.demand?.fits).not.toBe('yes');
  });

  it('without native calls: the limits of others are not known', async () => {
    const { data } = await limits(hostOf([inside]));
    expect(data.users.find(({ userns }) => userns === OTHER)?.instances).toMatchObject({ used: 7, limit: null, left: null, binding: null });
  });
});

describe('a demand', () => {
  const trees = { '/srv/app': { directories: 41, files: 20, links: 2, targets: 2, unreadable: 0, unsure: 0 } };

  it('of directories fits or not, by the model of a library', async () => {
    const world = hostOf([APP], { trees });
    const fit = await limits(world, { for: ['/srv/app'] });
    expect([fit.verdict, fit.data.demand]).toMatchObject(['pass', { fits: 'yes', library: 'dirs', instances: { need: 1 }, watches: { need: 41 }, raise: [] }]);
    expect(fit.text).toMatchInlineSnapshot(`
      "
      /srv/app: 41 directories, 2 links: 41 watches (dirs)
      needed for uid 1000: 1 instance and 41 watches (4.6 KiB of kernel memory, and the inodes they pin): fits

      USER            INSTANCES  LEFT       WATCHES    LEFT  BOUND BY
      uid 1000 (you)   2 of 128   126  42 of 65,536  65,494  fs.inotify.max_user_instances (1.6% used)

      PID   UID  INSTANCES  WATCHES  COMMAND  NOTE
       42  1000          2       42  node
        $ reloadctl inotify 42
          what the first one watches
      "
    `);
    expect((await limits(world, { for: ['/srv/app'], library: 'node20' })).data.demand?.watches.need).toBe(63);
    expect((await limits(world, { for: ['/srv/app'], library: 'node26' })).data.demand?.watches.need).toBe(43);
  });

  it('says what else is to be known of a tree', async () => {
    const mounts = (fsType: string): Partial<World> => ({ trees: { '/srv/app': { ...trees['/srv/app'], loops: 1 } }, realPaths: { '/srv/app': '/data/app', '/srv': '/srv' }, files: { '/proc/self/mountinfo': `1 0 0:1 / / rw - ${fsType} x rw\n` } });
    const notes = async (fsType: string, library: string): Promise<string[]> => (await limits(hostOf([APP], mounts(fsType)), { for: ['/srv/app'], library })).data.demand?.trees?.[0]?.notes ?? [];
    expect(await notes('ext4', 'dirs')).toEqual([]);
    expect(await notes('ext4', 'watchfiles')).toEqual([]);
    expect(await notes('fuse.bindfs', 'dirs')).toEqual([expect.stringMatching(/it is on fuse\.bindfs: a change made behind the FUSE program is not told; .*inotify-probe/)]);
    expect(await notes('ext4', 'chokidar5')).toEqual([expect.stringMatching(/1 link leads back to a directory that holds it: chokidar5 .* ELOOP/)]);
    expect(await notes('ext4', 'parcel')).toEqual([expect.stringMatching(/a symbolic link, which parcel refuses/)]);
    const { data, text } = await limits(hostOf([APP], mounts('fuse.bindfs')), { for: ['/srv/app'] });
    expect(data.demand?.trees?.[0]?.blind).toBe('fuse.bindfs');
    expect(text).toContain('it is on fuse.bindfs');
  });

  it('that does not fit: why, and what would', async () => {
    const { outcome, data, verdict } = await limits(hostOf([APP], { trees: { '/srv/app': { ...trees['/srv/app'], directories: 70_000 } } }), {}, { args: ['/srv/app'] });
    expect(verdict).toBe('fail');
    expect(outcome.findings).toMatchObject([
      { id: 'inotify/demand', severity: 'critical', confidence: 'likely', title: '70,000 inotify watches do not fit: uid 1000 has 65,494 of 65,536 left (fs.inotify.max_user_watches)' },
    ]);
    expect(data.demand?.raise).toEqual([
      {
        setting: 'fs.inotify.max_user_watches', to: 131_072, once: 'sudo sysctl -w fs.inotify.max_user_watches=131072',
        persistent: "echo 'fs.inotify.max_user_watches = 131072' | sudo tee -a /etc/sysctl.d/60-inotify.conf && sudo sysctl -p /etc/sysctl.d/60-inotify.conf",
        memoryBytes: 15_204_352, memoryBytesPinned: 163_053_568,
      },
    ]);
  });

  it('that was counted in part only cannot be told, unless the part is too much', async () => {
    for (const part of [{ cut: 'EINTR' }, { cut: 'ETIMEDOUT' }, { unreadable: 3 }]) {
      const of = (directories: number): World => hostOf([APP], { trees: { '/srv/app': { ...trees['/srv/app'], directories, ...part } } });
      expect((await limits(of(41), { for: ['/srv/app'] })).lacking).toEqual(['tree /srv/app']);
      expect((await limits(of(70_000), { for: ['/srv/app'] })).verdict).toBe('fail');
    }
  });

  it('is about one user: that another one is full is beside the point', async () => {
    const { outcome, verdict } = await limits(hostOf([APP, { pid: 50, uid: 5, instances: many(128) }]), { needInstances: '1' });
    expect([verdict, outcome.findings.map(({ severity }) => severity)]).toEqual(['pass', ['warning']]);
  });

  it('may be about another user than who asks', async () => {
    const { outcome, data } = await limits(hostOf([APP, { pid: 50, uid: 5, instances: many(128) }]), { needInstances: '1', uid: '5' });
    expect(outcome.findings.map(({ id, severity }) => [id, severity])).toEqual([['inotify/demand', 'critical'], ['inotify/instances', 'critical']]);
    expect(data.users.map(({ uid, self }) => [uid, self])).toEqual([[5, undefined], [1000, true]]);
  });

  it.each([
    [{ for: ['/nope'] }, '/nope: no such directory'],
    [{ for: ['/file'] }, '/file: not a directory'],
    [{ for: ['/loop'] }, '/loop: a loop of symbolic links'],
    [{ for: [''] }, 'an empty name is no directory'],
    [{ uid: '4294967295' }, '--uid: there is no user 4294967295'],
    [{ uid: '4294967296' }, '--uid: there is no user 4294967296'],
    [{ needWatches: 'many' }, '--need-watches: many is no whole number'],
    [{ needInstances: '-1' }, '--need-instances: -1 is no whole number'],
    [{ library: 'vue', for: ['/srv/app'] }, /^--library: no model of vue$/],
    [{ library: 'node20' }, '--library says how directories are watched: give one'],
    [{ library: 'chokidar' }, '--library: no model of chokidar, did you mean chokidar6?'],
    [{ countTimeout: 'soon' }, '--count-timeout: soon is not a time'],
  ])('%j is refused', async (options, message) => {
    const world = hostOf([APP], { trees: { '/file': refused('ENOTDIR'), '/loop': refused('ELOOP') } });
    await expect(limits(world, options)).rejects.toThrow(message);
  });

  it('an empty directory argument is not the working directory', async () => {
    await expect(limits(hostOf([APP], { trees }), {}, { args: [''] })).rejects.toThrow('an empty name is no directory');
  });

  it.each([[{ needWatches: '3000000000' }, 'watches'], [{ needInstances: '5000000000' }, 'instances']])('%j: no setting allows so many', async (options, resource) => {
    const { outcome, data, verdict } = await limits(hostOf([APP]), options);
    expect([verdict, data.demand?.raise, data.demand?.fits]).toEqual(['fail', [], 'no']);
    expect(outcome.findings[0]?.title).toContain(`inotify ${resource} do not fit`);
    expect(outcome.findings[0]?.remedy).toEqual([{ text: 'no setting allows so many: the kernel takes 2,147,483,647 at most', risk: 'none' }]);
  });

  it('near the end of what can be set is told what can be set', async () => {
    const { data } = await limits(hostOf([APP]), { needWatches: '2000000000' });
    expect(data.demand?.raise[0]?.to).toBe(2_147_483_647);
  });

  it('counts a tree once, whatever name leads there', async () => {
    const realPaths = { '/srv/app': '/srv/app', '/link': '/srv/app', '/lib': '/srv/app/lib', '/other': '/other' };
    const world = hostOf([APP], { trees: { ...trees, '/other': trees['/srv/app'] }, realPaths });
    const { data } = await limits(world, { for: ['/srv/app', '/link', '/lib', '/other'] });
    expect(data.demand?.trees?.map(({ path }) => path)).toEqual(['/srv/app', '/other']);
    expect(data.demand?.watches.need).toBe(82);
  });

  it('with links whose ends are not known is a lower bound, and cannot be told', async () => {
    const { lacking, text, data } = await limits(hostOf([APP], { trees: { '/srv/app': { ...trees['/srv/app'], unsure: 2 } } }), { for: ['/srv/app'], library: 'chokidar4' });
    expect([lacking, data.demand?.trees?.[0]?.complete]).toEqual([['tree /srv/app'], false]);
    expect(text).toContain('at least 63 watches (chokidar4)');
  });

  it('that may not be read at all cannot be told', async () => {
    expect((await limits(hostOf([APP], { trees: { '/root': refused('EACCES') } }), { for: ['/root'] })).lacking).toEqual(['tree /root']);
  });

  it('does not count twice what is below', async () => {
    const { data } = await limits(hostOf([APP], { trees }), { for: ['/srv/app', '/srv/app/lib/', '/srv/app'] });
    expect(data.demand?.trees?.map(({ path }) => path)).toEqual(['/srv/app']);
  });
});

describe('hosts without such limits, made up from the texts of real ones', () => {
  it.each([
    ['gVisor (faked by its /proc/version)', { '/proc/version': 'Linux version 4.4.0 #1 SMP Sun Jan 10 15:06:54 PST 2016\n' }],
    ['a kernel without inotify (faked by a sysctl that is not there)', { '/proc/sys/fs/inotify/max_user_instances': refused('ENOENT') }],
    ['a hidden /proc/sys (faked by EACCES)', { '/proc/sys/fs/inotify/max_user_instances': refused('EACCES') }],
  ])('%s: said, and no answer made up', async (_name, files) => {
    const { lacking, data, verdict } = await limits(hostOf([APP], { files }), { needInstances: '1' });
    expect([lacking, verdict]).toEqual([['inotify limits'], 'inconclusive']);
    expect(data).toEqual({ users: [], binding: null });
  });
});
