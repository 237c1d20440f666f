// The command table and the rules of src/, bundled for this one use: the dist of a package does not export them.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const SOURCE = `
import { Command } from 'commander';
import { addCommonOptions, colourValues, failOnValues } from './src/cli/options.ts';
import { commands } from './src/commands.ts';
import { completionFiles } from './src/completion/command.ts';
import { attributeNames } from './src/fds/attributes.ts';
import { exportKinds } from './src/goroutines/export/index.ts';
import { groupableNames } from './src/goroutines/where.ts';
import { modelNames } from './src/inotify/limits/models.ts';
import { signalWords } from './src/kernel/proc/signals.ts';
import { formats } from './src/render/index.ts';

const optionOf = ({ flags, long, short, required, description, hidden }) => ({ long, short, takesValue: required, flags, placeholder: /<(.+)>/.exec(flags)?.[1], description, hidden });
const argumentOf = (argument) => ({ name: argument.name(), required: argument.required, variadic: argument.variadic, description: argument.description });

/** What --help prints behind the options. */
function notesOf(command) {
  let text = '';
  command.emit('afterHelp', { error: false, command, write: (part) => { text += part; } });
  return text.trim();
}

function common() {
  const command = new Command();
  addCommonOptions(command);
  return command.options.map(optionOf);
}

export async function load() {
  const ids = new Set();
  const loaded = [];
  for (const { name, summary, effects, wraps, load, rules } of commands) {
    const command = new Command(name);
    (await load()).configure(command);
    const own = command.options.map(optionOf);
    addCommonOptions(command);
    const ruleIds = ((await rules?.()) ?? []).map(({ id }) => id);
    for (const id of ruleIds) ids.add(id);
    const [usage, notes] = [command.usage(), notesOf(command)];
    loaded.push({ name, summary, effects, wraps: wraps === true, usage, notes, arguments: command.registeredArguments.map(argumentOf), own, options: command.options.map(optionOf) });
  }
  const lists = {
    formats: Object.keys(formats), failOn: failOnValues, colours: colourValues, shells: Object.keys(completionFiles), attributes: attributeNames,
    exports: Object.keys(exportKinds), goroutineAttributes: groupableNames, libraries: modelNames, signals: signalWords,
  };
  return { commands: loaded, common: common(), ruleIds: [...ids].sort(), lists, completionFiles };
}
`;

/**
 * @typedef {{ long?: string, short?: string, flags: string, takesValue: boolean, placeholder?: string, description: string, hidden: boolean }} Option
 * @typedef {{ name: string, required: boolean, variadic: boolean, description: string }} Argument
 * @typedef {{ name: string, summary: string, effects: string, wraps: boolean, usage: string, notes: string, arguments: Argument[],
 *   own: Option[], options: Option[] }} Entry `notes`: behind the options in --help; `own`: without those that all commands have
 *
 * @param {string} root of the repository
 * @returns {Promise<{ commands: Entry[], common: Option[], ruleIds: string[], lists: Record<string, readonly string[]>, completionFiles: Record<string, string>, definitions: Record<string, object> }>}
 *   `definitions`: of the JSON Schema of reports
 */
export async function loadProgram(root) {
  const folder = mkdtempSync(join(tmpdir(), 'reloadctl-docs-'));
  const outfile = join(folder, 'program.mjs');
  try {
    await build({
      stdin: { contents: SOURCE, resolveDir: root, loader: 'ts' },
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'node',
      external: ['koffi', 'systeminformation'],
      // commander is CommonJS and calls require() for Node's own modules.
      banner: { js: "import { createRequire as require_ } from 'node:module'; const require = require_(import.meta.url);" },
      logLevel: 'warning',
    });
    const { load } = await import(pathToFileURL(outfile).href);
    const { $defs } = JSON.parse(readFileSync(join(root, 'schema/report.schema.json'), 'utf8'));
    const program = await load();
    return { ...program, definitions: $defs };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
