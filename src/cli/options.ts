/** The options every command has, and their reading. */
import type { Command } from 'commander';
import { closest } from '../kernel/closest.ts';
import { UserError } from '../kernel/user-error.ts';
import { type ColourFlag, formatNamed, formats } from '../render/index.ts';
import type { FailOn } from '../report/index.ts';

export interface OutputTarget {
  format: string;
  /** A file; undefined is stdout. */
  file?: string;
}

export interface CommonOptions {
  outputs: OutputTarget[];
  failOn: FailOn;
  colour: ColourFlag;
  quiet: boolean;
  verbose: boolean;
}

export const failOnValues: readonly FailOn[] = ['info', 'warning', 'critical', 'never'];
export const colourValues: readonly ColourFlag[] = ['auto', 'always', 'never'];

/** Declares the options that every command has, behind its own. */
export function addCommonOptions(command: Command): void {
  command
    .option('--json', 'the report as JSON on stdout; same as --format json')
    .option('--format <name[=file]>', `${Object.keys(formats).join(', ')}; to a file with =FILE; may be given several times`, collect)
    .option('--fail-on <severity>', `exit 1 from this severity up: ${failOnValues.join(', ')} (default: critical)`)
    .option('--color <when>', `${colourValues.join(', ')}; also NO_COLOR and FORCE_COLOR`)
    .option('-q, --quiet', 'the verdict only')
    .option('-v, --verbose', 'all evidence and all coverage');
}

function collect(value: string, previous: string[] = []): string[] {
  return [...previous, value];
}

/** Throws UserError for values that are not of their lists. */
export function readCommonOptions(options: Record<string, unknown>): CommonOptions {
  const outputs = ((options.format ?? []) as string[]).map(parseOutput);
  if (options.json) outputs.push({ format: 'json' });
  const onStdout = outputs.filter((output) => output.file === undefined);
  if (onStdout.length > 1) throw new UserError(`${onStdout.length} formats want stdout (${onStdout.map((output) => output.format).join(', ')}): give all but one a file, NAME=FILE`);
  return {
    outputs,
    failOn: oneOf('--fail-on', options.failOn ?? 'critical', failOnValues),
    colour: oneOf('--color', options.color ?? 'auto', colourValues),
    quiet: Boolean(options.quiet),
    verbose: Boolean(options.verbose),
  };
}

function parseOutput(text: string): OutputTarget {
  const equals = text.indexOf('=');
  const format = equals < 0 ? text : text.slice(0, equals);
  if (!formatNamed(format)) {
    const near = closest(format, Object.keys(formats));
    throw new UserError(`--format: unknown format ${format}${near === undefined ? '' : `, did you mean ${near}?`}`, { hints: [`formats: ${Object.keys(formats).join(', ')}`] });
  }
  const file = equals < 0 ? undefined : text.slice(equals + 1);
  if (file === '') throw new UserError(`--format ${text}: no file behind =`);
  return file === undefined || file === '-' ? { format } : { format, file };
}

function oneOf<T extends string>(option: string, value: unknown, allowed: readonly T[]): T {
  const found = allowed.find((candidate) => candidate === value);
  if (found !== undefined) return found;
  const near = closest(String(value), allowed);
  throw new UserError(`${option}: ${String(value)} is not one of ${allowed.join(', ')}${near === undefined ? '' : `; did you mean ${near}?`}`);
}
