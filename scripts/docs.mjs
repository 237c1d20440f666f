// Docs that cannot drift: node scripts/docs.mjs writes what the program prints into README.md and docs/**, --check compares.
//   <!-- sample: fds --from fixtures/tapes/full/fd-near-limit.rctl | finding fd/near-limit -->   and a fenced block behind it
//   <!-- commands -->                                                                            and a table behind it
// Also checked: pages and rules match, command lines parse, links inside the repository lead somewhere. Needs npm run build.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkCommandLines } from './docs/command-lines.mjs';
import { commandTable } from './docs/command-table.mjs';
import { unifiedDiff } from './docs/diff.mjs';
import { checkLinks } from './docs/links.mjs';
import { loadProgram } from './docs/program.mjs';
import { freshSamples } from './docs/samples.mjs';

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

function checkReadme(files) {
  if (!files.includes('README.md')) return ['README.md: is missing'];
  return readFileSync(join(root, 'README.md'), 'utf8').includes('<!-- commands -->') ? [] : ['README.md: has no <!-- commands --> table'];
}

const program = await loadProgram(root);
const files = markdownFiles();
const problems = [...checkPages(program.ruleIds), ...checkReadme(files)];
for (const file of files) {
  const path = join(root, file);
  const old = readFileSync(path, 'utf8');
  // What other people's words say stays as it is: only the samples and the table are ours to write.
  const { text, problems: failed } = freshSamples(root, file, commandTable(old, program.commands));
  problems.push(...failed, ...checkCommandLines(file, text, program), ...checkLinks(root, file, text));
  if (text === old) continue;
  if (check) problems.push(`${file}: differs from what the program prints; npm run docs writes it anew\n${unifiedDiff(old, text, file)}`);
  else {
    writeFileSync(path, text);
    process.stdout.write(`wrote ${relative(root, path)}\n`);
  }
}
for (const problem of problems) process.stderr.write(`${problem}\n`);
if (problems.length > 0) process.exitCode = 1;
