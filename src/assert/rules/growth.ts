import { shapeOf } from '../../kernel/shape.ts';
import { type Confidence, type Finding, fingerprint, type RuleDefinition, type Severity } from '../../report/index.ts';
import { count, duration, plural } from '../../report/words.ts';
import { binomialAtMost } from '../../series/index.ts';
import type { GrewEvent, RunEvent } from '../model.ts';

export const GROWTH = 'process/growth';
/** Without a leak what was kept would outnumber what went by chance so rarely. */
const LUCK = 0.006;
/** A quarter in which at least this part of it came has its share. */
const SHARE = 0.05;
const QUARTERS = 3;
/** With a larger part of the work between two looks nobody can tell when it came; so many times what is usual is no pool, whenever it came. */
const COARSE = 0.4;
const NO_POOL = 8;

/** What a service has more of after a command, and kept when that was over. */
export const growth: RuleDefinition<RunEvent> = {
  id: GROWTH,
  create() {
    const found: Finding[] = [];
    return {
      observe(event) {
        if (event.type === 'grew' && event.kept - event.lost > event.most) found.push(findingOf(event, judge(event)));
      },
      finish: () => found,
    };
  },
};

interface Judged {
  severity: Severity;
  confidence: Confidence;
  because: string;
}

function judge({ kept, lost, perQuarter, coarseness, isAsked, byOthers, isDoubtful, most }: GrewEvent): Judged {
  const gain = kept - lost;
  const hint = (severity: Severity, because: string): Judged => ({ severity, confidence: 'hint', because });
  if (lost > 0 && binomialAtMost(lost, kept + lost, 0.5) > LUCK) return hint('info', 'as many others went meanwhile that the gain may be chance');
  if (isDoubtful) return hint('info', 'its members cannot be told apart, and come and go: what is left may be chance');
  if (byOthers && !isAsked) return hint('info', 'the other side decides how long these live: more clients that stay look the same');
  if (isAsked) return { severity: 'critical', confidence: 'likely', because: `it was there still when the command was over and the time to settle, too; ${count(most)} more are allowed` };
  if (!perQuarter) return hint('warning', 'it was looked at before and after only: a cache that fills looks the same');
  if (coarseness > COARSE) return gain > most * NO_POOL ? { severity: 'critical', confidence: 'likely', because: 'so many more are no pool, and they were there still when the command was over and the time to settle, too' } : hint('warning', 'the command was over too soon to tell when they came: a pool that fills looks the same');
  if (perQuarter.filter((came) => came >= Math.max(1, gain * SHARE)).length < QUARTERS) return hint('warning', 'it came in one part of the work and not in the others: a pool or a cache that fills');
  return { severity: 'critical', confidence: 'likely', because: 'it came all through the work, and was there still when the command was over and the time to settle, too' };
}

function findingOf(event: GrewEvent, { severity, confidence, because }: Judged): Finding {
  const { label, pid, what, kind, key, before, after, kept, lost, most, windowMs, samples, site, evidence, perQuarter } = event;
  const gain = kept - lost;
  const perMinute = windowMs > 0 ? (gain * 60_000) / windowMs : 0;
  const source = what === 'goroutines' ? `/proc/${pid}/mem` : `/proc/${pid}/fd`;
  const one = what === 'descriptors' ? 'descriptor' : what === 'goroutines' ? 'goroutine' : 'watch';
  return {
    id: GROWTH,
    severity,
    confidence,
    because,
    title: `${label} keeps ${plural(`more ${one}`, gain, `more ${what}`)} after the command: ${key}, ${count(before)} became ${count(after)} in ${duration(windowMs)} (${count(rounded(perMinute))} a minute)${site === undefined ? '' : `, made at ${site}`}`,
    subject: { kind: what, key: `${kind} ${key}`, pid },
    evidence: [
      ...(site === undefined ? [] : [{ name: 'site', value: site, source }]),
      { name: 'more than before', value: gain, limit: most, source },
      { name: 'rate', value: rounded(perMinute), unit: 'per minute', source },
      ...(perQuarter ? [{ name: 'in each quarter of the work', value: perQuarter.map((came) => count(rounded(came))).join(', '), source: plural('sample', samples) }] : []),
      ...evidence,
    ],
    remedy: severity === 'info' ? [] : [
      { text: 'close it where the request ends: in every way out, errors and aborted requests too', risk: 'none' },
      ...(what === 'descriptors' ? [{ text: 'see the code that opens it, while requests come', command: `reloadctl strace -p ${pid} --stacks --for 10s`, risk: 'live' as const }] : []),
    ],
    fingerprint: fingerprint(GROWTH, what, kind, what === 'goroutines' ? key : shapeOf(key)),
  };
}

function rounded(rate: number): number {
  return rate >= 10 ? Math.round(rate) : Math.round(rate * 10) / 10;
}
