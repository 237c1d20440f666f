// Docs that cannot drift: node scripts/docs.mjs writes what the program prints into README.md and docs/**, --check compares.
//   <!-- sample: fds --from fixtures/tapes/full/fd-near-limit.rctl | finding fd/near-limit -->   and a fenced block behind it
//   <!-- commands -->                                                                            and a table behind it
// So are the files made of the tree of commands, completions/ and man/ (with docs/man/), and NOTICE. Also checked: pages and rules match, command lines parse, links inside the repository lead somewhere. Needs npm run build.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { completions } from './completion/index.mjs';
import { checkCommandLines } from './docs/command-lines.mjs';
import { commandTable } from './docs/command-table.mjs';
import { unifiedDiff } from './docs/diff.mjs';
import { checkLinks } from './docs/links.mjs';
import { loadProgram } from './docs/program.mjs';
import { freshSamples } from './docs/samples.mjs';
import { manPages } from './man/index.mjs';
import { noticeText } from './notice.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const check = process.argv.includes('--check');

function markdownFiles() {
  const below = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).map((name) => join('docs', name));
  const top = readdirSync(root);
  return [...top, ...below].filter((name) => name.endsWith('.md')).sort();
}

/** Pages without a rule, and rules without a page. */
function checkPages(ruleIds) {
  const folder = join(root, 'docs/findings');
  const pages = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.md')) : [];
  const wanted = new Map(ruleIds.map((id) => [`${id.replaceAll('/', '-')}.md`, id]));
  const lost = pages.filter((name) => !wanted.has(name)).map((name) => `docs/findings/${name}:1: no rule makes this finding`);
  const absent = [...wanted].filter(([name]) => !pages.includes(name));
  const missing = absent.map(([name, id]) => `docs/findings/${name}: is missing: the page of ${id}`);
  return [...lost, ...missing];
}

/** The table of all commands, and a sample of each. */
function checkReadme(files, commands) {
  if (!files.includes('README.md')) return ['README.md: is missing'];
  const text = readFileSync(join(root, 'README.md'), 'utf8');
  const shown = new Set([...text.matchAll(/^<!-- sample: (\S+)/gm)].map((match) => match[1]));
  const bare = commands.filter(({ name }) => !shown.has(name)).map(({ name }) => `README.md: has no <!-- sample: ${name} ... -->: each command is shown once`);
  return text.includes('<!-- commands -->') ? bare : ['README.md: has no <!-- commands --> table', ...bare];
}

/** Writes a text that is ours, or tells that it differs from what is there. */
function settle(file, text, old) {
  if (text === old) return [];
  if (check) return [`${file}: differs from what the program prints; npm run docs writes it anew\n${unifiedDiff(old, text, file)}`];
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), text);
  process.stdout.write(`wrote ${file}\n`);
  return [];
}

/** Texts that are made of the tree of commands alone; what else is in their folders is not ours. */
function settleMade(made) {
  const folders = new Set([...made.keys()].map((file) => dirname(file)));
  const there = [...folders].filter((folder) => existsSync(join(root, folder))).flatMap((folder) => readdirSync(join(root, folder)).map((name) => join(folder, name)));
  const lost = there.filter((file) => !made.has(file)).map((file) => `${file}: nothing makes it: remove it`);
  return [...lost, ...[...made].flatMap(([file, text]) => settle(file, text, existsSync(join(root, file)) ? readFileSync(join(root, file), 'utf8') : ''))];
}

/** npm installs the pages that package.json names, each. */
function packageJson(text, pages) {
  const list = [...pages.keys()].map((page) => `    "./${page}"`).join(',\n');
  return text.replace(/^ {2}"man": \[[^\]]*\]/m, `  "man": [\n${list}\n  ]`);
}

const program = await loadProgram(root);
const files = markdownFiles();
const manual = manPages(root, program);
const completing = completions(root, program);
const made = new Map([...completing.files, ...manual.pages]);
const notice = join(root, 'NOTICE');
const described = readFileSync(join(root, 'package.json'), 'utf8');
const problems = [
  ...checkPages(program.ruleIds),
  ...checkReadme(files, program.commands),
  ...manual.problems,
  ...completing.problems,
  ...settleMade(made),
  ...settle('package.json', packageJson(described, manual.pages), described),
  ...settle('NOTICE', noticeText(root), existsSync(notice) ? readFileSync(notice, 'utf8') : ''),
];
for (const file of files) {
  const old = readFileSync(join(root, file), 'utf8');
  // What other people's words say stays as it is: only the samples and the table are ours to write.
  const { text, problems: failed } = freshSamples(root, file, commandTable(old, program.commands));
  problems.push(...failed, ...checkCommandLines(file, text, program), ...checkLinks(root, file, text), ...settle(file, text, old));
}
for (const problem of problems) process.stderr.write(`${problem}\n`);
if (problems.length > 0) process.exitCode = 1;
