/** A saved report, checked: the file comes from anywhere. */
import type { Coverage, Finding, Report } from '../report/index.ts';
import { anyOf, boolean, type Check, isObject, list, nothing, number, oneOf, optional, type Problem, shape, text } from './check.ts';

/** The parts of a report that are compared. */
export type SavedReport = Pick<Report<Record<string, unknown>>, 'command' | 'startedAt' | 'host' | 'target' | 'findings' | 'coverage' | 'data'>;

/** Of the schema versions this program reads. */
const MAJOR = 1;

const finding: Check = shape({
  id: text,
  severity: oneOf('critical', 'warning', 'info'),
  confidence: oneOf('certain', 'likely', 'hint'),
  because: text,
  title: text,
  subject: shape({ kind: text, key: text, pid: optional(number), startTime: optional(text) }),
  evidence: list(shape({ name: text, value: anyOf('a text, a number, true or false', text, number, boolean), unit: optional(text), limit: optional(number), source: text })),
  remedy: list(shape({ text, command: optional(text), risk: oneOf('none', 'live', 'reload', 'restart', 'host') })),
  fingerprint: text,
} satisfies Record<keyof Finding, Check>);

const coverage: Check = shape({
  source: text,
  status: oneOf('ok', 'partial', 'denied', 'absent', 'unsupported', 'timeout'),
  seen: optional(number),
  total: optional(number),
  detail: optional(text),
  fix: optional(text),
  needed: boolean,
} satisfies Record<keyof Coverage, Check>);

const report: Check = shape({
  command: text,
  startedAt: text,
  host: shape({ kernel: text, hostname: text }),
  target: (value, path) => nothing(value, path) && shape({ spec: text, label: text, pids: list(number) })(value, path),
  verdict: oneOf('pass', 'fail', 'inconclusive'),
  findings: list(finding),
  coverage: list(coverage),
  data: shape({}),
});

/** What keeps a JSON value from being a report this program can read; null when nothing does. */
export function problemOf(value: unknown): Problem | null {
  if (!isObject(value) || !isObject(value.tool) || value.tool.name !== 'reloadctl' || typeof value.schemaVersion !== 'string') {
    return { path: [], what: 'not a report of reloadctl; make one with --json, or a tape with: reloadctl record <target> -o FILE' };
  }
  const version = /^(\d+)\.\d+$/.exec(value.schemaVersion);
  if (!version) return { path: ['schemaVersion'], what: 'schemaVersion is not like 1.0' };
  if (Number(version[1]) > MAJOR) {
    const maker = typeof value.tool.version === 'string' ? ` ${value.tool.version}` : '';
    return { path: ['schemaVersion'], what: `made by a newer reloadctl${maker}: schema ${value.schemaVersion}, this one reads up to ${MAJOR}; update reloadctl` };
  }
  return report(value, []);
}
