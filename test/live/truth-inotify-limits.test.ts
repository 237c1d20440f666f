/** inotify-limits against processes whose instances are known. Own users and user namespaces: the limits of the host stay as they are. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { LimitsData } from '../../src/inotify/limits/data.ts';
import type { Report } from '../../src/report/index.ts';
import { compileSchema } from '../schema/support.ts';
import { type Child, plainEnv, startChild } from './support/child.ts';
import { need } from './support/need.ts';
import { ownFolder, PYTHON, reloadctl, type RunOptions } from './support/program.ts';

const UID = 54_321;
const OTHER_UID = 54_322;
const hostLimit = Number(readFileSync('/proc/sys/fs/inotify/max_user_instances', 'utf8'));
/** What the host has must be small enough to use up. */
const isSmall = hostLimit > 4 && hostLimit <= 512;
const folder = ownFolder('limits');
const validate = compileSchema();

/** Makes instances until it has enough or gets no more; `fork`: a child has them too, `left`: it alone. */
const HOLDER = `
import ctypes, os, sys
wanted, mode = int(sys.argv[1]), sys.argv[2]
libc = ctypes.CDLL(None, use_errno=True)
fds = []
while len(fds) < wanted:
    fd = libc.inotify_init1(0)
    if fd < 0: break
    fds.append(fd)
child = 0
if mode != 'alone':
    child = os.fork()
    if child == 0:
        sys.stdin.read()
        os._exit(0)
    if mode == 'left':
        for fd in fds: os.close(fd)
print(len(fds), child, ctypes.get_errno(), flush=True)
sys.stdin.read()
`;

async function hold(wanted: number, mode: 'alone' | 'fork' | 'left', uid = UID): Promise<{ holder: Child; made: number; child: number }> {
  const args = ['--reuid', String(uid), '--regid', String(uid), '--clear-groups', PYTHON, join(folder, 'holder.py'), String(wanted), mode];
  const holder = await startChild('setpriv', args);
  const [made, child] = (await holder.nextLine()).split(' ').map(Number);
  return { holder, made: made!, child: child! };
}

async function ask(args: string[] = [], options: RunOptions = {}): Promise<{ code: number | null; report: Report; data: LimitsData }> {
  const { code, stdout, stderr } = await reloadctl(['inotify-limits', ...args, '--json'], options);
  expect(stderr).toBe('');
  const report = JSON.parse(stdout) as Report;
  validate(report);
  expect(validate.errors).toBeNull();
  return { code, report, data: report.data as LimitsData };
}

const ofUid = ({ users }: LimitsData, uid: number) => users.find((user) => user.uid === uid);

beforeAll(() => {
  writeFileSync(join(folder, 'holder.py'), HOLDER);
});

describe.skipIf(!need('root', 'setpriv') || !isSmall)('all instances of one user', () => {
  it('exit 1, names that user and no other; its own preflight fails, that of another fits', async () => {
    const { holder, made } = await hold(hostLimit + 1, 'alone');
    expect(made).toBe(hostLimit);
    const all = await ask();
    expect(all.code).toBe(1);
    expect(all.report.findings.map(({ id, severity, confidence, subject }) => [id, severity, confidence, subject.key])).toEqual([['inotify/instances', 'critical', 'certain', `uid ${UID}`]]);
    expect(ofUid(all.data, UID)).toMatchObject({ instances: { used: hostLimit, limit: hostLimit, left: 0 }, holders: [{ pid: holder.pid, instances: hostLimit }] });
    expect(ofUid(all.data, 0)?.self).toBe(true);

    const own = await ask(['--need-instances', '1'], { uid: UID });
    expect([own.code, own.data.demand?.fits]).toEqual([1, 'no']);
    const other = await ask(['--need-instances', '1'], { uid: OTHER_UID });
    expect([other.code, other.data.demand?.fits]).toEqual([0, 'yes']);
    expect(ofUid(other.data, OTHER_UID)).toMatchObject({ self: true, instances: { used: 0, left: hostLimit } });

    const explained = await reloadctl(['explain', '--error', 'fsnotify: initializing inotify: too many open files', '--pid', String(holder.pid), '--json']);
    const report = JSON.parse(explained.stdout) as Report;
    validate(report);
    expect(validate.errors).toBeNull();
    expect(explained.code).toBe(1);
    expect(report.data).toMatchObject({
      program: 'fsnotify (Go)',
      decided: 'instances',
      candidates: [{ limit: 'instances', state: 'reached', used: hostLimit, max: hostLimit }, { limit: 'descriptors', state: 'not reached' }],
    });
    expect(report.findings.map(({ id }) => id)).toEqual(['inotify/instances']);
    await holder.stop();
  });
});

describe.skipIf(!need('root', 'setpriv') || !isSmall)('instances that a child has', () => {
  it('count once when the parent has them too', async () => {
    const { holder, child } = await hold(4, 'fork', 54_323);
    const { data } = await ask();
    expect(ofUid(data, 54_323)).toMatchObject({ instances: { used: 4, atMost: 4 }, holders: [{ pid: holder.pid, instances: 4, sharedWith: [child] }] });
    await holder.stop();
  });

  it('are told to be only there when the parent has closed them', async () => {
    const { holder, child } = await hold(4, 'left', 54_324);
    const { data } = await ask();
    expect(ofUid(data, 54_324)?.holders).toMatchObject([{ pid: child, instances: 4, onlyInChildOf: { pid: holder.pid } }]);
    await holder.stop();
  });
});

describe.skipIf(!need('root', 'unshare'))('a user namespace with a limit of its own', () => {
  it('says 7 inside', async () => {
    const lower = 'echo 7 >/proc/sys/user/max_inotify_instances && exec "$0" "$@"';
    const inside = async (...args: string[]): Promise<{ code: number; report: Report }> => {
      const child = await startChild('unshare', ['-Ur', '/bin/sh', '-c', `${lower}; echo; echo "exit $?"`.replace('exec "$0" "$@"', '"$0" "$@"'), process.execPath, 'bin/reloadctl.js', 'inotify-limits', '--json', ...args]);
      const lines: string[] = [];
      for (let line = await child.nextLine(); !line.startsWith('exit '); line = await child.nextLine()) lines.push(line);
      await child.stop();
      return { code: 0, report: JSON.parse(lines.join('\n')) as Report };
    };
    const { report } = await inside();
    const data = report.data as LimitsData;
    expect(data.users.find(({ self }) => self)).toMatchObject({ uid: 0, instances: { used: 0, limit: 7, left: 7, binding: { setting: 'user.max_inotify_instances' } } });
    const more = await inside('--need-instances', '8');
    expect(more.report).toMatchObject({ verdict: 'fail', findings: [{ id: 'inotify/demand', title: expect.stringContaining('7 of 7') }] });
    const fitting = await inside('--need-instances', '7');
    expect(fitting.report.verdict).toBe('pass');
  });
});

/** As daemons do: begins as root, makes its instances as one user, goes on as another. */
const DROPPER = `
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
os.setgroups([])
os.seteuid(61210)
made = sum(1 for _ in range(int(sys.argv[1])) if libc.inotify_init1(0) >= 0)
os.seteuid(0)
os.setresuid(61211, 61211, 61211)
print(made, flush=True)
sys.stdin.read()
`;

describe.skipIf(!need('root') || !isSmall)('instances made as another user', () => {
  it('are charged to that one: known by trying, as root and as that user', async () => {
    writeFileSync(join(folder, 'dropper.py'), DROPPER);
    const many = hostLimit - 28;
    const dropper = await startChild(PYTHON, [join(folder, 'dropper.py'), String(many)]);
    expect(await dropper.nextLine()).toBe(String(many));
    const wanted = ['--need-instances', '100'];
    expect(await ask([...wanted, '--uid', '61210'])).toMatchObject({ code: 1, data: { demand: { fits: 'no' } } });
    expect(await ask([...wanted, '--uid', '61211'])).toMatchObject({ code: 0, data: { demand: { fits: 'yes' } } });
    expect(await ask(wanted, { uid: 61_210 })).toMatchObject({ code: 1, data: { demand: { fits: 'no' } } });
    expect(await ask(wanted, { uid: 61_211 })).toMatchObject({ code: 0, data: { demand: { fits: 'yes' } } });
    await dropper.stop();
  });
});

/** A /proc of a pid namespace of its own, whose options are nobody else's; 77 where it is not one, or may not be changed. */
const HIDING = `
[ "$(stat -c %d /proc)" != "$1" ] && [ "$$" = 1 ] || exit 77
mount -o remount,hidepid=2 /proc || exit 77
shift
exec setpriv --reuid 54325 --regid 54325 --clear-groups "$@"
`;

describe.skipIf(!need('root', 'unshare', 'setpriv'))('a /proc with hidepid=2', () => {
  it('is said to hide the processes of others', async (context) => {
    const device = String(statSync('/proc').dev);
    const args = ['-pf', '--mount-proc', '/bin/sh', '-c', HIDING, 'sh', device, process.execPath, 'bin/reloadctl.js', 'inotify-limits', '--json'];
    const { status, stdout } = spawnSync('unshare', args, { encoding: 'utf8', env: plainEnv() });
    if (status === 77 || stdout === '') return context.skip('hidepid may not be set here');
    expect(status).toBe(3);
    const { coverage } = JSON.parse(stdout) as Report;
    expect(coverage).toContainEqual(expect.objectContaining({ source: 'processes of others', status: 'partial', needed: true, detail: expect.stringMatching(/hidepid=(?:2|invisible)/) }));
    // The host's own is as it was.
    expect(readFileSync('/proc/1/comm', 'utf8')).not.toBe('');
  });
});

describe.skipIf(!need('root', 'setpriv'))('who may look at nothing', () => {
  it('says that counts are lower bounds, exit 3', async () => {
    const { code, report } = await ask([], { uid: 65_534 });
    expect(code).toBe(3);
    const seen = report.coverage.find(({ source }) => source === 'processes')!;
    expect(seen).toMatchObject({ status: 'partial', needed: true, detail: expect.stringContaining('lower bounds'), fix: 'sudo reloadctl inotify-limits --json' });
    expect(seen.seen!).toBeLessThan(seen.total!);
  });
});

describe.skipIf(!need('root', 'unshare'))('in a container', () => {
  it('watches are tried: 17 of 20 fit beside 3, 18 do not', async () => {
    const script = `
echo 20 > /proc/sys/user/max_inotify_watches || exit 77
"$0" -e 'const { watch } = require("fs"); for (const path of ["/usr", "/etc", "/usr/bin"]) watch(path); console.log("ready")' > ready &
watcher=$!
until grep -q ready ready; do :; done
for n in 2 17 18; do "$0" "$1" inotify-limits --need-watches $n -q > /dev/null; printf '%s ' $?; done
kill $watcher`;
    const directory = join(folder, 'tried');
    mkdirSync(directory);
    const { stdout } = spawnSync('unshare', ['-Urmpf', '--mount-proc', '/bin/sh', '-c', script, process.execPath, resolve('bin/reloadctl.js')], { encoding: 'utf8', env: plainEnv(), cwd: directory });
    expect(stdout.trim()).toBe('0 0 1');
  });
});

describe('the watches of a tree', () => {
  it('are those that inotifywait and Node make', async () => {
    const tree = join(folder, 'tree');
    for (let dir = 0; dir < 40; dir++) mkdirSync(join(tree, `d${dir}`), { recursive: true });
    for (let file = 0; file < 20; file++) writeFileSync(join(tree, `d${file}`, 'f'), '');
    chmodSync(tree, 0o755);
    const { data } = await ask(['--for', tree, '--library', 'node20']);
    expect(data.demand).toMatchObject({ instances: { need: 1 }, watches: { need: 61 }, trees: [{ directories: 41, files: 20, watches: 61, complete: true }] });
    expect((await ask([tree])).data.demand).toMatchObject({ library: 'dirs', watches: { need: 41 } });
    const watcher = await startChild(process.execPath, ['-e', `require('fs').watch(${JSON.stringify(tree)}, { recursive: true }, () => {}); console.log(process.version)`]);
    const major = Number((await watcher.nextLine()).slice(1).split('.')[0]);
    const after = await ask();
    const held = after.data.users.flatMap(({ holders }) => holders).find(({ pid }) => pid === watcher.pid);
    expect(held).toMatchObject({ instances: 1, watches: major >= 26 ? 41 : 61 });
    await watcher.stop();
  });

  it.each([
    [['--for', '/nowhere/at/all'], '/nowhere/at/all: no such directory'],
    [['/etc/passwd'], '/etc/passwd: not a directory'],
    [['--need-watches', 'x'], '--need-watches: x is no whole number'],
    [['--library', 'chokidr3', '/tmp'], 'did you mean chokidar3?'],
  ])('%j: exit 2', async (args, message) => {
    const { code, stdout, stderr } = await reloadctl(['inotify-limits', ...args]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });
});
