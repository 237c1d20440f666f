// Manual pages, man/*.1: from the tree of commands, the schema of reports, and docs/man/.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bold, entry, literal, filled, fromMarkdown, inline, italic, paragraph, section } from './roff.mjs';
import { manTexts } from './texts.mjs';

const USUAL_EXIT = `- \`0\`: nothing found at or above \`--fail-on\`.
- \`1\`: findings at or above it.
- \`2\`: bad usage or input; nothing may have been printed on stdout.
- \`3\`: could not look, or only partly where all was needed. The report tells what was missing, and what gets it.
- \`130\`, \`143\`: ended by SIGINT or SIGTERM; what was found so far is printed.`;

const pageOf = (name) => (name === 'reloadctl' ? name : `reloadctl-${name}`);
const reference = (name) => `${bold(pageOf(name))}(1)`;

function header(name, version, date) {
  return `.\\" Written by npm run docs from the tree of commands and docs/man/.\n.TH ${pageOf(name).toUpperCase()} 1 ${date} "reloadctl ${version}" "User Commands"`;
}

/** \`[target]\` as italics, options and literals as bold. */
function synopsis({ name, usage, arguments: places }) {
  const words = usage.split(/(\s+)/).map((word) => (/^[[<]?[a-z.-]+[\]>]?$/.test(word) && !word.startsWith('-') && (word === '[options]' || places.length > 0) ? italic(word) : bold(word)));
  return `.PP\n${bold(`reloadctl ${name}`)} ${words.join('').replace(/\\fB(\s+)\\fR/g, '$1')}`;
}

function option({ flags, description }) {
  const term = flags.replace(/(<[^>]*>)/g, '\0$1\0').split('\0').map((part) => (part.startsWith('<') ? italic(part) : part.split(/(, )/).map((word) => (word === ', ' ? word : word.trim() === '' ? word : `${bold(word.trim())}${word.endsWith(' ') ? ' ' : ''}`)).join(''))).join('');
  return entry(term, inline(description));
}

function optionsSection({ arguments: places, own }, common) {
  const all = [...own, ...common, { flags: '-h, --help', description: 'display help for command' }].filter(({ hidden }) => !hidden);
  const shown = places.map(({ name, description }) => entry(italic(name), inline(description)));
  return [...shown, ...all.map(option)].join('\n');
}

/** Keys of the report's data, as the schema has them. */
function jsonFields(name, definitions) {
  const schema = definitions[`data-${name}`];
  if (!schema) return '';
  const keys = Object.entries(schema.properties ?? {}).map(([key, { description, type, $ref }]) => entry(bold(key), inline(description ?? wordOf($ref === undefined ? type : definitions[$ref.split('/').at(-1)]?.type))));
  if (keys.length === 0) return '';
  const rest = paragraph(`With ${bold('--json')} the report is one object, which ${bold(`reloadctl schema ${name}`)} describes in full; ${bold('data')} has:`);
  return `\n${rest}\n${keys.join('\n')}`;
}

function wordOf(type) {
  const types = [type].flat().filter((word) => word !== undefined && word !== 'null');
  const words = { integer: 'A number.', number: 'A number.', string: 'A text.', boolean: 'Yes or no.', array: 'A list.', object: 'An object.' };
  return `${words[types[0]] ?? 'An object.'}${[type].flat().includes('null') ? ' null: not known.' : ''}`;
}

/** What --help says behind the options, as paragraphs: long lines that go on, in one. Exit codes have a section of their own here. */
function noted(notes) {
  const lines = notes.replace(/^(.{100,}[^.:])\n/gm, '$1 ').split('\n');
  return lines.map((line) => line.replace(/ ?Exit codes?: .*$/, '')).filter((line) => line !== '');
}

function commandPage(command, text, { version, date, common, definitions, related }) {
  const { name, summary, effects, notes } = command;
  const notesText = noted(notes).map((line) => paragraph(literal(line))).join('\n');
  return [
    header(name, version, date),
    section('name', filled(`${literal(pageOf(name))} \\- ${literal(summary)}`)),
    section('synopsis', synopsis(command)),
    section('description', `${fromMarkdown(text.get('Description'))}\n${paragraph(`Effects: ${literal(effects)}.`)}${notesText === '' ? '' : `\n${notesText}`}`),
    section('options', optionsSection(command, common)),
    section('fields', `${fromMarkdown(text.get('Fields'))}${jsonFields(name, definitions)}`),
    section('rights', fromMarkdown(text.get('Rights'))),
    section('overhead', fromMarkdown(text.get('Overhead'))),
    section('exit status', fromMarkdown(text.get('Exit status') ?? USUAL_EXIT)),
    ...['Files', 'Environment'].filter((title) => text.has(title)).map((title) => section(title, fromMarkdown(text.get(title)))),
    section('examples', fromMarkdown(text.get('Examples'))),
    section('see also', filled(related.map(reference).join(', '))),
    '',
  ].join('\n');
}

function mainPage(program, text, { version, date }) {
  const list = program.commands.map(({ name, summary, effects }) => entry(reference(name), `${literal(summary)}. Effects: ${literal(effects)}.`));
  return [
    header('reloadctl', version, date),
    section('name', filled('reloadctl \\- says why a hot reload failed or a process ran out of file descriptors')),
    section('synopsis', `.PP\n${bold('reloadctl')} ${italic('command')} [${italic('options')}] [${italic('target')}]`),
    section('description', fromMarkdown(text.get('Description'))),
    section('commands', list.join('\n')),
    section('targets', fromMarkdown(text.get('Targets'))),
    section('options', [paragraph('All commands have these:'), ...program.common.map(option)].join('\n')),
    section('fields', fromMarkdown(text.get('Fields'))),
    section('rights', fromMarkdown(text.get('Rights'))),
    section('overhead', fromMarkdown(text.get('Overhead'))),
    section('exit status', fromMarkdown(USUAL_EXIT)),
    section('environment', fromMarkdown(text.get('Environment'))),
    section('files', fromMarkdown(text.get('Files'))),
    section('examples', fromMarkdown(text.get('Examples'))),
    section('see also', filled(program.commands.map(({ name }) => reference(name)).join(', '))),
    '',
  ].join('\n');
}

/** Commands that are named in the text of another one. */
function relatedTo({ name }, text, commands) {
  const words = [...text.values()].join('\n');
  return ['reloadctl', ...commands.map((other) => other.name).filter((other) => other !== name && new RegExp(`reloadctl ${other}(?![\\w-])`).test(words))];
}

/**
 * @param program of scripts/docs/program.mjs
 * @returns {{ pages: Map<string, string>, problems: string[] }} texts by path
 */
export function manPages(root, program) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const { texts, problems } = manTexts(root, program.commands.map(({ name }) => name));
  const date = /^<!-- date: (\d{4}-\d\d-\d\d) -->$/m.exec(texts.get('reloadctl')?.get('Description') ?? '')?.[1];
  if (date === undefined) problems.push('docs/man/reloadctl.md: has no <!-- date: YYYY-MM-DD -->, the day the pages were last looked through');
  const pages = new Map();
  const facts = { version, date: date ?? '1970-01-01', common: program.common, definitions: program.definitions };
  const own = texts.get('reloadctl');
  if (own?.has('Targets')) {
    own.set('Description', own.get('Description').replace(/^<!--.*-->\n*/gm, ''));
    pages.set('man/reloadctl.1', mainPage(program, own, facts));
  }
  for (const command of program.commands) {
    const text = texts.get(command.name);
    if (text && ['Fields', 'Rights', 'Overhead', 'Examples'].every((title) => text.has(title))) pages.set(`man/${pageOf(command.name)}.1`, commandPage(command, text, { ...facts, related: relatedTo(command, text, program.commands) }));
  }
  return { pages, problems };
}
