import type { Finding } from '../../report/index.ts';
import { fingerprint, lastEventRule } from '../../report/index.ts';
import { count, duration } from '../../report/words.ts';
import type { PausesEvent } from '../../series/index.ts';
import { quantile } from '../gc/quantile.ts';

const ID = 'gc/pause';

/** Pauses of the collector above a limit. */
export const pause = lastEventRule<PausesEvent>(ID, 'pauses', findingsOf);

function findingsOf(event: PausesEvent): Finding[] {
  const { pausesMs, limitMs, source } = event;
  const longest = Math.max(0, ...pausesMs);
  const above = pausesMs.filter((ms) => ms >= limitMs).length;
  if (above === 0) return [];
  const p99 = quantile(pausesMs, 0.99);
  return [
    {
      id: ID,
      severity: 'warning',
      confidence: 'certain',
      because: 'the program keeps the length of its last 256 pauses, and these are above the limit',
      title: `the garbage collector stopped ${event.label} for up to ${duration(longest)}: ${count(above)} of the last ${count(pausesMs.length)} pauses took ${duration(limitMs)} or more`,
      subject: { kind: 'process', key: 'garbage collector', ...(event.pid !== undefined && { pid: event.pid }) },
      evidence: [
        { name: 'longest', value: longest, unit: 'ms', limit: limitMs, source },
        { name: 'p99', value: p99, unit: 'ms', source },
        { name: 'p50', value: quantile(pausesMs, 0.5), unit: 'ms', source },
        { name: 'at or above the limit', value: above, source },
      ],
      remedy: [
        { text: 'pauses this long are mostly a lack of processor time, not of the collector: look at cgroup throttling (cpu.stat) and the run queue first', risk: 'none' },
        { text: `a shutdown is late by one pause at most, ${duration(longest)}: when it takes longer, look at what it waits for (reloadctl goroutines)`, risk: 'none' },
      ],
      fingerprint: fingerprint(ID, 'pause'),
    },
  ];
}
