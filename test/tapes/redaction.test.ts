/** Pseudonyms change names and nothing else: each fault was taped with its names, and that tape was redacted. */
import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/report/index.ts';
import { analyse, expectedOf, namesIn, tapeText } from './support/tapes.ts';

/** All a baseline or a gate looks at. Values that are text may be names. */
function essence({ id, severity, confidence, because, fingerprint, subject, evidence, remedy }: Finding): object {
  return {
    id, severity, confidence, because, kind: subject.kind, pid: subject.pid, startTime: subject.startTime,
    evidence: evidence.map(({ name, value, unit, limit, source }) => ({ name, value: typeof value === 'number' ? value : 'text', unit, limit, source })),
    // A line of code is what these are about: its name is in the fingerprint, here the pseudonym.
    fingerprint: id.startsWith('node/') ? '' : fingerprint,
    risks: remedy.map(({ risk }) => risk),
  };
}

/** Names that only the machine and the programs of the fixtures have. */
const NAMES = ['python3', 'app-1', '(sleep)', 'bin/sleep', 'cache/item', '/srv/app'];

describe.each(namesIn('full'))('%s, redacted', (name) => {
  it('has the same findings, counts and fingerprints', async () => {
    const { command, options } = expectedOf('err', name);
    const how = { ...(command !== undefined && { command }), ...(options && { options }) };
    const [full, redacted] = [await analyse(tapeText('full', name), how), await analyse(tapeText('err', name), how)];
    expect(full.findings.length).toBeGreaterThan(0);
    const sorted = (findings: readonly Finding[]): object[] => findings.map(essence).sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
    expect(sorted(redacted.findings)).toEqual(sorted(full.findings));
    expect(redacted.coverage).toEqual(full.coverage);
    // What another command tells is not about descriptors.
    if (command !== undefined) return;
    expect(redacted.data.open).toBe(full.data.open);
    expect(redacted.data.groups.map(({ kind, count }) => ({ kind, count }))).toEqual(full.data.groups.map(({ kind, count }) => ({ kind, count })));
  });

  it('keeps none of the names', () => {
    const [full, redacted] = [tapeText('full', name), tapeText('err', name)];
    expect(NAMES.some((word) => full.includes(word))).toBe(true);
    expect(NAMES.filter((word) => redacted.includes(word))).toEqual([]);
    expect(JSON.parse(redacted.slice(0, redacted.indexOf('\n')))).toMatchObject({ redacted: true });
    expect(JSON.parse(full.slice(0, full.indexOf('\n')))).toMatchObject({ redacted: false });
  });
});
