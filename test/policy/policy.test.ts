import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/kernel/user-error.ts';
import { applyAllow, readAssertPolicy, readBaseline, writeBaseline } from '../../src/policy/index.ts';
import { finding } from '../render/support.ts';

const KINDS = ['file', 'socket'];
const read = (text: string) => readAssertPolicy(text, 'p.yaml', KINDS);
const FP = '0123456789abcdef';

describe('a policy', () => {
  it('has budgets, a grace period and what is allowed', () => {
    expect(read(`version: 1\nassert:\n  budgets: {file: 0, socket: 12}\n  grace: 2s\n  allow:\n    - fingerprint: "${FP}"\n      reason: known, issue 12\n      until: 2026-12-31\n`)).toEqual({
      budgets: { file: 0, socket: 12 }, graceMs: 2000, allow: [{ fingerprint: FP, reason: 'known, issue 12', until: '2026-12-31' }],
    });
    expect(read('')).toEqual({ budgets: {}, allow: [] });
  });

  it.each([
    ['assert:\n  budget:\n    file: 1\n', 'p.yaml:2:3: unknown key "budget", did you mean budgets?'],
    ['asert: 1\n', 'p.yaml:1:1: unknown key "asert", did you mean assert?'],
    ['assert:\n  budgets:\n    file: -1\n', 'p.yaml:3:11: a whole number is expected here, 0 or more'],
    ['assert:\n  budgets:\n    fil: 1\n', 'p.yaml:3:5: unknown key "fil", did you mean file?'],
    ['assert:\n  grace: soon\n', 'p.yaml:2:10: grace: soon is not a time'],
    ['assert: [1]\n', 'p.yaml:1:9: keys are expected here: budgets, grace, allow'],
    ['assert:\n  allow:\n    - reason: x\n', 'p.yaml:3:7: an allow entry needs a fingerprint'],
    [`assert:\n  allow:\n    - {fingerprint: "${FP}"}\n`, 'p.yaml:3:7: an allow entry needs a reason'],
    [`assert:\n  allow:\n    - {fingerprint: "${FP}", reason: x, until: 2026-02-31}\n`, 'p.yaml:3:59: a day is expected here'],
    ['assert:\n  budgets: {file: 1\n', 'p.yaml:3:1: '],
    ['a: 1\na: 2\n', 'p.yaml:2:1: '],
    ['version: 2\n', 'p.yaml:1:10: this reloadctl reads version 1'],
  ])('with a mistake names its place: %j', (text, message) => {
    expect(() => read(text)).toThrow(message);
    expect(() => read(text)).toThrow(UserError);
  });

  it('of any text is a policy or an error of the user', () => {
    fc.assert(fc.property(fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('a', ':', ' ', '\n', '-', '[', '{', '&', '*', '"', '!', '1') })), (text) => {
      try {
        read(text);
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
        expect((error as Error).message).toMatch(/^p\.yaml:\d+:\d+: /);
      }
    }));
  });
});

describe('what is allowed', () => {
  const leak = finding({ severity: 'critical', fingerprint: FP });
  const entry = { fingerprint: FP, reason: 'known', until: '2026-11-22' };

  it('is a note on its last day, and a finding on the next', () => {
    expect(applyAllow([leak], [entry], '2026-11-22').findings).toMatchObject([{ severity: 'info', because: expect.stringContaining('allowed until 2026-11-22: known') }]);
    const over = applyAllow([leak], [entry], '2026-11-23');
    expect(over.findings).toMatchObject([{ severity: 'critical', title: expect.stringContaining('which is over') }]);
    expect(over.expired).toEqual([{ entry, id: 'fd/growth' }]);
  });

  it('by a baseline is what the baseline was written of', () => {
    const text = writeBaseline([leak, finding({ fingerprint: 'f'.repeat(16) }), leak]);
    expect(readBaseline(text, 'b.json').map(({ fingerprint }) => fingerprint)).toEqual([FP, 'f'.repeat(16)]);
    expect(() => readBaseline(text.replace('"findings"', '"finding"'), 'b.json')).toThrow('b.json:3:3: unknown key "finding", did you mean findings?');
    expect(() => readBaseline(text.slice(0, -9), 'b.json')).toThrow(/^b\.json:\d+:\d+: /);
  });
});
