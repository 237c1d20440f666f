// Every `reloadctl ...` in the text and in code blocks must be one the program knows. Samples are its own words.
import { words } from './shell-words.mjs';

const OWN_OPTIONS = new Set(['-V', '--version', '-h', '--help']);
const SAMPLE_BLOCK = /^<!-- sample: .+? -->\n+```[\s\S]*?^```$/gm;
const BLOCK = /^```\w*\n[\s\S]*?^```$/gm;

const BEFORE = '(?:\\$ )?(?:.* && )?(?:sudo |npx )*';
const LINE = new RegExp(`^[ \\t]*${BEFORE}reloadctl( .*)?$`, 'gm');
const INDENTED = new RegExp(`^(?: {4}|\\t)${BEFORE}reloadctl( .*)?$`, 'gm');

const blank = (text) => text.replace(/[^\n]/g, ' ');

/** Command lines with their line numbers. */
function commandLines(text) {
  const found = [];
  const visible = text.replace(SAMPLE_BLOCK, blank);
  const add = (offset, line) => found.push({ number: visible.slice(0, offset).split('\n').length, line });
  for (const block of visible.matchAll(BLOCK)) {
    for (const match of block[0].matchAll(LINE)) add(block.index + match.index, match[1] ?? '');
  }
  const prose = visible.replace(BLOCK, blank);
  for (const match of prose.matchAll(INDENTED)) add(match.index, match[1] ?? '');
  for (const match of prose.matchAll(/`(?:sudo |npx )*reloadctl( [^`]*)`/g)) add(match.index, match[1]);
  return found;
}

/** What is wrong with one line; undefined when nothing is. */
function wrongWith(line, commands) {
  const [name, ...rest] = words(line);
  // A sentence about the program, a placeholder, or one of the program's own options.
  if (name === undefined || /^(?:\.\.\.|…|COMMAND)$/.test(name) || OWN_OPTIONS.has(name)) return undefined;
  const command = commands.find((entry) => entry.name === name);
  if (!command) return `no command ${name}`;
  for (let at = 0; at < rest.length; at++) {
    const [word, value] = [rest[at].split('=')[0], rest[at].includes('=')];
    if (word === '--') return undefined;
    if (!/^-\D/.test(word) || OWN_OPTIONS.has(word)) continue;
    const option = command.options.find(({ long, short }) => long === word || short === word);
    if (!option) return `${name} has no option ${word}`;
    if (!option.takesValue || value) continue;
    at++;
    if (rest[at] === undefined) return `${word} needs a value`;
  }
  return undefined;
}

/** Problems as FILE:LINE: text. */
export function checkCommandLines(file, text, { commands }) {
  return commandLines(text).flatMap(({ number, line }) => {
    const wrong = wrongWith(line, commands);
    return wrong === undefined ? [] : [`${file}:${number}: reloadctl${line}: ${wrong}`];
  });
}
