/** More looks within seconds at a live program, where the first leaves a doubt that they may settle. */
import type { CommandContext } from '../command.ts';
import { standsStill } from '../kernel/paused.ts';
import { UserError } from '../kernel/user-error.ts';
import type { Coverage } from '../report/index.ts';
import { duration } from '../report/words.ts';
import type { Settled } from '../series/index.ts';
import { eventOf } from './event.ts';
import { contendedLocks } from './locks.ts';
import type { GoroutinesOptions } from './options.ts';
import { lacksTime, mayTellMore, MOST_LOOKS, settle } from './settle.ts';
import { MOST_WITH_IDS, type Source, type Taken } from './source/types.ts';

/** Only where the first look shows what seconds may tell more of: each look costs the program what the first did. */
export async function lookAgain(source: Source, first: Taken, { take, settleMs }: GoroutinesOptions, { evidence, signal, progress }: Pick<CommandContext, 'evidence' | 'signal' | 'progress'>): Promise<{ last: Taken; settled?: Settled; coverage: Coverage[] }> {
  const mayHaveIds = first.dump.rows !== undefined || (source.isFree === true && first.dump.total <= MOST_WITH_IDS);
  // What stands still shows the same picture each time.
  if (isPaused(first) || !mayHaveIds || !(lacksTime(eventOf(first, undefined)) || mayHaveBeenPaused(first))) return { last: first, coverage: [] };
  const ask = (): Promise<Taken> => source.take({ ...take, rowsIfCheap: true, leaks: false });
  const looks: Taken[] = [];
  const start = evidence.now();
  let settled: Settled | undefined;
  try {
    // Where ids cost the program nothing, and us much, they are asked for only now.
    looks.push(first.dump.rows ? first : await ask());
    while (looks.length < MOST_LOOKS && (settled === undefined || mayTellMore(settled, eventOf(looks.at(-1)!, undefined)))) {
      progress(`looking again in ${duration(settleMs)}: one look cannot tell what lasts`);
      await evidence.sleep(settleMs);
      if (signal.aborted) break;
      const taken = await ask();
      if (!taken.dump.rows || isPaused(taken)) break;
      looks.push(taken);
      settled = settle(looks.map(({ dump }) => dump), evidence.now() - start);
    }
  } catch (error) {
    // What the first look showed stands.
    if (!(error instanceof UserError)) throw error;
    const failed: Coverage = { source: 'another look', status: 'partial', detail: error.message, needed: false };
    return { last: looks.at(-1) ?? first, ...(settled && { settled }), coverage: [failed] };
  } finally {
    progress('');
  }
  const coverage: Coverage[] = settled ? [{ source: 'looks', status: 'ok', seen: looks.length, detail: `${looks.length} looks within ${duration(settled.windowMs)}, since one could not tell what lasts: ${source.isFree ? 'none stopped the program' : 'each stopped the program as the first did'} (--settle 0 leaves them out)`, needed: false }] : [];
  // The leak profile was asked for once, with the first: what it marked is there only.
  const last = looks.length <= 1 || hasLeaks(first) ? first : { ...looks.at(-1)!, coverage: first.coverage };
  return { last, ...(settled && { settled }), coverage };
}

const SOME = 10;

/** A program that was let go a moment ago (SIGCONT, docker unpause) looks as if it had waited all the time for its locks. */
function mayHaveBeenPaused({ dump, memory }: Taken): boolean {
  return memory !== undefined && contendedLocks(dump.groups).some(({ count, wait }) => count >= SOME && (wait?.min ?? 0) >= 1);
}

function isPaused({ memory }: Taken): boolean {
  return memory?.paused !== undefined && standsStill(memory.paused);
}

function hasLeaks({ dump }: Taken): boolean {
  return dump.groups.some(({ leaked }) => leaked > 0);
}
