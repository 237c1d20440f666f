/** Asks every rule of a module: each of the source that knows best, and of the next one where that has nothing. */
import type { CommandContext } from '../command.ts';
import type { ModulePolicy, RuleName } from '../policy/index.ts';
import type { ReloadsRead } from '../state/reloads.ts';
import { judgeCooldown } from './cooldown.ts';
import { judge } from './judge.ts';
import { hasValue, type JudgedRule, type Measured, type PlannedRule } from './model.ts';
import type { GateOptions } from './options.ts';
import { planOf, RULES } from './rule-table.ts';
import { endpointOf } from './sources/endpoint.ts';
import { hostSource } from './sources/host.ts';
import type { Clock } from './sources/lows.ts';
import { metricsSource } from './sources/metrics.ts';
import { pprofSource } from './sources/pprof.ts';
import { prometheusSource } from './sources/prometheus.ts';
import type { Asking, Source } from './sources/types.ts';

export interface Sources {
  /** What one process tells. */
  process: Source[];
  metrics: Source[];
  /** What all of its processes served. */
  prometheus: Source[];
}

/** @throws UserError for URLs that are none */
export async function sourcesOf(module: ModulePolicy, options: GateOptions, context: CommandContext, clock: Clock): Promise<Sources> {
  const { timeoutMs, access } = options;
  const asking: Asking = { signal: context.signal, timeoutMs };
  // What lets in is shown to one: to Prometheus, or where there is none to what else is named.
  const { cacert, insecure } = access;
  const others = module.prometheus === undefined ? access : { ...(cacert !== undefined && { cacert }), ...(insecure !== undefined && { insecure }) };
  const prometheus = module.prometheus === undefined ? [] : [prometheusSource(await endpointOf('--prometheus', module.prometheus, access), module, asking, Date.now)];
  const canary = module.canary?.endpoint === undefined ? undefined : await endpointOf('canary.endpoint', module.canary.endpoint, others);
  const metrics = module.endpoint === undefined ? [] : [metricsSource({ stable: await endpointOf('--metrics', module.endpoint, others), canary }, module, asking, clock)];
  const pprof = module.pprof === undefined ? [] : [pprofSource(await endpointOf('--pprof', module.pprof, others), module.sampleMs, asking, clock)];
  const host = module.process === undefined ? [] : [hostSource(module.process, module.sampleMs, context, clock)];
  return { prometheus, metrics, process: [...host, ...pprof] };
}

export async function judgeModule(module: ModulePolicy, sources: Sources, reloads: ReloadsRead, signal: AbortSignal): Promise<JudgedRule[]> {
  const plan = planOf(module);
  const measured = await measureAll(plan.filter(({ name }) => name !== 'cooldown'), sources, signal);
  return plan.map((rule) => (rule.name === 'cooldown' ? judgeCooldown(rule, module, reloads, Date.now()) : judge(rule, measured.get(rule.name)!)));
}

async function measureAll(rules: readonly PlannedRule[], sources: Sources, signal: AbortSignal): Promise<Map<RuleName, Measured>> {
  const found = new Map<RuleName, Measured>();
  for (let round = 0; ; round++) {
    const asked = new Map<Source, PlannedRule[]>();
    for (const rule of rules) {
      const known = found.get(rule.name);
      const source = known && hasValue(known) ? undefined : inOrder(rule.name, sources)[round];
      if (source) asked.set(source, [...(asked.get(source) ?? []), rule]);
    }
    if (asked.size === 0 || signal.aborted) break;
    await Promise.all([...asked].map(async ([source, own]) => {
      for (const [name, measured] of await source.measure(own)) found.set(name, joined(found.get(name), measured));
    }));
  }
  for (const { name } of rules) if (!found.has(name)) found.set(name, signal.aborted ? { problem: 'stopped by a signal', status: 'partial', source: 'nobody' } : nobody(name));
  return found;
}

/** The nearest first: of a process that process itself, of what a module serves who counts all of it. */
function inOrder(rule: RuleName, { process, metrics, prometheus }: Sources): Source[] {
  const all = RULES[rule].isTraffic ? [...prometheus, ...metrics] : [...process, ...metrics, ...prometheus];
  return all.filter((source) => source.covers(rule));
}

/** Why the ones before had nothing stays told. */
function joined(before: Measured | undefined, now: Measured): Measured {
  if (!before || hasValue(before)) return now;
  if (hasValue(now)) return { ...now, note: [`${before.source}: ${before.problem}`, ...(now.note === undefined ? [] : [now.note])].join('; ') };
  return { ...now, problem: `${before.problem}; ${now.source}: ${now.problem}` };
}

function nobody(rule: RuleName): Measured {
  const ways: Partial<Record<RuleName, string>> = {
    'gc-pause': '--prometheus URL, --metrics URL or --pprof URL',
    'fd-headroom': '--pid PID, --metrics URL or --prometheus URL',
    'inotify-headroom': '--pid PID or --prometheus URL',
    'goroutine-growth': '--pprof URL, --pid PID, --metrics URL or --prometheus URL',
    'accept-queue': '--pid PID or --prometheus URL',
    'error-budget': '--prometheus URL',
  };
  return { problem: 'nobody was asked: no source that is named tells it', status: 'absent', source: 'nobody', fix: ways[rule] ?? '--prometheus URL or --metrics URL' };
}
