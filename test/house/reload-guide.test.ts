/** The guide on reloads and its programs belong together: each way to fail has a section, and a recording of what is shown there. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const recorded = join(root, 'fixtures/reloads');
const guide = readFileSync(join(root, 'docs/guides/why-reloads-fail.md'), 'utf8');
const sections = guide.split(/^## /m);
const cases = JSON.parse(readFileSync(join(recorded, 'cases.json'), 'utf8')) as { name: string; program: string; finds: string }[];

describe('the guide on reloads', () => {
  it.each(cases)('$name has a section with its program, its finding and what was printed', ({ name, program, finds }) => {
    const file = program === 'go' ? `go/${name.replaceAll('-', '_')}.go` : program;
    const section = sections.find((text) => text.includes(`programs/reloads/${file})`)) ?? '';
    expect(section).toContain(`\`${finds}\`](../findings/${finds.replaceAll('/', '-')}.md)`);
    expect(section).toMatch(new RegExp(`<!-- sample: .*fixtures/reloads/${name}\\.\\w+`));
  });

  it('leads to each section from the table of symptoms', () => {
    const [, symptoms = ''] = guide.split('## Find it by its symptom');
    const [table = ''] = symptoms.split(/^## /m);
    const titles = sections.slice(2, -1).map((text) => text.split('\n')[0] ?? '');
    expect(titles).toHaveLength(cases.length);
    for (const title of titles) expect(table).toContain(`](#${title.toLowerCase().replace(/[^\w\s-]/g, '').replaceAll(' ', '-')})`);
  });

  it('has no recording that it does not show', () => {
    const shown = readdirSync(recorded).filter((file) => file !== 'cases.json' && !guide.includes(`fixtures/reloads/${file}`));
    expect(shown).toEqual([]);
  });
});
