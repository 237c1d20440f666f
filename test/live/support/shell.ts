/** Shells in which lines are typed and completed, and which tell the words that came of it. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { completionFiles } from '../../../src/completion/command.ts';
import { type Child, startChild } from './child.ts';
import { ownFolder } from './program.ts';
import { until } from './until.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export const SHELLS = ['bash', 'zsh', 'fish'] as const;

export interface Shell {
  /** All words that a Tab at the end of this line offers. */
  words(line: string): Promise<string[]>;
  /** Processor time that the shell has taken so far, in ms: what others do meanwhile is not in it. */
  cpuMs(): number;
  stop(): Promise<void>;
}

interface Terminal {
  /** Starts an interactive shell without files of the user. */
  command: string;
  setUp: string[];
  /** Inserts all that is offered. */
  key: string;
}

const TERMINALS: Record<'bash' | 'zsh', Terminal> = {
  bash: { command: 'exec bash --norc --noprofile -i', setUp: ["bind 'set completion-query-items 0'", "bind 'set enable-bracketed-paste off'"], key: '\x1b*' },
  zsh: {
    command: 'exec zsh -f -i',
    setUp: ['unsetopt prompt_sp', 'autoload -Uz compinit', 'compinit -D -u', "zstyle ':completion:*' completer _all_matches _complete", "zstyle ':completion:*' insert yes", "zstyle ':completion:*' old-matches false"],
    key: '\t',
  },
};

export function startShell(name: (typeof SHELLS)[number]): Promise<Shell> {
  return name === 'fish' ? startFish() : startTerminal(name);
}

/** The function that stands in for reloadctl writes its words to a file, whole at once: no screen is read. */
async function startTerminal(name: 'bash' | 'zsh'): Promise<Shell> {
  const { command, setUp, key } = TERMINALS[name];
  const told = join(ownFolder('shell'), 'words');
  const child = await startChild('script', ['-qfec', command, '/dev/null'], { env: { TERM: 'dumb', HISTFILE: '/dev/null' } });
  const stand = `reloadctl() { printf '%s\\0' "$@" >${told}.new && mv ${told}.new ${told}; }`;
  for (const line of [...setUp, `source ${join(ROOT, completionFiles[name])}`, stand, 'reloadctl ready']) child.say(line);
  const take = async (): Promise<string[]> => {
    await until(() => existsSync(told), { what: `${name} to run its line`, deadlineMs: 30_000 });
    const words = readFileSync(told, 'utf8').split('\0').slice(0, -1);
    rmSync(told);
    return words;
  };
  await take();
  const words = async (line: string): Promise<string[]> => {
    child.say(`${line}${key}`);
    return (await take()).slice(wordsBefore(line));
  };
  // script(1) runs the shell as its child.
  const pid = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8'));
  return { words, cpuMs: () => cpuMsOf(pid), stop: () => stopTerminal(child) };
}

/** Arguments that stand before the word that is completed. */
function wordsBefore(line: string): number {
  const all = line.match(/"[^"]*"|\S+/g)!.length;
  return line.endsWith(' ') ? all - 1 : all - 2;
}

async function stopTerminal(child: Child): Promise<void> {
  child.say('exit');
  await child.stop();
}

/** fish is asked by its own `complete -C`, which is what its Tab does. */
async function startFish(): Promise<Shell> {
  const loop = `source ${join(ROOT, completionFiles.fish)}; while read line; complete -C "$line"; echo '@end'; end`;
  const child = await startChild('fish', ['--no-config', '-c', loop], { cwd: ownFolder('shell') });
  const words = async (line: string): Promise<string[]> => {
    child.say(line);
    const found = [];
    for (let word = await child.nextLine(); word !== '@end'; word = await child.nextLine()) found.push(word.split('\t')[0]!);
    return found;
  };
  return { words, cpuMs: () => cpuMsOf(child.pid), stop: () => child.stop() };
}

/** Of its first thread, in which shells do all of this. */
function cpuMsOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
}
