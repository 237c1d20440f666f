/** Two looks at the same counters: by how much each grew, and whether one of them began anew in between. */
import { keyOf, type Series } from './parse.ts';

export interface Grown {
  name: string;
  labels: Series['labels'];
  by: number;
}

export interface Growth {
  counters: Grown[];
  /** A counter fell, or the process is another one: what it had counted until then is lost. */
  wasReset: boolean;
}

/** @param names of the counters that are wanted */
export function growthOf(before: readonly Series[], after: readonly Series[], names: ReadonlySet<string>): Growth {
  const old = new Map(before.filter(({ name }) => names.has(name)).map((series) => [keyOf(series), series.value]));
  const counters: Grown[] = [];
  let wasReset = startOf(before) !== startOf(after);
  for (const series of after) {
    if (!names.has(series.name)) continue;
    const key = keyOf(series);
    // One that is new began at 0: the first failure makes a series.
    const from = old.get(key) ?? 0;
    old.delete(key);
    if (series.value < from) wasReset = true;
    counters.push({ name: series.name, labels: series.labels, by: series.value - from });
  }
  // What is gone was forgotten with the process that counted it.
  return { counters, wasReset: wasReset || old.size > 0 };
}

/** Of the process that answers, as all client libraries tell it. */
function startOf(series: readonly Series[]): number | undefined {
  return series.find(({ name }) => name === 'process_start_time_seconds')?.value;
}
