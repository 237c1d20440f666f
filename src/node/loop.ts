/** Does the loop turn, and where is the code when it does not? */
import { randomBytes } from 'node:crypto';
import { InspectorError } from '../effects/inspector/connection.ts';
import type { Attachment } from './attach/index.ts';
import type { CoverageLog } from '../kernel/coverage.ts';
import type { Frame, LoopState } from './model.ts';
import { pathOf } from './join/sites.ts';
import { asList, asNumber, asRecord, asText } from './read/decode.ts';
import { Realm } from './read/remote.ts';

export interface LoopOptions {
  /** Stacks to take; 0: only when the loop does not turn. */
  samples: number;
  timeoutMs: number;
  signal: AbortSignal;
}

/** A loop that has not turned for so long is looked into without being asked, ms. */
export const BLOCKED_MS = 500;
/** Of one that is called blocked. */
const LONG_MS = 1050;
const SAMPLES = 8;
const BETWEEN_MS = 100;
const MOST_FRAMES = 30;
/** Loading modules takes that long at most, where it is a start and no loop that was never reached. */
const STARTING_MS = 10_000;

/** Runs in the target: counts turns of its loop, and holds nothing alive. Deno does not wake up for one that is unreferenced. Others of us may do the same beside: each under a name of its own, no symbol, which would stay known for ever. */
const tick = (key: string): string => `(() => { const state = {}; Object.defineProperty(globalThis, '${key}', { value: state, configurable: true }); state.used = performance.eventLoopUtilization?.();
const at = performance.now(); const turn = setImmediate(() => { state.delay = performance.now() - at; }); if (!globalThis.Deno) turn.unref?.(); })()`;
const turns = (key: string): string => `(() => { const state = globalThis['${key}']; return state ? JSON.stringify({ delay: state.delay, used: state.used && performance.eventLoopUtilization(state.used).utilization }) : '{}'; })()`;
const forget = (key: string): string => `delete globalThis['${key}']`;

export async function measureLoop({ connection, how, strangers, facts }: Attachment, { samples, timeoutMs, signal }: LoopOptions, coverage: CoverageLog): Promise<LoopState | undefined> {
  const realm = new Realm(connection, timeoutMs);
  const key = `reloadctl.tick.${randomBytes(6).toString('hex')}`;
  const started = performance.now();
  await realm.value(tick(key));
  let delay: number | undefined;
  for (const until = started + BLOCKED_MS; delay === undefined && performance.now() < until && !signal.aborted; ) {
    delay = await turned(realm, key);
    if (delay === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  if (delay !== undefined && samples === 0) {
    await realm.value(forget(key));
    return delay < 50 ? undefined : { delayMs: Math.round(delay), blocked: false, stacks: [], samples: 0 };
  }
  const stopped = how === 'preload' ? undefined : await pausedAt(connection, timeoutMs);
  if (stopped) {
    await realm.value(forget(key));
    return { delayMs: Math.round(performance.now() - started), blocked: true, paused: true, samples: 1, stacks: countStacks([stopped]) };
  }
  const isShared = how !== 'preload' && (await strangers()) > 0;
  if (isShared) coverage.note({ source: 'stacks', status: 'unsupported', detail: 'a debugger is connected to the inspector, and would be stopped at each of them', fix: 'disconnect it', needed: samples > 0 });
  const taken = how === 'preload' || isShared ? [] : await takeStacks(connection, samples || SAMPLES, signal);
  for (const until = started + LONG_MS; (delay ??= await turned(realm, key)) === undefined && performance.now() < until && !signal.aborted; ) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  const { used } = await stateOf(realm, key);
  const hasTurned = (await realm.value('performance.nodeTiming?.loopStart').catch(() => undefined)) !== -1;
  await realm.value(forget(key));
  const blocked = delay === undefined;
  const isStarting = blocked && !hasTurned && facts.ageMs < STARTING_MS;
  return { delayMs: Math.round(delay ?? performance.now() - started), blocked, ...(used !== undefined && !blocked && { utilisation: Number(used.toFixed(3)) }), samples: taken.length, stacks: countStacks(taken), ...(isStarting && { starting: true }) };
}

async function turned(realm: Realm, key: string): Promise<number | undefined> {
  return (await stateOf(realm, key)).delay;
}

/** `used`: the part of the time since the first tick that the loop was busy. */
async function stateOf(realm: Realm, key: string): Promise<{ delay?: number | undefined; used?: number | undefined }> {
  const text = await realm.value(turns(key));
  try {
    const { delay, used } = asRecord(typeof text === 'string' ? JSON.parse(text) : {});
    return { delay: asNumber(delay), used: asNumber(used) };
  } catch {
    return {};
  }
}

/** Where a debugger of somebody else has stopped the program, if one has: whoever comes later is told at once. Nothing goes on by our looking. */
async function pausedAt(connection: Attachment['connection'], timeoutMs: number): Promise<Frame[] | undefined> {
  const scripts = new Map<string, string>();
  let found: unknown[] | undefined;
  const stops = [
    connection.on('Debugger.scriptParsed', ({ scriptId, url }) => {
      if (typeof url === 'string') scripts.set(String(scriptId), url);
    }),
    connection.on('Debugger.paused', ({ callFrames }) => {
      found ??= asList(callFrames);
    }),
  ];
  await connection.call('Debugger.enable', {}, timeoutMs).catch(() => undefined);
  await connection.call('Debugger.disable', {}, timeoutMs).catch(() => undefined);
  for (const stop of stops) stop();
  return found?.slice(0, MOST_FRAMES).map((frame) => frameOf(asRecord(frame), scripts));
}

/** Each stack is taken by pausing the code for the moment it takes to be told where it is; an idle loop has none. */
async function takeStacks(connection: Attachment['connection'], wanted: number, signal: AbortSignal): Promise<Frame[][]> {
  const scripts = new Map<string, string>();
  const stopScripts = connection.on('Debugger.scriptParsed', ({ scriptId, url }) => {
    if (typeof url === 'string') scripts.set(String(scriptId), url);
  });
  let paused: ((frames: Frame[]) => void) | undefined;
  const stopPaused = connection.on('Debugger.paused', ({ callFrames }) => {
    // On at once: what the stack says has been said.
    void connection.call('Debugger.resume', {}, BETWEEN_MS * 10).catch(() => undefined);
    paused?.(asList(callFrames).slice(0, MOST_FRAMES).map((frame) => frameOf(asRecord(frame), scripts)));
  });
  const stacks: Frame[][] = [];
  try {
    await connection.call('Debugger.enable', {}, 3000);
    for (let taken = 0; taken < wanted && !signal.aborted; taken++) {
      const frames = new Promise<Frame[] | undefined>((resolve) => {
        paused = resolve;
        setTimeout(resolve, BETWEEN_MS, undefined);
      });
      // Only code that runs is paused: where none does, the request would wait for the next and stop that.
      await connection.call('Debugger.pause', {}, 3000);
      const found = await frames;
      stacks.push(found ?? []);
      if (found) await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS / 4));
    }
  } catch (error) {
    if (!(error instanceof InspectorError)) throw error;
  } finally {
    paused = undefined;
    await connection.call('Debugger.disable', {}, 3000).catch(() => undefined);
    stopScripts();
    stopPaused();
  }
  return stacks;
}

function frameOf(frame: Record<string, unknown>, scripts: ReadonlyMap<string, string>): Frame {
  const { scriptId, lineNumber, columnNumber } = asRecord(frame.location);
  const file = asText(frame.url) || scripts.get(String(scriptId)) || '';
  return { func: asText(frame.functionName, 300) ?? '', file: pathOf(file), line: (asNumber(lineNumber) ?? 0) + 1, column: (asNumber(columnNumber) ?? 0) + 1 };
}

/** Equal stacks together, by function and file: the line moves within a loop. Most frequent first. */
export function countStacks(stacks: readonly Frame[][]): LoopState['stacks'] {
  const found = new Map<string, { frames: Frame[]; count: number }>();
  for (const frames of stacks) {
    // Our own evaluation may be what it was paused in.
    const own = frames.filter(({ file, func }) => file !== '' || func !== '');
    if (own.length === 0) continue;
    const key = own.map(({ func, file }) => `${func}\0${file}`).join('\n');
    const known = found.get(key);
    if (known) known.count++;
    else found.set(key, { frames: own, count: 1 });
  }
  return [...found.values()].sort((a, b) => b.count - a.count);
}
