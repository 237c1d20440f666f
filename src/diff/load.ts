/** One side of a comparison: a saved report, or a tape or a log of strace, which is looked at now. */
import type { CommandContext } from '../command.ts';
import { UserError } from '../kernel/user-error.ts';
import { readUserInput } from '../kernel/user-input.ts';
import { isStraceLog } from '../strace/index.ts';
import { isObject, type Problem } from './check.ts';
import { lineAndColumn, placeOf } from './json-position.ts';
import { lookAtStraceLog, lookAtTape } from './look.ts';
import { problemOf, type SavedReport } from './saved-report.ts';

export interface Side {
  letter: 'A' | 'B';
  /** As typed; `-` is stdin. */
  file: string;
  isTape: boolean;
  /** Names and addresses are pseudonyms, of this tape alone. */
  redacted: boolean;
  report: SavedReport;
  /** The error for a value of the file that is not what it should be. */
  wrong(problem: Problem): UserError;
}

/** @throws UserError or TapeError (exit 2), FILE:LINE:COL in front, for what is none of them */
export async function loadSide(letter: Side['letter'], file: string, context: CommandContext): Promise<Side> {
  if (file !== '-' && (await isStraceLog(file, context.signal))) {
    return { letter, file, isTape: false, redacted: false, report: await lookAtStraceLog(file, context), wrong: ({ what }) => new UserError(`${file}: ${what}`) };
  }
  const { text, name } = await readUserInput(file, context.stdin, context.signal);
  const wrong = ({ path, what }: Problem): UserError => new UserError(`${name}:${position(text, placeOf(text, path)?.offset ?? 0)}: ${what}`);
  const first = tryParse(text.slice(0, text.indexOf('\n') >>> 0));
  if (isObject(first) && first.reloadctl === 'tape') {
    const { report, redacted } = await lookAtTape(text, name, context);
    return { letter, file: name, isTape: true, redacted, report, wrong };
  }
  if (isObject(first) && first.type === 'start') {
    throw new UserError(`${name}:1:1: an NDJSON stream; save the report with --json, or --format json=FILE`);
  }
  const value = tryParse(text);
  if (value === undefined) {
    const place = placeOf(text);
    throw new UserError(`${name}:${position(text, place?.offset ?? 0)}: not JSON: ${text.trim() === '' ? 'it is empty' : (place?.problem ?? 'it cannot be read')}`);
  }
  const problem = problemOf(value);
  if (problem) throw wrong(problem);
  return { letter, file: name, isTape: false, redacted: false, report: value as SavedReport, wrong };
}

function position(text: string, offset: number): string {
  const { line, column } = lineAndColumn(text, offset);
  return `${line}:${column}`;
}

/** undefined for what is not JSON: JSON itself has no such value. */
function tryParse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
