/** Which command a command line asks for: its first word that is no option (no option before it takes a value). */
export function askedCommand(argv: readonly string[]): string | undefined {
  const words = argv.filter((word) => !word.startsWith('-'));
  return words[0] === 'help' ? words[1] : words[0];
}
