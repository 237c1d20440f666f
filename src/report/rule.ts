import type { Finding, Severity } from './types.ts';

/**
 * One fault, looked for in a stream of events; a snapshot is the one-event case, so the same rule serves a stream.
 * A rule is pure: no clock, no I/O, no memory of other runs.
 */
export interface Rule<E> {
  observe(event: E): void;
  finish(): Finding[];
}

export interface RuleDefinition<E> {
  id: string;
  create(): Rule<E>;
}

/**
 * A rule about the last event of one type: what an earlier one showed and the last does not is over. Events of other types pass by,
 * whatever the rule is said to take.
 */
export function lastEventRule<E extends { type: string }>(id: string, type: E['type'], judge: (event: E) => Finding[]): RuleDefinition<E> {
  return {
    id,
    create() {
      let last: E | undefined;
      return {
        observe(event) {
          if (event.type === type) last = event;
        },
        finish: () => (last ? judge(last) : []),
      };
    },
  };
}

const severityRank: Record<Severity, number> = { critical: 0, warning: 1, info: 2 };
const confidenceRank: Record<Finding['confidence'], number> = { certain: 0, likely: 1, hint: 2 };

/** Worst first; among equals the surer one, then by id and title, so that two runs print the same order. */
export function compareFindings(a: Finding, b: Finding): number {
  return (
    severityRank[a.severity] - severityRank[b.severity] ||
    confidenceRank[a.confidence] - confidenceRank[b.confidence] ||
    (a.id < b.id ? -1 : a.id > b.id ? 1 : 0) ||
    (a.title < b.title ? -1 : a.title > b.title ? 1 : 0)
  );
}

/** Is `severity` at or above `floor`? */
export function atOrAbove(severity: Severity, floor: Severity): boolean {
  return severityRank[severity] <= severityRank[floor];
}

/** Shows every event to every rule and returns what they found, worst first. */
export function runRules<E>(rules: readonly RuleDefinition<E>[], events: Iterable<E>): Finding[] {
  const running = rules.map((rule) => rule.create());
  for (const event of events) for (const rule of running) rule.observe(event);
  return running.flatMap((rule) => rule.finish()).sort(compareFindings);
}
