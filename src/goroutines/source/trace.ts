/** Execution traces (runtime/trace, /debug/pprof/trace): who was started and never ended, and who waited for what. */
import type { InputStream } from '../../evidence/index.ts';
import { UserError } from '../../kernel/user-error.ts';
import { count } from '../../report/words.ts';
import { TraceError } from '../trace/batches.ts';
import { dumpOfTrace, traceFacts } from '../trace/facts.ts';
import type { Replayed } from '../trace/model.ts';
import { replayTrace } from '../trace/replay.ts';
import type { Taken, TakeOptions } from './types.ts';

/** Throws UserError (exit 2) for a form that is not read, or a broken file. */
export async function takeTrace(name: string, label: string, input: InputStream, { rows }: TakeOptions, signal: AbortSignal): Promise<Taken> {
  try {
    const replayed = await replayTrace(input.chunks, signal);
    const dump = dumpOfTrace(replayed, rows);
    const problem = dump.cut?.detail ?? damageOf(replayed);
    return {
      dump, label, target: null, source: name, again: name,
      trace: traceFacts(replayed),
      coverage: [{ source: name, status: problem === undefined ? 'ok' : 'partial', seen: replayed.events, needed: true, detail: problem ?? 'goroutines are those that live at its end; waits that began before it began are shorter than they were' }],
      ...(input.changedMs !== undefined && { atMs: input.changedMs }),
    };
  } catch (error) {
    if (!(error instanceof TraceError)) throw error;
    throw new UserError(`${name}: ${error.message}`, { hints: [`go tool trace ${name}`] });
  }
}

/** Counts of a trace that contradicts itself are no counts. */
function damageOf({ damage: { count: times, first } }: Replayed): string | undefined {
  return first === undefined ? undefined : `it is damaged, and its numbers are not right: it contradicts itself ${times === 1 ? 'once' : `${count(times)} times`}, first with ${first}`;
}
