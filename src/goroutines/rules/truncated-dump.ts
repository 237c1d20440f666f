import type { Finding } from '../../report/index.ts';
import { fingerprint, lastEventRule } from '../../report/index.ts';
import { count } from '../../report/words.ts';
import type { GoroutinesEvent } from '../../series/index.ts';
import { goroutines } from './words.ts';

const ID = 'goroutine/truncated-dump';

/** A dump that is not whole: every number is too small, and who is missing may be the one that matters. */
export const truncatedDump = lastEventRule<GoroutinesEvent>(ID, 'goroutines', (event) => (event.dump.cut ? [findingOf(event, event.dump.cut)] : []));

function findingOf(event: GoroutinesEvent, cut: NonNullable<GoroutinesEvent['dump']['cut']>): Finding {
  const { source, announced, dump } = event;
  const of = announced === undefined ? '' : ` of at least ${count(announced)}`;
  return {
    id: ID,
    severity: 'warning',
    confidence: 'certain',
    because: cut.detail,
    title: `this ${dump.format === 'trace' ? 'trace' : 'dump'} is cut${cut.kind === '64MiB' ? ' at 64 MiB' : ''}: it holds ${of === '' ? goroutines(dump.total) : `${count(dump.total)}${of} goroutines`}`,
    subject: { kind: 'dump', key: cut.kind },
    evidence: [
      { name: 'goroutines in it', value: dump.total, source },
      ...(announced === undefined ? [] : [{ name: 'goroutines counted by the program', value: announced, source }]),
      ...(dump.bytes > 0 ? [{ name: 'bytes', value: dump.bytes, unit: 'bytes', source }] : []),
    ],
    remedy: [dump.format === 'trace' ? { text: 'take the trace again, and let it end: trace.Stop, or the whole answer of /debug/pprof/trace?seconds=5', risk: 'none' } : { text: 'take goroutine?debug=0 instead: it has every goroutine in groups, is small, and stops the program for milliseconds', risk: 'none' }],
    fingerprint: fingerprint(ID, cut.kind),
  };
}
