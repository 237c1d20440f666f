/** Each rule is shown by a recorded log and silent on its twin; logs that are cut or mixed never crash us and invent no leak. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { straceRules } from '../../src/strace/rules/index.ts';
import { analyse, analyseFiles, idsOf } from './support/analyse.ts';

const ROOT = join(import.meta.dirname, '../..');
const LOGS = join(ROOT, 'fixtures/strace');
const nameOf = (id: string): string => id.replaceAll('/', '-');
const ids = straceRules.map(({ id }) => id);
const logs = (['err', 'ok'] as const).flatMap((folder) => readdirSync(join(LOGS, folder)).map((name) => ({ folder, name })));
/** Shown by a later bind that works, on purpose. */
const TOLD_AS_INFO = new Set(['strace/address-in-use']);

describe('the recorded logs', () => {
  it('are those of the rules', () => {
    const wanted = ids.map((id) => `${nameOf(id)}.strace`).sort();
    for (const folder of ['err', 'ok'] as const) expect(logs.filter((log) => log.folder === folder).map(({ name }) => name).sort()).toEqual(wanted);
  });

  it.each(ids)('show %s, stay silent on its healthy twin, and have a page', async (id) => {
    const shown = await analyseFiles([join(LOGS, 'err', `${nameOf(id)}.strace`)]);
    expect(idsOf(shown)).toContain(id);
    const silent = await analyseFiles([join(LOGS, 'ok', `${nameOf(id)}.strace`)]);
    expect(silent.findings.filter((finding) => finding.severity !== 'info')).toEqual([]);
    if (!TOLD_AS_INFO.has(id)) expect(idsOf(silent)).not.toContain(id);
    expect(existsSync(join(ROOT, `docs/findings/${nameOf(id)}.md`))).toBe(true);
  });

  it.each(logs)('$folder/$name has no line that is not known', async ({ folder, name }) => {
    const { data } = await analyseFiles([join(LOGS, folder, name)]);
    expect(data.unclassified).toBe(0);
    if (name !== 'strace-coverage.strace') expect(data.repairs).toBe(0);
  });
});

const texts = logs.map(({ folder, name }) => ({ folder, name, lines: readFileSync(join(LOGS, folder, name), 'latin1').split('\n') }));
const anyLog = fc.constantFrom(...texts);

describe('a damaged log', () => {
  it('that is cut anywhere is read, and nothing new is called leaked', async () => {
    await fc.assert(
      fc.asyncProperty(anyLog, fc.double({ min: 0.01, max: 1, noNaN: true }), async ({ name, lines }, part) => {
        const whole = lines.join('\n');
        const cut = whole.slice(0, Math.max(1, Math.floor(whole.length * part)));
        // Without one whole line it is no log of strace, and is refused.
        if (!cut.includes('\n')) return;
        const { data, findings } = await analyse(cut);
        expect(data.unclassified).toBe(0);
        if (name !== 'strace-leak.strace' && name !== 'strace-out-of-fds.strace') expect(findings.filter(({ id, severity }) => id === 'strace/leak' && severity !== 'info')).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('that lacks lines never has a leak that is more than a hint, unless it had one', async () => {
    const healthy = texts.filter(({ folder }) => folder === 'ok');
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...healthy), fc.array(fc.nat(), { maxLength: 12 }), async ({ lines }, gone) => {
        const missing = new Set(gone.map((at) => 1 + (at % Math.max(1, lines.length - 1))));
        const { findings } = await analyse(lines.filter((_line, at) => !missing.has(at)).join('\n'));
        expect(findings.filter(({ id, confidence }) => id === 'strace/leak' && confidence !== 'hint')).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('of random lines of all logs, in any order, is read to its end', async () => {
    const lines = texts.flatMap((text) => text.lines).filter((line) => line !== '');
    await fc.assert(
      fc.asyncProperty(fc.array(fc.constantFrom(...lines), { minLength: 5, maxLength: 120 }), async (mixed) => {
        const { data } = await analyse(`${mixed.join('\n')}\n`);
        expect(data.lines).toBe(mixed.length);
        expect(data.unclassified).toBe(0);
        for (const { opened, closed, open } of data.sites) expect(opened - closed).toBe(open);
      }),
      { numRuns: 100 },
    );
  });

  it('with bytes of any kind in it is read to its end', async () => {
    const first = texts.find(({ lines }) => lines.length > 40)!.lines.slice(0, 30).join('\n');
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 300 }).map((text) => Buffer.from(text).toString('latin1').replaceAll('\0', '')), async (noise) => {
        const { data } = await analyse(`${first}\n${noise}\n`);
        expect(data.lines).toBeGreaterThanOrEqual(30);
      }),
      { numRuns: 60 },
    );
  });
});
