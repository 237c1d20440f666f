/** What speaks for a fault at a place where goroutines wait, and what against it. */
import { count } from '../report/words.ts';
import { ownerOf } from './names.ts';
import type { Frame } from '../kernel/goroutines.ts';
import { areGlobals } from './globals.ts';
import { allOnOne, eachOnItsOwn, outlivedCreators, type Site, waitsItself } from './sites.ts';

/** Each a sentence of its own. */
export function reasonsOf(site: Site, { isMany, minutes }: { isMany: boolean; minutes: boolean }): string[] {
  const reasons: string[] = [];
  if (isMany) reasons.push(`${site.count} at one place are ${Math.round(site.share * 100)}% of all goroutines`);
  if (minutes) reasons.push(`${site.lasting === site.count ? 'all' : count(site.lasting)} of them have waited for minutes`);
  const one = allOnOne(site);
  if (eachOnItsOwn(site)) {
    const what = site.objects!.kind === 'channel' ? 'a channel' : 'an object';
    reasons.push(`each of the ${site.objects!.known} that tell it waits on ${what} of its own, which no other waiting goroutine has`);
  } else if (one !== undefined) reasons.push(`all that tell it wait for one and the same: ${one}`);
  if (site.state === 'chan send') reasons.push('a send blocks only while nobody receives');
  if (neverEndingContext(site)) reasons.push('they were given what looks like an interface that holds a global, as context.Background() does: such a context never ends');
  const { told, gone } = site.parents;
  if (outlivedCreators(site)) reasons.push(`${gone} of the ${told} that were looked at closely have outlived the goroutine that started them: no request or caller waits for them any more`);
  return reasons;
}

export interface Suspicion {
  cause: string;
  /** The same where nothing tells that it lasts. */
  perhaps: string;
  /**
   * `stuck`: even where they are not many. `orphans`: what started them has ended, where workers that were set up on demand wait so, too.
   * `context`: programs that have but one context give that to all.
   */
  sign: 'stuck' | 'orphans' | 'context';
}

/** Why it looks like a leak and not like a wait; undefined when it does not. */
export function suspicionOf(site: Site): Suspicion | undefined {
  const shared = allOnOne(site) !== undefined && site.objects!.kind === 'channel';
  // What was started with a reader of a connection ends with that, and not with its creator.
  const orphaned = outlivedCreators(site) && !site.withReader;
  // Only dumps of SIGQUIT tell the channel: what a fault is called must not depend on that.
  if (site.state === 'chan send') return { cause: 'are stuck in a send that nobody receives', perhaps: 'wait to send, and nobody may receive', sign: 'stuck' };
  // A channel of its own is how every mailbox, session and subscriber is built.
  if (site.state === 'chan receive' && orphaned && !shared) return { cause: 'are stuck in a receive that nobody answers', perhaps: 'wait to receive, and nobody may answer', sign: 'orphans' };
  if (site.state !== 'select') return undefined;
  if (neverEndingContext(site)) return { cause: 'wait in a select whose context never ends', perhaps: 'wait in a select whose context may never end', sign: orphaned ? 'orphans' : 'context' };
  return orphaned && waitsItself(site) ? { cause: 'wait in a select that did not end with what started them', perhaps: 'wait in a select that goes on after what started them', sign: 'orphans' } : undefined;
}

/** Started by one that lives, for one and the same thing, where that is told: where others of them are through, these are in line. */
export function isQueue(site: Site): boolean {
  if (site.parents.different !== 1 || site.parents.gone > 0) return false;
  return site.state === 'chan send' || allOnOne(site) !== undefined;
}

/**
 * Idle workers of a pool wait for one and the same channel, or are methods of one and the same thing (`one`); names only say
 * what somebody meant to write (`named`).
 */
export function poolOf(site: Site): 'one' | 'named' | undefined {
  if (!/^(chan receive|select|sync\.Cond\.Wait)$/.test(site.state)) return undefined;
  // A Cond is one by nature, whoever waits for it.
  if (site.state !== 'sync.Cond.Wait' && allOnOne(site) !== undefined) return 'one';
  return NAMES.test(site.frame.func) || site.creators.some(({ func }) => NAMES.test(func)) ? 'named' : undefined;
}

const NAMES = /worker|pool/i;

/** `0x` and the digits of the address of a global, where a program is not position independent. */
const GLOBAL_LENGTH = 9;

const known = new WeakMap<Site, boolean>();

/** Was it given an interface that holds a global, as the context that never ends is? */
function neverEndingContext(site: Site): boolean {
  let found = known.get(site);
  if (found === undefined) known.set(site, (found = isGivenGlobals(site)));
  return found;
}

function isGivenGlobals({ groups }: Site): boolean {
  return groups.some(({ frames, samples }) =>
    samples.some((sample) => sample.globals !== false && sample.args.some((words, index) => isOwnFrame(frames[index]) && words.some((word, at) => isInterface(word, words[at + 1])))),
  );
}

/** What libraries are given is of their own making, and two small words beside each other need be no interface. */
function isOwnFrame(frame: Frame | undefined): boolean {
  return frame !== undefined && ownerOf(frame) === 'own';
}

/** The two words of an interface that holds a global: its type, and what it holds. */
function isInterface(type: string, held: string | undefined): boolean {
  // Addresses of the heap are longer, and most words are such.
  if (held === undefined || (type.length > GLOBAL_LENGTH && type[2] !== '5')) return false;
  return areGlobals(Number(type), Number(held));
}
