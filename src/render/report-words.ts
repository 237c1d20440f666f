/** What the formats for people say in the same words. Raw text: each format escapes it in its own way. */
import type { Coverage, EvidenceItem, Report, Risk } from '../report/types.ts';
import { count, plural } from '../report/words.ts';
import { amount } from './format.ts';

export const RISK_WORDS: Record<Risk, string> = {
  none: '',
  live: 'changes the running process',
  reload: 'needs a reload',
  restart: 'needs a restart',
  host: 'changes the whole host',
};

export function valueWords({ value, unit, limit }: EvidenceItem): string {
  if (typeof value === 'number') return amount(value, unit, limit);
  const words = typeof value === 'boolean' ? (value ? 'yes' : 'no') : value;
  const suffix = unit === undefined ? '' : ` ${unit}`;
  return limit === undefined ? `${words}${suffix}` : `${words}${suffix} (limit ${amount(limit, unit)})`;
}

/** `nginx (pid 42) on web-1`. */
export function subjectWords({ target, host }: Pick<Report, 'target' | 'host'>): string {
  if (target === null) return host.hostname;
  const [pid] = target.pids;
  let pids = '';
  if (target.pids.length > 1 && !target.label.endsWith('processes)')) pids = ` (${plural('process', target.pids.length, 'processes')})`;
  else if (target.pids.length === 1 && pid !== undefined && !target.label.includes(String(pid))) pids = ` (pid ${pid})`;
  return `${target.label}${pids} on ${host.hostname}`;
}

/** `partial, 38 of 39 read: searched near the target only`. */
export function coverageWords({ status, seen, total, needed, detail }: Coverage): string {
  const read = seen === undefined ? '' : `, ${count(seen)}${total === undefined ? '' : ` of ${count(total)}`} read`;
  return `${status}${read}${needed && status !== 'ok' ? ', needed for the verdict' : ''}${detail === undefined ? '' : `: ${detail}`}`;
}
