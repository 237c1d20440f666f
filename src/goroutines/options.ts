import { parseDuration } from '../kernel/duration.ts';
import { UserError } from '../kernel/user-error.ts';
import type { DataOptions } from './data.ts';
import { type Export, parseExports } from './export/index.ts';
import { type Access, accessOf } from '../kernel/access.ts';
import type { Via } from './source/process.ts';
import type { TakeOptions } from './source/types.ts';
import { parseGroupBy, parseWhere } from './where.ts';

export interface GoroutinesOptions {
  data: DataOptions;
  take: TakeOptions;
  access: Access;
  via?: Via;
  /** The program that wrote a core file. */
  binary?: string;
  all: boolean;
  exports: Export[];
  /** ms until another look at what one look cannot judge; 0: one look only. */
  settleMs: number;
  watch?: { windowMs: number; intervalMs: number };
}

const USUAL_TIMEOUT_MS = 60_000;
const USUAL_SETTLE_MS = 2000;
const LONGEST_SETTLE_MS = 60_000;
const SHORTEST_INTERVAL_MS = 200;
const USUAL_INTERVAL_MS = 1000;
const USUAL_SAMPLES = 20;

/** Throws UserError for what does not fit. */
export function parseOptions(options: Record<string, unknown>): GoroutinesOptions {
  const text = (name: string): string | undefined => (typeof options[name] === 'string' ? options[name] : undefined);
  const where = text('where');
  const groupBy = text('groupBy');
  const timeout = text('timeout');
  const entry = text('entry');
  const list = Boolean(options.list);
  // Full dumps of Go before 1.27 have no labels; profiles have.
  const wantsLabels = groupBy !== undefined && /(^|,)\s*label:/.test(groupBy) && !list && where === undefined && !options.force;
  const exports = parseExports((options.export ?? []) as string[]);
  const watch = parseWatch(text('watch'), text('interval'));
  if (options.force && options.light) throw new UserError('--force asks for debug=2 and --light forbids it: give one of them');
  return {
    data: { list, ...(where !== undefined && { where: parseWhere(where) }), groupBy: groupBy === undefined ? [] : parseGroupBy(groupBy) },
    take: {
      rows: list || where !== undefined,
      // Each goroutine is written by its id: more ids are kept than are looked at.
      ...(exports.some(({ kind }) => kind === 'debug2') && { rowsIfCheap: true }),
      // Of a report, too.
      sockets: list || options.sockets === true,
      force: Boolean(options.force),
      light: Boolean(options.light) || wantsLabels,
      leaks: options.leakProfile !== false,
      timeoutMs: timeout === undefined ? USUAL_TIMEOUT_MS : parseDuration('--timeout', timeout),
      ...(entry !== undefined && { entry }),
    },
    access: accessOf(options, text),
    ...viaOf(text('via')),
    ...(text('binary') !== undefined && { binary: text('binary')! }),
    all: Boolean(options.all),
    settleMs: parseSettle(text('settle')),
    exports,
    ...(watch && { watch }),
  };
}

function viaOf(via: string | undefined): { via?: Via } {
  if (via === undefined) return {};
  if (via !== 'memory' && via !== 'endpoint') throw new UserError(`--via ${via}: memory or endpoint`);
  return { via };
}

function parseSettle(settle: string | undefined): number {
  if (settle === undefined) return USUAL_SETTLE_MS;
  const ms = settle === '0' ? 0 : parseDuration('--settle', settle);
  if (ms > LONGEST_SETTLE_MS) throw new UserError(`--settle ${settle} is too long: for more than a minute there is --watch`);
  return ms;
}

function parseWatch(watch: string | undefined, interval: string | undefined): GoroutinesOptions['watch'] {
  if (watch === undefined) {
    if (interval !== undefined) throw new UserError('--interval needs --watch', { hints: ['reloadctl goroutines <url> --watch 30s --interval 1s'] });
    return undefined;
  }
  const windowMs = parseDuration('--watch', watch);
  const intervalMs = interval === undefined ? Math.max(SHORTEST_INTERVAL_MS, Math.min(USUAL_INTERVAL_MS, windowMs / USUAL_SAMPLES)) : parseDuration('--interval', interval);
  if (intervalMs > windowMs) throw new UserError(`--interval ${interval ?? ''} is longer than --watch ${watch}`);
  if (intervalMs < SHORTEST_INTERVAL_MS) throw new UserError(`--interval ${interval ?? ''} is too short: at least ${SHORTEST_INTERVAL_MS}ms, or the watch becomes the load`);
  return { windowMs, intervalMs };
}
