import { resolve } from 'node:path';
import { closest } from '../../kernel/closest.ts';
import { parseDuration } from '../../kernel/duration.ts';
import { UserError } from '../../kernel/user-error.ts';
import { type Model, modelNamed, modelNames } from './models.ts';

export interface LimitsOptions {
  /** Absolute, none below another. */
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
    const near = closest(String(library), modelNames);
    throw new UserError(`--library: no model of ${String(library)}${near === undefined ? '' : `, did you mean ${near}?`}`, { hints: [`models: ${modelNames.join(', ')}`] });
  }
  const paths = [...args, ...((options.for ?? []) as string[])].map((path) => resolve(path));
  return {
    trees: withoutNested([...new Set(paths)]),
    model,
    needInstances: numberOf('--need-instances', options.needInstances),
    needWatches: numberOf('--need-watches', options.needWatches),
    ...(uid !== undefined && { uid: numberOf('--uid', uid)! }),
    countTimeoutMs: countTimeout === undefined ? COUNT_TIMEOUT_MS : parseDuration('--count-timeout', String(countTimeout)),
  };
}

/** One library watches a directory once, however often it is named. */
function withoutNested(paths: readonly string[]): string[] {
  return paths.filter((path) => !paths.some((other) => other !== path && path.startsWith(other === '/' ? other : `${other}/`)));
}

function numberOf(option: string, value: unknown): number | null {
  if (value === undefined) return null;
  const number = Number(value);
  if (!/^\d+$/.test(String(value)) || !Number.isSafeInteger(number)) throw new UserError(`${option}: ${String(value)} is no whole number`);
  return number;
}
