/** Metrics as a collection gives them, before any format: what Prometheus calls families. */

export interface Sample {
  /** Names of ours; values may hold what others wrote, as the name of a program does. */
  labels: Readonly<Record<string, string>>;
  value: number;
}

export interface Family {
  /** Without the `_total` of counters. */
  name: string;
  type: 'gauge' | 'counter';
  help: string;
  /** One without samples is left out: an absent value is not 0. */
  samples: Sample[];
}

/** A family of gauges from rows; null is no sample. */
export function gauge<T>(name: string, help: string, rows: Iterable<T>, labelsOf: (row: T) => Record<string, string>, amountOf: (row: T) => number | null | undefined): Family {
  const samples: Sample[] = [];
  for (const row of rows) {
    const value = amountOf(row);
    if (value !== null && value !== undefined && Number.isFinite(value)) samples.push({ labels: labelsOf(row), value });
  }
  return { name, type: 'gauge', help, samples };
}

export function single(name: string, help: string, value: number | null | undefined, type: Family['type'] = 'gauge'): Family {
  return { ...gauge(name, help, [value], () => ({}), (one) => one), type };
}
