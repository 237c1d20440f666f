/** `inotify-limits` on a made-up host. */
import type { ReportOutcome } from '../../../src/command.ts';
import type { LimitsData } from '../../../src/inotify/limits/data.ts';
import { run } from '../../../src/inotify/limits/command.ts';
import { limitRules } from '../../../src/inotify/rules/index.ts';
import { verdictOf } from '../../../src/report/index.ts';
import { report, text as rendered } from '../../render/support.ts';
import { fakeEvidence, type World } from '../../support/fake-evidence.ts';
import { type FakeProcess, worldOf } from '../../support/fake-process.ts';

export const FIRST = '4026531837';

export interface FakeWatcher extends Partial<FakeProcess> {
  pid: number;
  uid?: number;
  userns?: string;
  /** Watches of the instance at each number; `refused`: fdinfo may not be read. */
  instances?: Record<number, number | 'refused'>;
}

const WATCH = 'inotify wd:1 ino:2 sdev:fe00000 mask:fce ignored_mask:0\n';

/** Processes with instances, limits as they are by default, and ourselves: pid 900 of uid 1000. */
export function hostOf(watchers: readonly FakeWatcher[], changes: Partial<World> & { uid?: number; userns?: string } = {}): World {
  const { uid = 1000, userns = FIRST, ...rest } = changes;
  const self: FakeWatcher = { pid: 900, comm: 'reloadctl', uid, userns };
  const all = [...watchers, self];
  const world = worldOf(...all.map(({ instances = {}, userns: _, ...process }) => ({ ...process, fds: fdsOf(instances) })));
  for (const { pid, userns: own = FIRST } of all) world.links[`/proc/${pid}/ns/user`] = `user:[${own}]`;
  world.files['/proc/self/status'] = world.files['/proc/900/status']!;
  world.links['/proc/self/ns/user'] = `user:[${userns}]`;
  world.links['/proc/self/ns/pid'] = 'pid:[4026531836]';
  world.files['/proc/version'] = 'Linux version 6.18.44\n';
  world.files['/proc/sys/fs/inotify/max_user_instances'] = '128\n';
  world.files['/proc/sys/fs/inotify/max_user_watches'] = '65536\n';
  world.files['/proc/sys/user/max_inotify_instances'] = '128\n';
  world.files['/proc/sys/user/max_inotify_watches'] = '65536\n';
  return {
    ...world,
    ...rest,
    files: { ...world.files, ...rest.files },
    links: { ...world.links, ...rest.links },
    lists: { ...world.lists, ...rest.lists },
    orders: rest.orders ?? everyOneItsOwn(all),
  };
}

function fdsOf(instances: NonNullable<FakeWatcher['instances']>): NonNullable<FakeProcess['fds']> {
  return Object.fromEntries(Object.entries(instances).map(([fd, watches]) => [fd, { link: 'anon_inode:inotify', rest: WATCH.repeat(Number(watches) || 0) }]));
}

/** kcmp answers: by pid and number. */
export function everyOneItsOwn(watchers: readonly FakeWatcher[]): Record<string, number> {
  const fds = watchers.flatMap(({ pid, instances = {} }) => Object.keys(instances).map((fd) => [pid, Number(fd)] as const));
  const orders: Record<string, number> = {};
  fds.forEach(([pid, fd], a) => {
    fds.forEach(([other, number], b) => {
      orders[`${pid}:${fd}:${other}:${number}`] = Math.sign(a - b);
    });
  });
  return orders;
}

export interface Asked {
  outcome: ReportOutcome;
  data: LimitsData;
  verdict: string;
  /** Sources that were not read whole and were needed. */
  lacking: string[];
  text: string;
}

export async function limits(world: World, options: Record<string, unknown> = {}, context: { args?: string[]; isRoot?: boolean; aborted?: boolean } = {}): Promise<Asked> {
  const controller = new AbortController();
  if (context.aborted) controller.abort();
  const outcome = await run(context.args ?? [], options, {
    evidence: fakeEvidence(world),
    rules: limitRules,
    signal: controller.signal,
    rerun: 'reloadctl inotify-limits',
    isRoot: context.isRoot ?? false,
    say: () => undefined,
    progress: () => undefined,
    stdin: () => {
      throw new Error('not asked for here');
    },
    replay: () => {
      throw new Error('not asked for here');
    },
  });
  if (outcome.kind !== 'report') throw new Error('it prints a report');
  const { findings, coverage } = outcome;
  const lacking = coverage.filter(({ needed, status }) => needed && status !== 'ok').map(({ source }) => source);
  const body = [...outcome.body()];
  const [whole, bare] = [await rendered(report(), body), await rendered(report(), [])];
  const head = bare.split('\n')[0]!;
  const text = whole.slice(head.length + 1).replace(bare.slice(head.length + 1), '');
  return { outcome, data: outcome.data as LimitsData, verdict: verdictOf(findings, coverage, 'critical'), lacking, text };
}
