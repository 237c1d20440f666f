/** One reload, from its trigger until the new generation serves and the old one is gone. */
import type { CommandContext } from '../command.ts';
import { sendSignal } from '../effects/signal.ts';
import { stillThere } from '../kernel/process.ts';
import { difference, overflowsAt } from './counters.ts';
import type { DestroyedWatch } from './destroyed.ts';
import { isMet, observe, wasMet } from './expect.ts';
import type { Generation, Member, Service } from './generation.ts';
import type { Load } from './load/index.ts';
import type { Endpoint } from './load/types.ts';
import type { DrillSeen, ReloadSeen } from './model.ts';
import type { DrillOptions } from './options.ts';
import { plural } from '../report/words.ts';
import { continuity, overlap, proofOf } from './proof.ts';
import type { Fired, Trigger } from './trigger.ts';

export interface Stage {
  context: Pick<CommandContext, 'evidence' | 'signal'>;
  options: DrillOptions;
  /** Where is asked what shows a reload. */
  asked: Endpoint;
  service: Service;
  load: Load;
  trigger: Trigger;
  destroyed: DestroyedWatch;
  /** Of performance.now(). */
  startedAt: number;
  /** The signal that ends the old main process of an upgrade. */
  thenSignal: string | undefined;
  /** See nextMain(). */
  supervisor: number | undefined;
  /** Its workers did not change in the control window: when they do, they were replaced. */
  handsTell: boolean;
}

/** Between two looks. */
const LOOK_MS = 20;
/** A server that forks for each connection has a child that listens, for a moment: a reload is proven when it is at so many looks. */
const PROOF_LOOKS = 3;
/** A configuration is there for good when it was seen so often one after the other. */
const STABLE_LOOKS = 5;

/** @param until paced: it is looked at until then, whatever comes @param seen takes what is seen on the way */
export async function makeReload(index: number, main: Member | undefined, stage: Stage, seen: Pick<DrillSeen, 'queue'>, until: number | undefined): Promise<{ reload: ReloadSeen; now: Generation }> {
  const { context: { evidence, signal }, options, asked, service, load, trigger, destroyed } = stage;
  const before = await settledLook(service);
  const counterPid = main?.pid ?? process.pid;
  const overflows = overflowsAt(evidence, counterPid);
  const { expect } = options;
  const shownBefore = expect && (await observe(expect, asked));
  const { generation: headerBefore } = load.tally.lastAnswered ?? {};
  const began = performance.now();
  load.tally.begin(index);
  let fired: Fired | undefined;
  let firedAt = began;
  const firing = trigger.fire(index, main, signal).then((result) => {
    fired = result;
    firedAt = performance.now();
  });
  const reload: ReloadSeen = {
    index, atMs: began - stage.startedAt, happened: false, what: '', answersMs: null, tookMs: null, pid: main?.pid ?? null, newPid: null,
    listener: 'unknown', overlap: false, stayed: [], visibleMs: null, stableMs: null, wentBack: 0, exitCode: null, overflows: null,
  };
  const since = (): number => performance.now() - began;
  let now = before;
  let happenedAt: number | undefined;
  let stable = 0;
  let proven = 0;
  let wasThenSent = false;
  let old: Member[] = [];
  for (;;) {
    now = service.look();
    destroyed.learn(now.listeners);
    noteQueue(seen, now);
    reload.overlap ||= overlap(before, now);
    const proof = proofOf(before, now, stage.handsTell);
    old = proof.old;
    proven = proof.happened ? proven + 1 : 0;
    const isProven = proven >= PROOF_LOOKS;
    let happened = isProven;
    reload.what = proof.what;
    if (expect) {
      const shown = await observe(expect, asked);
      const isThere = isMet(expect, shownBefore, shown, index);
      if (isThere) {
        reload.visibleMs ??= since();
        if (stable++ === 0) reload.stableMs = since();
      } else if (reload.visibleMs !== null && stable > 0) {
        reload.wentBack++;
        stable = 0;
      }
      happened = stable >= STABLE_LOOKS || (expect.what === 'header' && options.mode === 'process' && isProven);
      if (!isProven || options.mode === 'config') reload.what = isThere ? expect.words : `${expect.words}: ${shown === undefined ? 'no answer that has it' : reload.visibleMs === null ? 'not seen' : `seen, and gone again ${plural('time', reload.wentBack)}`}`;
    }
    if (happened) happenedAt ??= performance.now();
    if (happenedAt !== undefined) {
      const { startedAt = 0 } = load.tally.lastAnswered ?? {};
      if (startedAt >= happenedAt || options.rate === 0) reload.answersMs ??= since();
      if (stage.thenSignal !== undefined && main && !wasThenSent && reload.answersMs !== null && endsOld(before, now, main)) {
        wasThenSent = true;
        sendSignal(main.pid, `SIG${stage.thenSignal}` as NodeJS.Signals, () => (stillThere(evidence, main) === 'same' ? undefined : 'it has ended'));
      }
    }
    const isDone = happenedAt !== undefined && reload.answersMs !== null && old.length === 0 && fired !== undefined;
    if (isDone) reload.tookMs ??= since();
    if (signal.aborted || (until !== undefined ? performance.now() >= until : isDone)) break;
    if (until === undefined) {
      // A command has a time limit of its own, and the reload may come after its end.
      const waited = fired === undefined ? 0 : performance.now() - firedAt;
      if (happenedAt === undefined && fired?.problem !== undefined && options.signal !== undefined) break;
      if (happenedAt === undefined && waited > options.reloadMs) break;
      if (happenedAt !== undefined && performance.now() - happenedAt > options.drainMs) break;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  await firing;
  const next = service.look();
  reload.happened = happenedAt !== undefined;
  if (fired?.exitCode !== undefined) reload.exitCode = fired.exitCode;
  if (fired?.problem !== undefined) reload.problem = fired.problem;
  else if (expect && wasMet(expect, shownBefore, index)) reload.problem = `${expect.words}: it was so before this reload, too, and shows nothing`;
  reload.stayed = reload.happened ? old.map(({ pid, comm, startTime }) => ({ pid, comm, startTime })) : [];
  reload.listener = continuity(before, next);
  reload.overflows = difference(overflows, overflowsAt(evidence, counterPid));
  reload.newPid = nextMain(next, main, stage.supervisor)?.pid ?? null;
  const { generation: header } = load.tally.lastAnswered ?? {};
  if (reload.happened && header !== headerBefore && old.length === 0) load.tally.closeGenerations(header);
  return { reload, now: next };
}

/** Without what listens only for a moment. */
async function settledLook(service: Service): Promise<Generation> {
  const { members: first } = service.look();
  await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  const { members, listeners } = service.look();
  return { listeners, members: new Map([...members].map(([key, member]) => [key, { ...member, listens: member.listens && first.get(key)?.listens === true }])) };
}

/**
 * Who gets the next signal: the main process that serves and began last.
 * @param supervisor the process that the user named, where others serve for it (haproxy -W): it gets all signals while it is there
 */
export function nextMain({ members }: Generation, before: Member | undefined, supervisor?: number): Member | undefined {
  const named = [...members.values()].find(({ pid }) => pid === supervisor);
  if (named) return named;
  const mains = [...members.values()].filter(({ isMain }) => isMain);
  const serving = mains.filter((main) => main.listens || [...members.values()].some(({ ppid, listens, isMain }) => ppid === main.pid && listens && !isMain));
  const same = mains.find(({ key }) => key === before?.key);
  const candidates = serving.length > 0 ? serving : same ? [same] : mains;
  return candidates.sort((a, b) => (BigInt(a.startTime) < BigInt(b.startTime) ? -1 : BigInt(a.startTime) > BigInt(b.startTime) ? 1 : a.pid - b.pid)).at(-1);
}

/** The old main process is still there, beside a new one. */
function endsOld(before: Generation, now: Generation, main: Member): boolean {
  const fresh = [...now.members.values()].some(({ isMain, key }) => isMain && !before.members.has(key));
  return fresh && now.members.has(main.key);
}

function noteQueue(seen: Pick<DrillSeen, 'queue'>, { listeners }: Generation): void {
  for (const { inode, port, queue, backlog } of listeners) {
    if (queue !== undefined && backlog !== undefined && queue > (seen.queue?.queue ?? 0)) seen.queue = { inode, port, queue, backlog };
  }
}
