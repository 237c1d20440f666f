/** `completion`: prints the completion of a shell that the package publishes. Asks nothing of the host. */
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { Outcome } from '../command.ts';
import { closest } from '../kernel/closest.ts';
import { UserError } from '../kernel/user-error.ts';
import { packageFile } from '../package-files.ts';

/** By the name that the loader of each shell wants: scripts/docs.mjs makes them from the tree of commands. */
export const completionFiles = { bash: 'completions/reloadctl.bash', zsh: 'completions/_reloadctl', fish: 'completions/reloadctl.fish' };

const HINTS = [
  'bash: source <(reloadctl completion bash)   # in ~/.bashrc',
  'zsh: source <(reloadctl completion zsh)   # in ~/.zshrc, behind compinit',
  'fish: reloadctl completion fish > ~/.config/fish/completions/reloadctl.fish',
];

export function configure(command: Command): void {
  command.argument('<shell>', Object.keys(completionFiles).join(', ')).addHelpText('after', `\nTo have it in each shell:\n${HINTS.join('\n')}`);
}

export async function run(args: string[]): Promise<Outcome> {
  return { kind: 'text', text: readFileSync(packageFile(fileFor(args[0]!)), 'utf8') };
}

/** Path inside the package. Throws UserError for a shell there is none for. */
export function fileFor(shell: string): string {
  if (Object.hasOwn(completionFiles, shell)) return completionFiles[shell as keyof typeof completionFiles];
  const shells = Object.keys(completionFiles);
  const near = closest(shell, shells);
  throw new UserError(`no completion for ${shell}${near === undefined ? '' : `, did you mean ${near}?`}`, { hints: [`shells: ${shells.join(', ')}`] });
}
