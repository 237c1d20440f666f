/** Goroutines and pauses from net/http/pprof: `goroutine?debug=1` (its first line) and `heap?debug=1` (MemStats at its end). */
import type { RuleName } from '../../policy/index.ts';
import type { Measured, PlannedRule } from '../model.ts';
import { askFor, CannotAsk, type NamedEndpoint } from './endpoint.ts';
import { type Clock, type Counting, growthByLows } from './lows.ts';
import type { Asking, Source } from './types.ts';

const MOST_BYTES = 64 * 1024 * 1024;
const USUAL_PATH = '/debug/pprof';

export function pprofSource(endpoint: NamedEndpoint, sampleMs: number, asking: Asking, clock: Clock): Source {
  const ask = async (profile: string): Promise<string> => {
    const base = endpoint.path === '' ? USUAL_PATH : endpoint.path;
    const { status, text } = await askFor(endpoint, `${base}/${profile}?debug=1${endpoint.search.replace(/^\?/, '&')}`, { timeoutMs: asking.timeoutMs, mostBytes: MOST_BYTES, signal: asking.signal });
    if (status !== 200) throw new CannotAsk(`it answers ${status} to ${base}/${profile}`, 'absent');
    return text;
  };
  const questions: Partial<Record<RuleName, () => Promise<Measured>>> = {
    'gc-pause': () => longestPause(ask, endpoint.shown),
    'goroutine-growth': () => goroutineGrowth(ask, { source: endpoint.shown, sampleMs, signal: asking.signal, clock }),
  };
  return {
    name: endpoint.shown,
    covers: (rule) => rule in questions,
    async measure(rules: readonly PlannedRule[]) {
      const found = new Map<RuleName, Measured>();
      // One after the other: a profile of goroutines stops the program for a moment.
      for (const { name } of rules) found.set(name, await answered(endpoint.shown, questions[name]!));
      return found;
    },
  };
}

async function answered(source: string, question: () => Promise<Measured>): Promise<Measured> {
  try {
    return await question();
  } catch (error) {
    if (!(error instanceof CannotAsk)) throw error;
    return { problem: error.message, status: error.status, source, ...(error.fix !== undefined && { fix: error.fix }) };
  }
}

async function longestPause(ask: (profile: string) => Promise<string>, source: string): Promise<Measured> {
  const { parseGc } = await import('../../goroutines/index.ts');
  const stats = parseGc(await ask('heap'));
  if (!stats) return { problem: 'its heap profile does not hold the pauses', status: 'absent', source };
  if (stats.pausesMs.length === 0) return { problem: 'no garbage was collected yet', status: 'absent', source };
  const began = stats.endsMs[0];
  const windowMs = began === undefined ? 0 : Math.max(0, Date.now() - began);
  return { value: Math.max(...stats.pausesMs), samples: stats.pausesMs.length, of: 'pauses', windowMs, source };
}

function goroutineGrowth(ask: (profile: string) => Promise<string>, counting: Counting): Promise<Measured> {
  return growthByLows(async () => {
    const total = /^goroutine profile: total (\d+)/.exec(await ask('goroutine'))?.[1];
    return total === undefined ? 'what it answers is no profile of goroutines' : Number(total);
  }, counting);
}
