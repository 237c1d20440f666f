import { shapeOf } from '../../kernel/shape.ts';
import { byLooks } from '../../kernel/templates.ts';
import type { Finding, RuleDefinition, Subject } from '../../report/index.ts';
import type { TraceActor, TraceEvent, TraceMoment } from '../../series/index.ts';

type OfKind<W extends TraceEvent['what']> = Extract<TraceEvent, { what: W }>;

/** A rule that judges all events of one kind together, when the log has ended. Others pass by. */
export function traceRule<W extends TraceEvent['what']>(id: string, what: W, judge: (events: OfKind<W>[]) => Finding[]): RuleDefinition<TraceEvent> {
  return {
    id,
    create() {
      const events = new Map<string, OfKind<W>>();
      return {
        observe(event) {
          // Shown twice, it is one event all the same.
          if (event.type === 'trace' && event.what === what) events.set(JSON.stringify(event), event as OfKind<W>);
        },
        finish: () => (events.size === 0 ? [] : judge([...events.values()].sort(byPlace))),
      };
    },
  };
}

function byPlace(a: TraceEvent, b: TraceEvent): number {
  const [x, y] = [a.at.source, b.at.source];
  const lines = Number(x.slice(x.lastIndexOf(':') + 1)) - Number(y.slice(y.lastIndexOf(':') + 1));
  return (a.at.ms ?? 0) - (b.at.ms ?? 0) || lines || (x < y ? -1 : x > y ? 1 : 0);
}

export function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): T[][] {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return [...groups.values()];
}

/** The name of a site without the names in it: what a fingerprint may be made of, and what findings are grouped by. */
export function siteShape(site: string): string {
  return site.replace(/\/\S*/g, (path) => shapeOf(byLooks(path)));
}

/** The program, without its pid. */
export function programIn({ label }: TraceActor): string {
  return label.replace(/ \(pid \d+\)$/, '');
}

export function subjectOf(kind: string, key: string, actor: TraceActor): Subject {
  return { kind, key, ...(actor.pid > 0 && { pid: actor.pid }) };
}

/** ` and 3 more times` behind what was told of the first. */
export function moreTimes(events: readonly unknown[]): string {
  return events.length < 2 ? '' : ` (${events.length} times)`;
}

/** ms between two moments; null when one has no time. */
export function between(from: TraceMoment | null, to: TraceMoment): number | null {
  return from === null || from.ms === null || to.ms === null ? null : to.ms - from.ms;
}
