/** `record --when`: looks at little often, and takes a tape when the condition comes true: before a restart destroys the evidence. */
import type { CommandContext } from '../../command.ts';
import type { BundleFolder } from '../../effects/bundle-folder.ts';
import type { ResolvedTarget } from '../../kernel/targets/index.ts';
import { UserError } from '../../kernel/user-error.ts';
import { OutputFileError } from '../../render/index.ts';
import { bytes, duration, plural } from '../../report/words.ts';
import type { Values } from './expression.ts';
import type { Followed } from './followed.ts';
import { type Sample, sample } from './measure.ts';
import type { WhenOptions } from './options.ts';

export interface TakenBundle {
  file: string;
  bytes: number;
  /** RFC 3339. */
  at: string;
  pid: number;
  values: Values;
}

export interface Watched {
  samples: number;
  bundles: TakenBundle[];
  /** Tapes that could not be made. */
  failed: number;
  watchedMs: number;
  /** The one process that was meant has ended. */
  ended: boolean;
  lastOpen: number;
}

/** Makes one tape. Returns its size. @throws UserError, OutputFileError */
export type Take = (target: ResolvedTarget, file: string) => Promise<number>;

/** Until a signal comes, or the one process that is meant has ended. */
export async function watchFor(followed: Followed, asked: WhenOptions, folder: BundleFolder, take: Take, { evidence, signal, say }: CommandContext): Promise<Watched> {
  const { condition, everyMs } = asked;
  const result: Watched = { samples: 0, bundles: [], failed: 0, watchedMs: 0, ended: false, lastOpen: 0 };
  const start = evidence.now();
  /** Processes for which it holds, and a tape was made: another one when it has not held meanwhile. */
  const told = new Set<string>();
  let notBefore = 0;
  let wasThere: boolean | undefined;
  while (!signal.aborted) {
    const begun = evidence.now();
    const samples = (followed.target?.pids ?? []).flatMap((pid) => sample(evidence, pid, condition.measures) ?? []);
    if (samples.length > 0) result.samples++;
    const isThere = samples.length > 0;
    if (isThere !== wasThere) say(isThere ? `watching ${followed.spec}: ${plural('process', samples.length, 'processes')}; a tape when ${condition.text}` : `waiting for ${followed.spec}: ${followed.why || 'it has ended'}`);
    wasThere = isThere;
    result.lastOpen = samples.reduce((sum, { values }) => sum + (values.fds ?? 0), 0);
    const due = dueOf(samples, condition.holds, told);
    if (due && evidence.now() >= notBefore) {
      // What fails now fails in a moment, too.
      notBefore = evidence.now() + asked.pauseMs;
      await takeOne(due, followed.target!, asked, folder, take, result, told, say);
    }
    followed.renew(!isThere);
    if (!isThere && !followed.target && !followed.mayComeBack) {
      result.ended = true;
      break;
    }
    await evidence.sleep(Math.max(1, begun + everyMs - evidence.now()));
  }
  result.watchedMs = Math.round(evidence.now() - start);
  return result;
}

/** The first for which it holds and no tape was made; forgets those for which it does not hold any more. */
function dueOf(samples: readonly Sample[], holds: (values: Values) => boolean | undefined, told: Set<string>): Sample | undefined {
  const now = new Set<string>();
  let due: Sample | undefined;
  for (const one of samples) {
    // Not known is not false: nothing begins anew by it.
    const truth = holds(one.values);
    if (truth === false) continue;
    if (told.has(nameOf(one))) now.add(nameOf(one));
    else if (truth === true) due ??= one;
  }
  for (const name of told) if (!now.has(name)) told.delete(name);
  return due;
}

function nameOf({ pid, startTime }: Sample): string {
  return `${pid}:${startTime}`;
}

async function takeOne(due: Sample, target: ResolvedTarget, { keep, mostBytes, pauseMs }: WhenOptions, folder: BundleFolder, take: Take, result: Watched, told: Set<string>, say: (text: string) => void): Promise<void> {
  const at = new Date();
  const file = folder.fileAt(at);
  const words = Object.entries(due.values).map(([name, value]) => `${name} ${name === 'rss' ? bytes(value) : name === 'age' ? duration(value * 1000) : value}`).join(', ');
  try {
    const size = await take(target, file);
    result.bundles.push({ file, bytes: size, at: at.toISOString(), pid: due.pid, values: due.values });
    told.add(nameOf(due));
    say(`process ${due.pid}: ${words}: ${file}, ${bytes(size)}`);
  } catch (error) {
    if (!(error instanceof UserError || error instanceof OutputFileError)) throw error;
    result.failed++;
    say(`process ${due.pid}: ${words}: no tape: ${error.message}; again in ${duration(pauseMs)}`);
    return;
  }
  for (const removed of folder.trim(keep, mostBytes)) {
    const isNew = removed.file === file;
    say(isNew ? `${removed.file}: larger than --max ${bytes(mostBytes)}: not kept` : `${removed.file}: removed, so that the newest have room`);
    result.bundles = result.bundles.filter((bundle) => bundle.file !== removed.file);
  }
}
