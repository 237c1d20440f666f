// docs/man/COMMAND.md: what the tree of commands does not tell. `# reloadctl COMMAND`, what it is for, then sections.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = 'docs/man';
const SECTIONS = ['Fields', 'Rights', 'Overhead', 'Examples'];
const OPTIONAL = ['Exit status', 'Files', 'Environment', 'Targets'];

/** @returns {Map<string, string>} texts by title; what stands before the first is `Description` */
function sectionsOf(text) {
  const [first, ...rest] = text.split(/^## /m);
  const sections = rest.map((part) => [part.slice(0, part.indexOf('\n')).trim(), part.slice(part.indexOf('\n')).trim()]);
  return new Map([['Description', first.replace(/^# .*\n/, '').trim()], ...sections]);
}

function wrongWith(name, text, sections) {
  const title = name === 'reloadctl' ? '# reloadctl' : `# reloadctl ${name}`;
  return [
    ...(text.startsWith(`${title}\n`) ? [] : [`does not begin with "${title}"`]),
    ...(sections.get('Description') === '' ? ['does not say what it is for'] : []),
    ...SECTIONS.filter((wanted) => !sections.get(wanted)).map((wanted) => `has no "## ${wanted}"`),
    ...[...sections.keys()].filter((key) => ![...SECTIONS, ...OPTIONAL, 'Description'].includes(key)).map((key) => `has a section nobody knows: ${key}`),
  ];
}

/**
 * @param {string[]} names of commands
 * @returns {{ texts: Map<string, Map<string, string>>, problems: string[] }} those of `reloadctl` itself are there too
 */
export function manTexts(root, names) {
  const wanted = ['reloadctl', ...names];
  const there = existsSync(join(root, FOLDER)) ? readdirSync(join(root, FOLDER)) : [];
  const problems = there.filter((file) => !wanted.includes(file.replace(/\.md$/, ''))).map((file) => `${FOLDER}/${file}: there is no such command`);
  const texts = new Map();
  for (const name of wanted) {
    const file = `${FOLDER}/${name}.md`;
    if (!there.includes(`${name}.md`)) {
      problems.push(`${file}: is missing: what ${name} is for, its fields, rights, overhead and examples`);
      continue;
    }
    const text = readFileSync(join(root, file), 'utf8');
    const sections = sectionsOf(text);
    texts.set(name, sections);
    problems.push(...wrongWith(name, text, sections).map((wrong) => `${file}: ${wrong}`));
  }
  return { texts, problems };
}
