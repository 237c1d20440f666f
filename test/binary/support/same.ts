/** What must be the same of two reports of one target, taken one after the other. */

interface ReportLike {
  command: string;
  target: unknown;
  verdict: string;
  findings: { evidence: { name: string; unit?: string }[] }[];
  coverage: { source: string }[];
  data: object;
}

/** How many processes are searched depends on who runs at the moment. */
const OTHERS = 'owners of other ends';
/** Counted while we look. */
const MEANWHILE = /meanwhile/;

/** A report without its moment: what passes in milliseconds, and words that tell it. */
export function timeless(stdout: string): unknown {
  const { command, target, verdict, findings, coverage, data } = JSON.parse(stdout) as ReportLike;
  const steady = {
    command,
    target,
    verdict,
    findings: findings.map((finding) => ({
      ...finding,
      evidence: finding.evidence.filter(({ name, unit }) => unit !== 'ms' && unit !== 's' && !MEANWHILE.test(name)),
    })),
    coverage: coverage.filter(({ source }) => source !== OTHERS),
    data,
  };
  return JSON.parse(JSON.stringify(steady, withoutTime)) as unknown;
}

function withoutTime(key: string, value: unknown): unknown {
  if (key.endsWith('Ms')) return undefined;
  return typeof value === 'string' ? value.replace(/\b\d[\d.]* (?:h|min|ms|s)\b(?: \d+ (?:min|s)\b)?/g, 'a while') : value;
}
