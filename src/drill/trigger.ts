/** What makes one reload: a signal, a command of the user, a change of a file; or the last with one of the others. */
import { type ChangeableFile, mannerOf, openChangeableFile } from '../effects/change-file.ts';
import { runShellCommand } from '../effects/shell-command.ts';
import { sendSignal } from '../effects/signal.ts';
import type { Evidence } from '../evidence/types.ts';
import { stillThere } from '../kernel/process.ts';
import { UserError } from '../kernel/user-error.ts';
import { shellWord } from '../report/words.ts';
import { newContent } from './new-content.ts';
import type { DrillOptions } from './options.ts';

export interface Fired {
  problem?: string;
  /** Of a command. */
  exitCode?: number | null;
}

export interface Trigger {
  /** What it does, for people: `SIGHUP`, `nginx -s reload`. */
  words: string;
  /** Makes the reload with this number, from 1; resolves when the command has ended. */
  fire(index: number, main: { pid: number; startTime: string } | undefined, signal: AbortSignal): Promise<Fired>;
  /** Puts back what was changed. Safe to call twice. */
  close(): void;
}

export async function openTrigger({ change, signal: name, command, commandMs }: DrillOptions, evidence: Evidence): Promise<Trigger> {
  const file = change && (await changeable(change.file, change.manner ?? mannerOf(change.file)));
  const text = command.length === 1 ? command[0]! : command.map(shellWord).join(' ');
  const words = [...(file ? [`a change of ${change!.file} (${file.manner})`] : []), ...(name === undefined ? [] : [`SIG${name}`]), ...(text === '' ? [] : [text])];
  let isClosed = false;
  return {
    words: words.join(', then '),
    close: () => {
      if (!isClosed) file?.restore();
      isClosed = true;
    },
    async fire(index, main, signal) {
      if (file) {
        try {
          file.write(newContent(file.original, index, change!.template));
        } catch (error) {
          return { problem: `${change!.file} could not be changed: ${(error as Error).message}` };
        }
      }
      if (name !== undefined) {
        if (!main) return { problem: 'nobody is there to get the signal' };
        const refused = sendSignal(main.pid, `SIG${name}` as NodeJS.Signals, () => (stillThere(evidence, main) === 'same' ? undefined : 'it has ended'));
        return refused === undefined ? {} : { problem: `SIG${name} could not be sent to process ${main.pid}: ${refused === 'EPERM' ? 'not permitted (EPERM)' : refused}` };
      }
      if (text === '') return {};
      const run = await runShellCommand(text, { timeoutMs: commandMs, signal });
      if (run.ended === 'timeout') return { exitCode: null, problem: `the command did not end in ${commandMs} ms: it and what it had started were ended` };
      if (run.ended === 'failed') return { exitCode: null, problem: `no shell could be started: ${run.problem}` };
      if (run.ended === 'stopped') return { exitCode: null, problem: 'stopped' };
      return { exitCode: run.exitCode, ...(run.exitCode !== 0 && { problem: `the command ended with ${run.exitCode}` }) };
    },
  };
}

async function changeable(path: string, manner: ChangeableFile['manner']): Promise<ChangeableFile> {
  try {
    return await openChangeableFile(path, manner);
  } catch (error) {
    throw new UserError(`--change ${path}: ${(error as Error).message}`);
  }
}
