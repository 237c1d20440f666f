/** A drill from its control window to its end. */
import { collectEarly, stayLean } from '../evidence/own-heap.ts';
import type { CommandContext } from '../command.ts';
import { processLabel } from '../kernel/services.ts';
import { readProcess } from '../kernel/process.ts';
import { takeCensus } from './census.ts';
import { difference, overflowsAt } from './counters.ts';
import { DestroyedWatch } from './destroyed.ts';
import type { Generation, Member, Service } from './generation.ts';
import { isOfChange, observe } from './expect.ts';
import { Load } from './load/index.ts';
import type { Endpoint } from './load/types.ts';
import type { DrillSeen, Fitness } from './model.ts';
import type { DrillOptions } from './options.ts';
import { handsOf, servesWith } from './proof.ts';
import { makeReload, nextMain, type Stage } from './reload.ts';
import type { Trigger } from './trigger.ts';

interface Drill {
  context: CommandContext;
  options: DrillOptions;
  endpoint: Endpoint;
  stream: Endpoint | undefined;
  webSocket: Endpoint | undefined;
  /** Where is asked what shows a reload. */
  asked: Endpoint;
  /** Named by the user. */
  pid: number | undefined;
  service: Service;
  trigger: Trigger;
  thenSignal: string | undefined;
}

/** Connections of the pool stand, code of the server is compiled: not counted. */
const WARM_MS = 500;
/** What a server has yet to close after the last answer. */
const AT_REST_MS = 150;
/** Between two looks at what is expected, while there is no reload. */
const CONTROL_LOOK_MS = 150;
/** The trigger shall not come in step with the schedule. */
const JITTER_MS = 150;

export async function runDrill({ context, options, endpoint, stream, webSocket, asked, pid, service, trigger, thenSignal }: Drill): Promise<DrillSeen> {
  const { evidence, signal, progress } = context;
  // What is asked thousands of times a second leaves garbage of each answer.
  collectEarly();
  stayLean();
  const load = new Load(endpoint, { rate: options.rate, pooledRate: options.pooledRate, poolSize: options.pool, streams: stream ? options.streams : 0, hold: options.hold, webSockets: options.webSockets, ...(webSocket && { webSocket }), timeoutMs: options.timeoutMs, generationHeader: options.header, ...(stream && { stream }) });
  let generation = service.look();
  const supervisor = supervisorIn(generation, pid);
  let main = nextMain(generation, undefined, supervisor);
  const first = main && readProcess(evidence, main.pid);
  const seen: DrillSeen = {
    type: 'drill', endpoint, options, label: first ? processLabel(first) : endpoint.label, pid: main?.pid ?? null, startTime: main?.startTime ?? null, reloads: [], load,
    fitness: { slipP99Ms: null, slipMaxMs: null, lagP99Ms: null, lagMaxMs: null, unsent: 0, own: {}, achieved: 1 }, censuses: [], queue: null, controlOverflows: null, destroyed: null, destroyedDenied: null, diedAtMs: null, ended: null, restless: false, deadWatches: [],
  };
  const census = async (): Promise<void> => {
    await sleep(AT_REST_MS, signal);
    if (generation.members.size > 0) seen.censuses.push(await takeCensus(context, service.look(), service.ports));
  };
  const destroyed = new DestroyedWatch(evidence, main?.pid ?? process.pid);
  let startedAt = performance.now();
  try {
    destroyed.learn(generation.listeners);
    load.resume();
    await sleep(WARM_MS, signal);
    await load.pause();
    await census();
    startedAt = performance.now();
    const stage: Stage = { context, options, asked, service, load, trigger, destroyed, startedAt, thenSignal, supervisor, handsTell: false };
    const overflows = overflowsAt(evidence, main?.pid ?? process.pid);
    load.resume();
    load.tally.begin(0);
    progress('control window');
    seen.restless = await changesItself(options, asked, signal);
    const hands = keysOf(handsOf(generation));
    stage.handsTell = hands !== '' && hands === keysOf(handsOf(service.look()));
    seen.controlOverflows = difference(overflows, overflowsAt(evidence, main?.pid ?? process.pid));
    for (let index = 1; index <= options.times && !signal.aborted && !seen.restless; index++) {
      if (performance.now() - startedAt > options.mostMs) {
        seen.ended = `--max-time was over after ${index - 1} of ${options.times} reloads`;
        break;
      }
      progress(`reload ${index} of ${options.times}`);
      const began = performance.now();
      const { reload, now } = await makeReload(index, main, stage, seen, options.everyMs === undefined ? undefined : began + options.everyMs);
      // One that a signal cut off says nothing.
      if (signal.aborted && !reload.happened) break;
      seen.reloads.push(reload);
      generation = now;
      main = nextMain(now, main, supervisor);
      if (generation.members.size === 0 && now.listeners.length === 0 && seen.pid !== null) {
        seen.diedAtMs = performance.now() - startedAt;
        seen.ended = `the target ended with reload ${index}, and nobody took its place`;
        break;
      }
      if (options.everyMs !== undefined) continue;
      if (!reload.happened) {
        if (!signal.aborted && index < options.times) seen.ended = `reload ${index} did not happen, so no more were made`;
        await sleep(options.restMs, signal);
        break;
      }
      await sleep(options.restMs, signal);
      await load.pause();
      await census();
      if (index === options.times) break;
      load.resume();
      await sleep(options.restMs + Math.random() * JITTER_MS, signal);
    }
    if (signal.aborted) seen.ended = `stopped after ${seen.reloads.length} of ${options.times} reloads`;
  } finally {
    await load.stop();
    seen.destroyed = destroyed.end(startedAt);
    seen.destroyedDenied = destroyed.denied ?? null;
    trigger.close();
    progress('');
  }
  if (options.everyMs !== undefined && !signal.aborted) await census();
  seen.fitness = fitnessOf(load);
  return seen;
}

/** The control window; and whether what is expected of a reload comes without one, too. */
async function changesItself({ expect, controlMs }: DrillOptions, asked: Endpoint, signal: AbortSignal): Promise<boolean> {
  const until = performance.now() + controlMs;
  const shown = new Set<string>();
  while (expect && isOfChange(expect) && !signal.aborted && performance.now() < until) {
    const now = await observe(expect, asked);
    if (now !== undefined) shown.add(now);
    await sleep(Math.min(CONTROL_LOOK_MS, Math.max(0, until - performance.now())), signal);
  }
  await sleep(Math.max(0, until - performance.now()), signal);
  return shown.size > 1;
}

const keysOf = (members: readonly Member[]): string => members.map(({ key }) => key).sort().join('\n');

/** The process that the user named, when neither it nor a fork of it listens. */
function supervisorIn(generation: Generation, pid: number | undefined): number | undefined {
  const named = [...generation.members.values()].find((member) => member.pid === pid);
  return named && !servesWith(named, generation) ? named.pid : undefined;
}

function fitnessOf(load: Load): Fitness {
  const { slip, lag, due } = load.schedule;
  const { p99Ms: slipP99Ms, maxMs: slipMaxMs } = slip.summary();
  const { p99Ms: lagP99Ms, maxMs: lagMaxMs } = lag.summary();
  return { slipP99Ms, slipMaxMs, lagP99Ms, lagMaxMs, unsent: load.unsent, own: Object.fromEntries(load.tally.own), achieved: due < 1 ? 1 : Math.min(1, (slip.count - load.unsent) / due) };
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
  });
}
