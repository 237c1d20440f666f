/** What a service opens and keeps while something is done to it: samples before, during and after a piece of work. */
import type { CommandContext } from '../command.ts';
import { errnoWords, statusOf } from '../kernel/coverage.ts';
import { lookAt } from '../kernel/look-at.ts';
import type { Fd } from '../kernel/types.ts';
import { UserError } from '../kernel/user-error.ts';
import type { Coverage } from '../report/index.ts';
import type { Member } from '../series/index.ts';
import { Family } from './events/family.ts';
import { settle } from './events/settle.ts';
import { groupsOf, type KeptGroup, type Life } from './kept-groups.ts';
import { WorkClock } from './work-clock.ts';

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
  const clock = new WorkClock(context);
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
