import { resolve } from 'node:path';
import { closest } from '../../kernel/closest.ts';
import { parseDuration } from '../../kernel/duration.ts';
import { UserError } from '../../kernel/user-error.ts';
import { type Model, modelNamed, modelNames } from './models.ts';

export interface LimitsOptions {
  /** Absolute. */
  trees: string[];
  model: Model;
  /** null where not given. */
  needInstances: number | null;
  needWatches: number | null;
  uid?: number;
  countTimeoutMs: number;
}

const COUNT_TIMEOUT_MS = 300_000;

/** Throws UserError for numbers that are none and libraries that are not known. */
export function parseLimits(args: readonly string[], options: Record<string, unknown>): LimitsOptions {
  const { library = 'dirs', uid, countTimeout } = options;
  const model = modelNamed(String(library));
  if (!model) {
    const near = nearest(String(library));
    throw new UserError(`--library: no model of ${String(library)}${near === undefined ? '' : `, did you mean ${near}?`}`, { hints: [`models: ${modelNames.join(', ')}`] });
  }
  const given = [...args, ...((options.for ?? []) as string[])];
  // An unset variable of a script must not become the working directory.
  if (given.includes('')) throw new UserError('an empty name is no directory', { hints: ['the working directory is .'] });
  if (options.library !== undefined && given.length === 0) throw new UserError('--library says how directories are watched: give one', { hints: [`reloadctl inotify-limits --for DIR --library ${model.name}`] });
  const paths = given.map(absolute);
  return {
    trees: [...new Set(paths)],
    model,
    needInstances: numberOf('--need-instances', options.needInstances),
    needWatches: numberOf('--need-watches', options.needWatches),
    ...(uid !== undefined && { uid: uidOf(uid) }),
    countTimeoutMs: countTimeout === undefined ? COUNT_TIMEOUT_MS : parseDuration('--count-timeout', String(countTimeout)),
  };
}

/** A name that shares its first letter with a model: short names of other tools are near to each by chance. */
function nearest(library: string): string | undefined {
  return closest(library, modelNames.filter((name) => name[0] === library[0]?.toLowerCase()));
}

/** Throws UserError where the working directory is gone, so that nothing can be found from it. */
function absolute(path: string): string {
  try {
    return resolve(path);
  } catch (error) {
    throw new UserError(`${path}: the working directory is not there any more (${(error as NodeJS.ErrnoException).code})`);
  }
}

/** The kernel keeps 2^32 - 1 for "none". */
const MOST_UID = 4_294_967_294;

function uidOf(value: unknown): number {
  const uid = numberOf('--uid', value)!;
  if (uid > MOST_UID) throw new UserError(`--uid: there is no user ${uid}: the last one is ${MOST_UID}`);
  return uid;
}

function numberOf(option: string, value: unknown): number | null {
  if (value === undefined) return null;
  const number = Number(value);
  if (!/^\d+$/.test(String(value)) || !Number.isSafeInteger(number)) throw new UserError(`${option}: ${String(value)} is no whole number`);
  return number;
}
