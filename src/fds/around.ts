/** What a service opens and keeps while something is done to it: samples before, during and after a piece of work. */
import type { CommandContext } from '../command.ts';
import { errnoWords, statusOf } from '../kernel/coverage.ts';
import { groupKeys } from '../kernel/groups.ts';
import { isKind, socket } from '../kernel/kinds/index.ts';
import { lookAt } from '../kernel/look-at.ts';
import type { Fd } from '../kernel/types.ts';
import { UserError } from '../kernel/user-error.ts';
import type { Coverage } from '../report/index.ts';
import type { Member, Quality } from '../series/index.ts';
import { Family } from './events/family.ts';
import { settle } from './events/settle.ts';

/** Descriptors of one group. */
export interface KeptGroup {
  kind: string;
  key: string;
  before: number;
  after: number;
  /** Opened during the work, and there still when it and the time to settle were over. */
  kept: number;
  /** There before, and gone. */
  lost: number;
  /** Of those that were kept: how many came in each quarter of what the service did meanwhile, by its CPU time where that is long enough. */
  perQuarter: readonly [number, number, number, number];
  quality: Quality;
  /** The other side decides how long they live. */
  byOthers: boolean;
  /** It was changing still when the time to settle was over. */
  isRestless: boolean;
  examples: Fd[];
}

export interface Around {
  label: string;
  /** Those that belong to it at the end. */
  pids: number[];
  groups: KeptGroup[];
  /** Of the work. */
  windowMs: number;
  samples: number;
  /** The largest part of the work that lies between two samples, 0 to 1: when in it something came, nobody knows. */
  coarseness: number;
  coverage: Coverage[];
}

export interface AroundOptions {
  /** How long the table may take to come to rest, before the work and after it, ms. */
  settleMs: number;
  /** Who counts something else of the same processes, between samples. Awaited. */
  beside?(moment: Moment): Promise<void>;
}

export interface Moment {
  pids: readonly number[];
  /** How far the work was then, 0 to 1; known once it is over. */
  progress: () => number;
  when: 'before' | 'during' | 'after';
}

const SHORTEST_INTERVAL_MS = 50;
const LONGEST_INTERVAL_MS = 1000;
/** Samples take at most this part of the time. */
const SAMPLE_PART = 0.1;
/** Ticks of 10 ms: fewer tell nothing of when. */
const LEAST_TICKS = 8;
const MOST_EXAMPLES = 3;

interface Life {
  item: Fd;
  quality: Quality;
  /** Number of the sample that saw it first; 0 is before the work. */
  born: number;
}

/** Throws UserError (exit 3) when there is nothing to be seen: before the work is begun. Descendants belong to the service. */
export async function descriptorsAround(spec: string, work: () => Promise<void>, { settleMs, beside }: AroundOptions, context: CommandContext): Promise<Around> {
  const { evidence, signal } = context;
  const family = new Family(evidence, spec, true);
  const refused = family.refused();
  if (refused) {
    const hints = statusOf(refused.errno) === 'denied' ? [`sudo ${context.rerun}`] : [];
    throw new UserError(`/proc/${refused.pid}/fd: ${errnoWords(refused.errno)}; the command was not run`, { exitCode: 3, hints });
  }
  const lives = new Map<string, Life>();
  const early: Fd[] = [];
  const clock = new Clock(context);
  let samples = 0;
  const note = (members: readonly Member<Fd>[]): void => {
    const seen = new Set<string>();
    for (const { identity, item, quality } of members) {
      seen.add(identity);
      const life = lives.get(identity);
      if (!life) lives.set(identity, { item, quality, born: samples });
      else if (quality === 'weak') life.quality = quality;
    }
    for (const [identity, { born, item }] of lives) {
      if (seen.has(identity)) continue;
      if (born === 0) early.push(item);
      lives.delete(identity);
    }
    clock.tick(family.target.pids);
    samples++;
  };
  const asked = (when: 'before' | 'during' | 'after'): Promise<void> | undefined => {
    const sample = samples - 1;
    return beside?.({ pids: family.target.pids, progress: () => clock.progress(sample), when });
  };

  const first = await settle(evidence, family, { settleMs, before: new Set(), isLast: true, signal });
  if (first.state === 'gone') throw new UserError(`${spec} ended before the command was run`, { exitCode: 3 });
  note(first.members);
  await asked('before');
  const start = evidence.now();
  let isOver = false;
  const working = work().finally(() => (isOver = true));
  // Its failure is told by whoever awaits it below.
  working.catch(() => undefined);
  let intervalMs = SHORTEST_INTERVAL_MS;
  let nextRenewal = start + LONGEST_INTERVAL_MS;
  while (!isOver && !signal.aborted) {
    await Promise.race([working.catch(() => undefined), evidence.sleep(intervalMs)]);
    const begun = evidence.now();
    // Who belongs to it is a walk over all processes.
    if (begun >= nextRenewal) {
      family.renew();
      nextRenewal = evidence.now() + Math.max(LONGEST_INTERVAL_MS, (evidence.now() - begun) / SAMPLE_PART);
    }
    const sampled = evidence.now();
    const members = family.sample();
    if (family.size === 0) break;
    note(members);
    await asked('during');
    intervalMs = Math.min(LONGEST_INTERVAL_MS, Math.max(SHORTEST_INTERVAL_MS, (evidence.now() - sampled) / SAMPLE_PART));
  }
  await working;
  const windowMs = evidence.now() - start;
  const lastOfWork = samples;
  clock.end();
  const rest = family.size === 0 ? undefined : await settle(evidence, family, { settleMs, before: new Set(), isLast: true, signal });
  const coverage: Coverage[] = [];
  if (!rest || rest.state === 'gone') {
    coverage.push({ source: 'target', status: 'absent', detail: `no process of ${spec} was left when the command had ended`, needed: true });
    return { label: spec, pids: [], groups: [], windowMs, samples, coarseness: 1, coverage };
  }
  note(rest.members);
  await asked('after');
  const { come, gone } = family.takeChange();
  if (gone.length > 0) coverage.push({ source: 'processes', status: 'ok', detail: `${gone.length} of its processes ended meanwhile, ${come.length} came`, needed: false });
  const { snapshot } = await lookAt(spec, { tree: true, owners: false, details: false }, context, 'assert --pid');
  const now = new Map(snapshot.tables.flatMap(({ fds }) => fds).map((fd) => [`${fd.pid}:${fd.fd}:${fd.link}`, fd]));
  // The look at the end has more to tell: states of sockets, above all.
  const fresh = (fd: Fd): Fd => now.get(`${fd.pid}:${fd.fd}:${fd.link}`) ?? fd;
  const living = [...lives.values()].filter(({ born }) => born < lastOfWork || born === 0).map((life) => ({ ...life, item: fresh(life.item) }));
  const groups = groupsOf(living, early, rest.moving, (born) => clock.between(born));
  return { label: snapshot.label, pids: family.target.pids.slice(), groups, windowMs, samples, coarseness: clock.coarseness(), coverage };
}

function groupsOf(living: readonly Life[], early: readonly Fd[], moving: readonly Fd[], spanOf: (sample: number) => readonly [number, number]): KeptGroup[] {
  const keys = groupKeys([...new Set([...living.map(({ item }) => item), ...early, ...moving])]);
  const groups = new Map<string, KeptGroup & { perQuarter: [number, number, number, number] }>();
  const groupOf = (fd: Fd) => {
    const key = keys.get(fd) ?? fd.kind;
    const id = `${fd.kind}\0${key}`;
    let group = groups.get(id);
    if (!group) groups.set(id, (group = { kind: fd.kind, key, before: 0, after: 0, kept: 0, lost: 0, perQuarter: [0, 0, 0, 0], quality: 'exact', byOthers: false, isRestless: false, examples: [] }));
    return group;
  };
  const ofOthers = new Map<KeptGroup, number>();
  for (const { item, born, quality } of living) {
    const group = groupOf(item);
    group.after++;
    if (born === 0) group.before++;
    else {
      group.kept++;
      share(group.perQuarter, spanOf(born));
      if (quality === 'weak') group.quality = quality;
      if (isKind(item, socket) && item.detail.inbound && item.detail.row?.state === 'ESTABLISHED') ofOthers.set(group, (ofOthers.get(group) ?? 0) + 1);
      if (group.examples.length < MOST_EXAMPLES) group.examples.push(item);
    }
  }
  for (const fd of early) {
    const group = groupOf(fd);
    group.before++;
    group.lost++;
  }
  for (const fd of moving) groupOf(fd).isRestless = true;
  return [...groups.values()].map((group) => ({ ...group, byOthers: group.kept > 0 && (ofOthers.get(group) ?? 0) * 2 > group.kept })).sort((a, b) => b.kept - b.lost - (a.kept - a.lost));
}

/** How far the work is, by what the service did for it: commands take their time before they begin. */
class Clock {
  private readonly ticks: number[] = [];
  private readonly times: number[] = [];
  private readonly last = new Map<number, number>();
  private total = 0;
  private isEnded = false;
  private readonly evidence: CommandContext['evidence'];

  constructor({ evidence }: CommandContext) {
    this.evidence = evidence;
  }

  tick(pids: readonly number[]): void {
    if (this.isEnded) return;
    for (const pid of pids) {
      const now = cpuTicks(this.evidence.read(`/proc/${pid}/stat`).value ?? '');
      const before = this.last.get(pid);
      if (before !== undefined && now > before) this.total += now - before;
      this.last.set(pid, now);
    }
    this.ticks.push(this.total);
    this.times.push(this.evidence.now());
  }

  /** What comes later belongs to the time in which it settles. */
  end(): void {
    this.isEnded = true;
  }

  /** 0 to 1. */
  progress(sample: number): number {
    const scale = this.scale();
    const [from, to] = [scale[0] ?? 0, scale.at(-1) ?? 0];
    return to > from ? Math.min(1, Math.max(0, ((scale[sample] ?? to) - from) / (to - from))) : 0;
  }

  /** What a sample sees came since the one before. */
  between(sample: number): readonly [number, number] {
    return [this.progress(Math.max(0, sample - 1)), this.progress(sample)];
  }

  coarseness(): number {
    let largest = 0;
    for (let sample = 1; sample < this.times.length; sample++) {
      const [from, to] = this.between(sample);
      largest = Math.max(largest, to - from);
    }
    return this.times.length < 2 ? 1 : largest;
  }

  private scale(): readonly number[] {
    return this.total >= LEAST_TICKS ? this.ticks : this.times;
  }
}

/** One that came at some time in this part of the work, into its quarters. */
function share(quarters: [number, number, number, number], [from, to]: readonly [number, number]): void {
  for (const [index] of quarters.entries()) {
    const [start, end] = [index / 4, (index + 1) / 4];
    const isIn = to > from ? Math.max(0, Math.min(end, to) - Math.max(start, from)) / (to - from) : from >= start && (from < end || index === 3) ? 1 : 0;
    quarters[index as 0] += isIn;
  }
}

/** utime and stime, fields 14 and 15 of /proc/PID/stat (fs/proc/array.c do_task_stat). */
function cpuTicks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ', 13);
  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0) || 0;
}
