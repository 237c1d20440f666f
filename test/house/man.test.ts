/** Manual pages: what stands on the screen is explained there, and nothing else is. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

interface Wing {
  folder: string;
  commands: string[];
}

/** Folders of src with the commands that the table loads from them. */
function wings(): Wing[] {
  const byFolder = new Map<string, string[]>();
  for (const [, name, folder] of readFileSync(join(root, 'src/commands.ts'), 'utf8').matchAll(/name: '([a-z-]+)',(?:(?!name: ')[\s\S])*?load: [^\n]*import\('\.\/([a-z-]+)\//g)) byFolder.set(folder!, [...(byFolder.get(folder!) ?? []), name!]);
  return [...byFolder].map(([folder, commands]) => ({ folder, commands }));
}

/** Headings of columns, as the views have them. */
function columnsOf(folder: string): string[] {
  const files = readdirSync(join(root, 'src', folder), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts') && !name.includes('rules/'));
  return [...new Set(files.flatMap((name) => [...readFileSync(join(root, 'src', folder, name), 'utf8').matchAll(/\btitle: '([A-Z][^'a-z]*)'/g)].map((match) => match[1]!)))];
}

function fieldsOf(command: string): string[] {
  const text = readFileSync(join(root, 'docs/man', `${command}.md`), 'utf8').split(/^## /m).find((part) => part.startsWith('Fields\n')) ?? '';
  return [...text.matchAll(/^- ((?:`[^`]*`(?:, )?)+): /gm)].flatMap((match) => [...match[1]!.matchAll(/`([^`]*)`/g)].map((term) => term[1]!));
}

test('there are wings and columns to judge', () => {
  expect(wings().length).toBeGreaterThan(15);
  expect(columnsOf('fds')).toContain('COUNT');
});

test.each(wings())('every column of $folder is a field in the manual of its commands', ({ folder, commands }) => {
  const fields = new Set(commands.flatMap(fieldsOf));
  expect(columnsOf(folder).filter((column) => !fields.has(column))).toEqual([]);
});
