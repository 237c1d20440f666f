/** Findings that are known and accepted: by fingerprint, with a reason, until a day; or all that a baseline holds. */
import type { Finding } from '../report/index.ts';
import { type Field, readDocument } from './reader.ts';

export interface AllowEntry {
  fingerprint: string;
  reason: string;
  /** The last day it holds, as `2026-12-31`. */
  until?: string;
}

const FINGERPRINT = /^[0-9a-f]{16}$/;

/** @throws UserError with the place of what is wrong */
export function readAllow(field: Field): AllowEntry[] {
  return field.list().map((entry) => {
    const fields = entry.mapping(['fingerprint', 'reason', 'until']);
    const fingerprint = fields.get('fingerprint') ?? entry.fail('an allow entry needs a fingerprint: it is in the JSON of the finding');
    const reason = fields.get('reason') ?? entry.fail('an allow entry needs a reason');
    const until = fields.get('until');
    if (!FINGERPRINT.test(fingerprint.text())) fingerprint.fail('a fingerprint has 16 hexadecimal digits (put it in quotes)');
    if (until && !isDay(until.text())) until.fail('a day is expected here, as 2026-12-31');
    return { fingerprint: fingerprint.text(), reason: reason.text(), ...(until && { until: until.text() }) };
  });
}

function isDay(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(`${text}T00:00:00Z`)) && new Date(`${text}T00:00:00Z`).toISOString().startsWith(text);
}

/** A baseline as writeBaseline() makes it. @throws UserError with the place of what is wrong */
export function readBaseline(text: string, file: string): AllowEntry[] {
  const document = readDocument(text, file);
  const fields = document?.mapping(['version', 'findings']);
  const version = fields?.get('version');
  if (version && version.integer() !== 1) version.fail('this reloadctl reads version 1');
  return (fields?.get('findings')?.list() ?? []).map((entry) => {
    const known = entry.mapping(['fingerprint', 'id', 'title']);
    const fingerprint = known.get('fingerprint') ?? entry.fail('a finding of a baseline needs its fingerprint');
    if (!FINGERPRINT.test(fingerprint.text())) fingerprint.fail('a fingerprint has 16 hexadecimal digits');
    return { fingerprint: fingerprint.text(), reason: `in the baseline ${file}` };
  });
}

/** In order of fingerprints, so that two of the same faults are the same file. */
export function writeBaseline(findings: readonly Finding[]): string {
  const entries = [...new Map(findings.map(({ fingerprint, id, title }) => [fingerprint, { fingerprint, id, title }])).values()];
  return `${JSON.stringify({ version: 1, findings: entries.sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1)) }, null, 2)}\n`;
}

export interface Allowed {
  findings: Finding[];
  /** Entries that hold no more, and findings they would have covered. */
  expired: { entry: AllowEntry; id: string }[];
}

/** What is allowed becomes a note that says why. @param today as `2026-11-22` */
export function applyAllow(findings: readonly Finding[], entries: readonly AllowEntry[], today: string): Allowed {
  const expired: Allowed['expired'] = [];
  return {
    expired,
    findings: findings.map((finding) => {
      const matching = entries.filter(({ fingerprint }) => fingerprint === finding.fingerprint);
      const entry = matching.find(({ until }) => until === undefined || until >= today);
      if (entry) return { ...finding, severity: 'info', because: `${finding.because}; allowed${entry.until === undefined ? '' : ` until ${entry.until}`}: ${entry.reason}` };
      for (const over of matching) expired.push({ entry: over, id: finding.id });
      const [first] = matching;
      return first ? { ...finding, title: `${finding.title} (allowed until ${first.until}, which is over)` } : finding;
    }),
  };
}

