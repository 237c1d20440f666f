/** What `record --when` is asked for. */
import { parseDuration } from '../../kernel/duration.ts';
import { parseSize } from '../../kernel/size.ts';
import { UserError } from '../../kernel/user-error.ts';
import { type Condition, parseCondition } from './expression.ts';

export interface WhenOptions {
  condition: Condition;
  folder: string;
  /** Tapes that are kept at most, and bytes they may have together. */
  keep: number;
  mostBytes: number;
  /** Between two samples. */
  everyMs: number;
  /** Between two tapes at least. */
  pauseMs: number;
}

const KEEP = 5;
const MOST_KEPT = 10_000;
const MOST_BYTES = 50 * 2 ** 20;
const EVERY_MS = 1000;
const SHORTEST_MS = 100;
const PAUSE_MS = 60_000;
/** Options that only go with --when. */
const OURS = ['keep', 'max', 'every', 'pause'] as const;
/** What a tape made by itself has no use for, or may not do. */
const NEVER = ['watch', 'interval', 'node', 'promises', 'yes', 'replace', 'from'] as const;

/** Undefined without --when. @throws UserError for what does not go together, or is no such value */
export function parseWhen(options: Record<string, unknown>): WhenOptions | undefined {
  const { when, output, keep, max, every, pause } = options;
  if (typeof when !== 'string') {
    const alone = OURS.find((name) => options[name] !== undefined);
    if (alone) throw new UserError(`--${alone} needs --when`, { hints: ["reloadctl record TARGET --when 'fds/soft > 0.8' -o FOLDER"] });
    return undefined;
  }
  const beside = NEVER.find((name) => options[name] !== undefined);
  if (beside) throw new UserError(`--${beside} does not go with --when`);
  const condition = parseCondition(when);
  if (typeof output !== 'string') throw new UserError('record --when needs a folder to write to', { hints: [`reloadctl record TARGET --when '${when}' -o FOLDER`] });
  if (output === '-') throw new UserError('record --when makes one file after the other: -o is a folder');
  const everyMs = typeof every === 'string' ? parseDuration('--every', every) : EVERY_MS;
  if (everyMs < SHORTEST_MS) throw new UserError(`--every ${String(every)} is too short: at least ${SHORTEST_MS}ms`);
  return {
    condition,
    folder: output,
    keep: typeof keep === 'string' ? parseCount(keep) : KEEP,
    mostBytes: typeof max === 'string' ? parseSize('--max', max) : MOST_BYTES,
    everyMs,
    pauseMs: typeof pause === 'string' ? parseDuration('--pause', pause) : PAUSE_MS,
  };
}

function parseCount(text: string): number {
  const number = Number(text);
  if (!/^\d+$/.test(text) || number < 1 || number > MOST_KEPT) throw new UserError(`--keep ${text}: a number from 1 to ${MOST_KEPT}`);
  return number;
}
