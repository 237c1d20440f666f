// The table of commands behind <!-- commands -->, made from the table that the program itself is made from.

const MARKED = /(<!-- commands -->\n)\n*(?:\|.*\n)*\n*/;

/** The text with a fresh table, or as it is when it has no marker. */
export function commandTable(text, commands) {
  const rows = commands.map(({ name, summary, effects }) => `| \`${name}\` | ${summary.replaceAll('|', '\\|')} | ${effects} |\n`);
  const table = ['| command | question it answers | effects |\n', '|---|---|---|\n', ...rows].join('');
  return text.replace(MARKED, (_all, marker) => `${marker}\n${table}\n`);
}
