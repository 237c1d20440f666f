// The completions that the package publishes, by their paths in it.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { bashCompletion } from './bash.mjs';
import { fishCompletion } from './fish.mjs';
import { kinds } from './kinds.mjs';
import { zshCompletion } from './zsh.mjs';

const MAKERS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

/**
 * @param program of scripts/docs/program.mjs
 * @returns {{ files: Map<string, string>, problems: string[] }} texts by path; each value of which it is not known what completes it
 */
export function completions(root, program) {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const problems = new Set();
  const kindOf = kinds(program, problems);
  const files = new Map(Object.entries(program.completionFiles).map(([shell, path]) => [path, MAKERS[shell](program, version, kindOf)]));
  return { files, problems: [...problems] };
}
