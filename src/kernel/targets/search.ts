/** What a search through all processes needs to be honest about: what it was not shown. */
import type { Evidence } from '../../evidence/types.ts';
import { shellWord } from '../../report/words.ts';
import { errnoWords } from '../coverage.ts';
import { whatHides } from '../hidepid.ts';
import { listPids } from '../process.ts';
import { UserError } from '../user-error.ts';

/** All pids we are shown. Throws UserError (exit 3) when /proc cannot be listed: "none" would be no answer. */
export function pidsToSearch(evidence: Evidence): number[] {
  const { errno } = evidence.list('/proc');
  if (errno !== undefined) throw new UserError(`/proc cannot be listed (${errnoWords(errno)}), so no process can be looked for`, { exitCode: 3 });
  return listPids(evidence);
}

/** What was typed: for the command that would see more. */
export interface Asked {
  spec: string;
  /** `fds`. */
  command: string;
}

/**
 * Exit 3: nothing was found, or what there is may be hidden from us.
 * @param nothing a whole sentence for when nothing is hidden, as the `hints` are
 * @param unseen what can be said when something is
 */
export function notFound(evidence: Evidence, { spec, command }: Asked, nothing: string, hints: readonly string[] = [], unseen = nothing): UserError {
  const hidden = whatHides(evidence);
  if (hidden === undefined) return new UserError(nothing, { exitCode: 3, hints });
  return new UserError(`${unseen}, or it is hidden: /proc is mounted with ${hidden}`, {
    exitCode: 3,
    hints: [`sudo reloadctl ${command} ${shellWord(spec)}`],
  });
}

/** Exit 3: `what` is there, and we may not look at it. */
export function refused(evidence: Evidence, { spec, command }: Asked, what: string): UserError {
  const hidden = whatHides(evidence);
  return new UserError(`${what}: not permitted to look at it (${hidden === undefined ? 'hidepid?' : `/proc is mounted with ${hidden}`})`, {
    exitCode: 3,
    ...(hidden !== undefined && { hints: [`sudo reloadctl ${command} ${shellWord(spec)}`] }),
  });
}
