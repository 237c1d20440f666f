/** Ends a recording: in time, at a signal, at a leak, when it costs too much. */
import type { CommandContext } from '../../command.ts';
import { type Coverage, runRules } from '../../report/index.ts';
import { count, duration } from '../../report/words.ts';
import type { TraceEvent } from '../../series/index.ts';
import type { Analysis } from '../collect/analysis.ts';
import { siteEvents } from '../collect/site-events.ts';
import type { LiveOptions } from './options.ts';
import type { Recording, StopReason } from './recording.ts';

const TICK_MS = 500;
/** Too many calls in so many looks, one after the other. */
const LOOKS_TOO_MANY = 2;

export interface Watching {
  /** What the recording is read into. */
  analysis(analysis: Analysis): void;
  drain(): Promise<void>;
  /** When it ended, as performance.now() tells. */
  endedAt(): number;
  over(): void;
  coverage(why: StopReason): Coverage[];
}

export function watchRecording(recording: Recording, { forMs, untilLeak, maxRate, command }: LiveOptions, context: CommandContext): Watching {
  const started = performance.now();
  let ended: number | undefined;
  let analysis: Analysis | undefined;
  let lines = 0;
  let tooMany = 0;
  let rate = 0;
  const stop = (why: StopReason): void => recording.stop(why);
  const onSignal = (): void => stop('signal');
  context.signal.addEventListener('abort', onSignal);
  if (context.signal.aborted) onSignal();
  const timer = command ? undefined : setTimeout(stop, forMs, 'time');
  const ticker = setInterval(() => {
    const now = analysis?.follower.lines ?? 0;
    rate = ((now - lines) * 1000) / TICK_MS;
    lines = now;
    if (recording.engine === 'strace' && !command) {
      tooMany = rate > maxRate ? tooMany + 1 : 0;
      if (tooMany >= LOOKS_TOO_MANY) stop('rate');
    }
    if (untilLeak && analysis && leaks(analysis, context)) stop('leak');
    if (!command) context.progress(`${duration(performance.now() - started)} recorded, ${count(Math.round(rate))} calls a second`);
  }, TICK_MS);
  void recording.ended.then(() => (ended = performance.now()));
  return {
    analysis: (one) => void (analysis = one),
    drain: async () => undefined,
    endedAt: () => ended ?? performance.now(),
    over: () => {
      clearTimeout(timer);
      clearInterval(ticker);
      context.signal.removeEventListener('abort', onSignal);
      context.progress('');
    },
    coverage: (why) => {
      const at = duration((ended ?? performance.now()) - started);
      if (why === 'rate') return [{ source: 'recording', status: 'partial', detail: `ended after ${at}: ${count(Math.round(rate))} calls a second are more than --max-rate ${count(maxRate)}`, fix: 'record by tracefs (root): reloadctl strace -p PID --engine tracefs', needed: true }];
      if (why === 'signal') return [{ source: 'recording', status: 'partial', detail: `interrupted after ${at}`, needed: false }];
      if (why === 'ended' && !command) return [{ source: 'recording', status: 'partial', detail: `the process ended after ${at}`, needed: false }];
      return [];
    },
  };
}

/** Would the report, made now, hold a leak that is worth a warning? */
function leaks(analysis: Analysis, context: CommandContext): boolean {
  const events: TraceEvent[] = analysis.model.tables().flatMap(({ thread, table }) => [...siteEvents(analysis.context, thread, table, 'log')]);
  const rules = context.rules.filter(({ id }) => id === 'strace/leak');
  return events.length > 0 && runRules(rules, events).some(({ severity }) => severity !== 'info');
}
