/** Sends, and whoever else waits in line, where somebody is seen who may be at the other side. */
import { type Case, type Judgement, SOME } from './cases.ts';
import type { OtherSide } from './other-side.ts';
import { isQueue } from './reasons.ts';
import { isBlocking } from './states.ts';

/** So many wait for one that is at work, and it is a queue; more are stuck. */
const IN_TURN = 50;
/** What is through a semaphore that few may pass is a small part of a large batch: where nothing tells who started them, more is let pass. */
const IN_TURN_OF_THOUSANDS = 1000;
/** A receiver may be busy with something else for so many minutes: a flush, a slow peer, a pause between two tries. */
const BUSY_MINUTES = 10;

/** How one is known that may be the other side of a send. */
const HOW: Readonly<Record<OtherSide['by'], string>> = {
  creator: 'has the same at hand, and runs what started them: nobody else is seen who may receive',
  address: 'has the same at hand: it may be the one that receives',
  family: 'was started by the same goroutine, in the same function: it may be the one that receives',
};

/** The receiver may be alive: slow, or stuck itself. */
export function behind({ site, isMany, isMost, minutes, reasons }: Case, { id, place, state, by }: OtherSide): Judgement | undefined {
  if (!isMany && !isMost && !(minutes && site.count >= SOME)) return undefined;
  const who = `${id === undefined ? 'one goroutine' : `goroutine ${id}`} in ${place} (${state})`;
  reasons.push(`${who} ${HOW[by]}`);
  // One that is blocked itself, or that only started them, will not come.
  const mayCome = by !== 'creator' && !isBlocking(state);
  const isWarning = minutes && site.count >= SOME && (!mayCome || site.wait!.max >= BUSY_MINUTES);
  const cause = by === 'creator' ? 'wait to send, and nobody may receive' : `wait to send, and ${who} may be the one that receives`;
  return { id: 'goroutine/blocked', severity: isWarning ? 'warning' : 'info', confidence: 'hint', reasons, cause, site };
}

/** @param inTurn others that run the same function and are not blocked */
export function isInLine({ site, minutes, countsAlone }: Case, inTurn: number): boolean {
  if (inTurn === 0) return false;
  return minutes ? isQueue(site) : site.state === 'chan send' && site.count < inTurn * (countsAlone ? IN_TURN_OF_THOUSANDS : IN_TURN);
}

/** Some of them are through, whatever they wait for: a semaphore, or back pressure, in a program that goes on. */
export function waitingInTurn({ site, isMany, isMost, minutes, reasons }: Case, inTurn: number): Judgement | undefined {
  if (!isMany && !isMost && !(minutes && site.count >= SOME)) return undefined;
  reasons.push(`${inTurn} that run the same function are at work behind or before it: they may take turns`);
  return { id: 'goroutine/blocked', severity: 'info', confidence: 'hint', reasons, cause: minutes ? 'wait in line' : 'wait at one place', site };
}
