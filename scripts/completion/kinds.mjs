// What may stand for each argument and each value of an option, by its name in the tree of commands.

/** Of placeholders: <file>, [target]. What is `nothing` is for the user to know: numbers, times, names of their own. */
const BY_NAME = {
  target: 'processes', source: 'processes', old: 'processes', new: 'processes', pid: 'processes',
  file: 'files', tape: 'files', path: 'files', log: 'files', later: 'files', a: 'files', b: 'files',
  'file[:manner]': 'files',
  dir: 'directories',
  ...Object.fromEntries(
    ['time', 'duration', 'moment', 'n', 'number', 'calls', 'percent', 'command', 'terms', 'condition', 'size', 'text', 'url', 'address', 'host:port', 'nothing'].map((name) => [name, 'nothing']),
  ),
};

/** Of values that are one of a list, or several with commas between them; by option, or by command and option or argument. */
function byPlace({ lists, ruleIds, definitions }) {
  const oneOf = (...words) => ({ type: 'words', words });
  return {
    '--fail-on': oneOf(...lists.failOn),
    '--color': oneOf(...lists.colours),
    // Behind the name comes =FILE, or nothing.
    '--format': { type: 'formats', words: lists.formats },
    '--library': oneOf(...lists.libraries),
    '--signal': oneOf(...lists.signals),
    '--exit-code': oneOf('tool'),
    'strace --engine': oneOf('auto', 'tracefs', 'strace'),
    'goroutines --via': oneOf('memory', 'endpoint'),
    'goroutines --export': { type: 'formats', words: lists.exports },
    'goroutines --group-by': { type: 'list', words: lists.goroutineAttributes },
    'goroutines --entry': { type: 'nothing' },
    'fds --columns': { type: 'list', words: lists.attributes },
    'fds --group-by': { type: 'list', words: lists.attributes },
    'fds --sort': { type: 'list', words: lists.attributes },
    '--then': oneOf(...lists.signals, 'none'),
    '--method': oneOf('GET', 'HEAD', 'POST', 'PUT'),
    '--mode': oneOf('process', 'config'),
    '--module': { type: 'nothing' },
    '--expect-metric': { type: 'nothing' },
    '--expect-header': { type: 'nothing' },
    '--header-env': { type: 'nothing' },
    '--bearer-env': { type: 'nothing' },
    'explain --pid': { type: 'processes' },
    'explain finding': oneOf(...ruleIds),
    'schema command': oneOf(...Object.keys(definitions).flatMap((name) => /^data-(.+)/.exec(name)?.[1] ?? [])),
    'completion shell': oneOf(...lists.shells),
    'assert command': { type: 'nothing' },
  };
}

/**
 * @typedef {{ type: 'processes' | 'files' | 'directories' | 'nothing' | 'words' | 'list' | 'formats', words?: readonly string[] }} Kind
 * @param program of scripts/docs/program.mjs
 * @param {Set<string>} problems gains what is not known
 * @returns {(command: string, option: string | undefined, name: string) => Kind} `name`: of the argument, or what stands for the value
 */
export function kinds(program, problems) {
  const places = byPlace(program);
  return (command, option, name) => {
    const place = places[`${command} ${option ?? name}`] ?? places[option];
    if (place !== undefined) return place;
    const type = BY_NAME[name];
    if (type === undefined) problems.add(`scripts/completion/kinds.mjs: what completes ${option ?? 'argument'} <${name}> of ${command}?`);
    return { type: type ?? 'nothing' };
  };
}

/** The first part of a description, for a line beside a word. */
export function brief(description) {
  const text = description.replace(/(?:; |: | \(|\. ).*$/s, '');
  return text.length <= 70 ? text : `${text.slice(0, 68).replace(/\s+\S*$/, '')} ...`;
}

/** What every script says at its top. */
export function heading(version, shell, use) {
  return `# Completion of reloadctl ${version} for ${shell}. ${use}\n# Written by npm run docs from the tree of commands.`;
}
