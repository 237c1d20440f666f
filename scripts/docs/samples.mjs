// Fenced blocks behind <!-- sample: ARGS | FILTER | FILTER -->: what reloadctl ARGS prints; of `recorded FILE`, what it printed
// then, where no tape can hold what it looked at. Filters, one after the other:
//   finding ID       the block of that finding, of the verbose report
//   lines A-B        those lines
//   matching REGEX   lines that match
//   steady           process numbers as 4242: of what runs anew each time
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { words } from './shell-words.mjs';

const SAMPLE = /^<!-- sample: (.+?) -->\n+```(\w*)\n([\s\S]*?)^```$/gm;
const FINDING_ID = /^[a-z]+\/[a-z0-9-]+$/;

/** A bare id stands for its block on the tape that shows it. */
function written(sample) {
  if (!FINDING_ID.test(sample)) return sample;
  return `fds --from fixtures/tapes/full/${sample.replaceAll('/', '-')}.rctl | finding ${sample}`;
}

/** The block of one finding of the verbose report: from its title to its last line. */
function findingBlock(lines, id) {
  const last = lines.indexOf(`  more: reloadctl explain ${id}`);
  let first = last;
  while (first > 0 && lines[first].startsWith(' ')) first--;
  return last < 0 ? undefined : lines.slice(first, last + 1);
}

/** Undefined when nothing is left. */
function filtered(lines, filter) {
  const range = /^lines (\d+)-(\d+)$/.exec(filter);
  if (range) return Number(range[2]) <= lines.length ? lines.slice(Number(range[1]) - 1, Number(range[2])) : undefined;
  const finding = /^finding (\S+)$/.exec(filter);
  if (finding) return findingBlock(lines, finding[1]);
  if (filter === 'steady') return lines.map((line) => line.replace(/\bpid \d+/g, 'pid 4242').replace(/\/proc\/\d+/g, '/proc/4242'));
  const matching = /^matching (.+)$/.exec(filter);
  const found = matching ? lines.filter((line) => new RegExp(matching[1]).test(line)) : [];
  return found.length > 0 ? found : undefined;
}

/** @throws Error that says why there is no such output */
function outputOf(root, command, filters) {
  const [name, ...rest] = words(command);
  if (name === 'recorded') return readFileSync(join(root, rest[0]), 'utf8');
  // In front of what may be a command behind --.
  const args = [name, '--color', 'never', ...(filters.some((filter) => filter.startsWith('finding ')) ? ['--verbose'] : []), ...rest];
  const { COLUMNS: _width, FORCE_COLOR: _colour, NODE_OPTIONS: _options, ...env } = process.env;
  const { status, stdout, stderr } = spawnSync(process.execPath, [join(root, 'bin/reloadctl.js'), ...args], {
    cwd: root, env, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024,
  });
  // What it writes (-o FILE) is not part of it.
  if (rest.includes('-o')) rmSync(rest[rest.indexOf('-o') + 1], { force: true });
  if (status === null || status === 2) throw new Error(`reloadctl ${command} failed: ${stderr.trim()}`);
  return stdout;
}

function print(root, sample) {
  const [command, ...filters] = sample.split(' | ');
  let lines = outputOf(root, command, filters).replace(/\n$/, '').split('\n');
  for (const filter of filters) {
    lines = filtered(lines, filter);
    if (lines === undefined) throw new Error(`reloadctl ${command} prints nothing that is "${filter}"`);
  }
  return `${lines.join('\n')}\n`;
}

/** The text with each sample as it is printed now; one that cannot be printed stays, and is told. */
export function freshSamples(root, file, text) {
  const problems = [];
  const fresh = text.replace(SAMPLE, (whole, asked, language, _old, offset) => {
    const sample = written(asked.trim());
    try {
      return `<!-- sample: ${sample} -->\n\`\`\`${language}\n${print(root, sample)}\`\`\``;
    } catch (error) {
      problems.push(`${file}:${text.slice(0, offset).split('\n').length}: ${error.message}`);
      return whole;
    }
  });
  const marked = text.match(/^<!-- sample:/gm)?.length ?? 0;
  const found = text.match(SAMPLE)?.length ?? 0;
  if (marked !== found) problems.push(`${file}: ${marked - found} of ${marked} samples have no fenced block behind them`);
  return { text: fresh, problems };
}
