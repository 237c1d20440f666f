// A command line as words: quotes as a shell takes them, and it ends where the shell begins something else.

const WORD = /\s*(?:(#.*|[|;&<>].*)|((?:'[^']*'|"[^"]*"|\\.|[^\s'"|;&<>\\])+))/y;

/** The words of the first command; a comment, a pipe, a redirection or another command ends it. */
export function words(line) {
  const found = [];
  WORD.lastIndex = 0;
  for (let match = WORD.exec(line); match?.[2] !== undefined; match = WORD.exec(line)) {
    found.push(match[2].replace(/'([^']*)'|"([^"]*)"|\\(.)/g, (_all, single, double, escaped) => single ?? double ?? escaped));
  }
  return found;
}
