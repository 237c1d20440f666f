/** What was asked of `gate`, checked before anything else is. */
import { type Access, accessOf } from '../kernel/access.ts';
import { parseDuration } from '../kernel/duration.ts';
import { UserError } from '../kernel/user-error.ts';

export interface GateOptions {
  policy: string | undefined;
  module: string | undefined;
  prometheus: string | undefined;
  endpoint: string | undefined;
  pprof: string | undefined;
  process: string | undefined;
  /** undefined: one answer, now. */
  waitMs: number | undefined;
  /** undefined: as the policy says. */
  sampleMs: number | undefined;
  timeoutMs: number;
  record: boolean;
  explain: boolean;
  access: Access;
}

export const USUAL_TIMEOUT = '10s';

/** @throws UserError for what does not go together */
export function readOptions(args: readonly string[], given: Record<string, unknown>): GateOptions {
  const text = (name: string): string | undefined => (typeof given[name] === 'string' ? given[name] : undefined);
  const time = (name: string, option: string): number | undefined => {
    const value = text(name);
    return value === undefined ? undefined : parseDuration(option, value);
  };
  if (args.length > 0) throw new UserError(`${args[0]}: gate takes no target; the policy names modules, and --pid a process`, { hints: ['reloadctl gate --policy reloadctl.yaml --module NAME'] });
  const [record, explain] = [Boolean(given.record), Boolean(given.explain)];
  if (record && explain) throw new UserError('--record notes a reload, --explain shows the rules: leave one out');
  if (record && given.wait !== undefined) throw new UserError('--record notes a reload that was done: there is nothing to wait for', { hints: ['reloadctl gate --wait 10m && RELOAD && reloadctl gate --record'] });
  return {
    policy: text('policy'),
    module: text('module'),
    prometheus: text('prometheus'),
    endpoint: text('metrics'),
    pprof: text('pprof'),
    process: text('pid'),
    waitMs: time('wait', '--wait'),
    sampleMs: time('sample', '--sample'),
    timeoutMs: time('timeout', '--timeout') ?? parseDuration('--timeout', USUAL_TIMEOUT),
    record,
    explain,
    access: accessOf(given, text),
  };
}
