/** Every rule is shown by a tape, is silent on another, and has a page; every tape says what is known to be true. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runRules } from '../../src/report/index.ts';
import { straceRules } from '../../src/strace/rules/index.ts';
import { allRules, analyse, expectedOf, judged, namesIn, pageName, ROOT, TAPES, tapeFile, tapeText } from './support/tapes.ts';

/** The scan for inotify instances brings in what else ran on the host, and a look at the threads of a Node takes 16 KiB. */
const MOST_BYTES = 224 * 1024;
const rules = await allRules();
/** What a tape cannot hold: events are done to a live process, commands are run. Shown by test/live/per-event.test.ts, assert*.test.ts and drill.test.ts instead. */
const LIVE_ONLY = new Set(['reload/residue', 'fd/open-at-exit', 'process/left-behind', 'process/timeout', 'node/test-leak', 'goroutine/left-at-exit', 'process/growth', 'reload/refused', 'reload/reset', 'reload/timeout', 'reload/bad-response', 'reload/old-stays', 'reload/not-visible']);
/** The others are shown by logs of strace (test/strace/corpus.test.ts), and by what servers answer (test/gate). */
const onTapes = rules.filter((rule) => !straceRules.includes(rule) && !rule.id.startsWith('gate/'));
/** Dumps are no tapes: test/goroutines/corpus.test.ts shows these. */
const ofDumps = (id: string): boolean => /^(goroutine|gc)\//.test(id);
const corpus = (['err', 'ok'] as const).flatMap((folder) => namesIn(folder).map((name) => ({ folder, name })));

describe('the registry of rules', () => {
  it('is not empty, and no id is there twice', () => {
    expect(rules.length).toBeGreaterThanOrEqual(13);
  });

  it.each(onTapes.map(({ id }) => id).filter((id) => !LIVE_ONLY.has(id) && !ofDumps(id)))('%s has a tape that shows it, one that must not, and a page', (id) => {
    const name = pageName(id);
    expect(namesIn('err')).toContain(name);
    expect(namesIn('ok')).toContain(name);
    expect(existsSync(join(ROOT, `docs/findings/${name}.md`))).toBe(true);
    expect(expectedOf('err', name).findings.map((finding) => finding.id)).toContain(id);
    expect(expectedOf('ok', name).findings.filter((finding) => finding.id === id && finding.severity !== 'info')).toEqual([]);
  });

  it('has a rule for each page', () => {
    const known = new Set(rules.map(({ id }) => pageName(id)));
    const pages = readdirSync(join(ROOT, 'docs/findings')).filter((name) => name.endsWith('.md')).map((name) => name.slice(0, -3));
    expect(pages.filter((name) => !known.has(name))).toEqual([]);
  });
});

describe('the tapes', () => {
  it('lie beside what is expected of them, and nothing else does', () => {
    for (const folder of ['err', 'ok'] as const) {
      const files = readdirSync(join(TAPES, folder)).sort();
      expect(files).toEqual(namesIn(folder).flatMap((name) => [`${name}.expected.json`, `${name}.rctl`]).sort());
    }
    expect(namesIn('full')).toEqual(namesIn('err'));
  });

  it.each(corpus)('$folder/$name shows what is true', async ({ folder, name }) => {
    const expected = expectedOf(folder, name);
    const { findings, data, coverage } = await analyse(tapeText(folder, name), expected);
    expect(judged(findings)).toEqual(expected.findings);
    expect(statSync(tapeFile(folder, name)).size).toBeLessThan(MOST_BYTES);
    expect(coverage.filter(({ status, needed }) => status !== 'ok' && needed)).toEqual([]);
    if (expected.command !== undefined) return;
    if (expected.open !== undefined) expect(data.open).toBe(expected.open);
    expect(data.fds).toHaveLength(data.open ?? -1);
    expect(coverage.filter(({ status }) => status !== 'ok')).toEqual([]);
  });

  it.each(corpus)('$folder/$name answers --owners too, with the same findings', async ({ folder, name }) => {
    const text = tapeText(folder, name);
    const asked = await analyse(text, { owners: true });
    expect(asked.missing).toEqual([]);
    expect(asked.findings).toEqual((await analyse(text)).findings);
  });

  it('of a service that was recorded with --tree answer --tree', async () => {
    const asked = await analyse(tapeText('ok', 'nginx'), { tree: true });
    expect(asked.missing).toEqual([]);
    expect(asked.data.processes).toHaveLength(3);
  });

  it.each(corpus)('$folder/$name is judged the same by rules in any order, and twice', async ({ folder, name }) => {
    const { events, findings } = await analyse(tapeText(folder, name), expectedOf(folder, name));
    expect(runRules(rules, events)).toEqual(findings);
    expect(runRules([...rules].reverse(), [...events].reverse())).toEqual(findings);
    expect(runRules(rules, [...events, ...events])).toEqual(findings);
  });
});
