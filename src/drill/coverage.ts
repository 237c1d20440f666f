/** What of the drill could not be done, or not be told. */
import type { Coverage } from '../report/index.ts';
import type { DrillData } from './data.ts';
import type { DrillSeen } from './model.ts';

/** A clock, a counter of requests, or a worker's name of several is none. */
const RESTLESS_FIX = 'expect what a reload alone changes: a version, or the time of the last reload';

export function coverageOf({ reloads, options, censuses, ended, restless, destroyed, destroyedDenied }: DrillSeen, { outcome, why, client, listener }: DrillData): Coverage[] {
  const happened = reloads.filter((reload) => reload.happened).length;
  const isWhole = happened === options.times;
  const denied = censuses.find((census) => census.denied !== undefined)?.denied;
  return [
    {
      source: 'reloads', status: isWhole ? 'ok' : happened > 0 ? 'partial' : 'absent', seen: happened, total: options.times,
      ...(!isWhole && { detail: outcome === 'not-reloaded' ? `NOT-RELOADED: ${why}` : (ended ?? why), fix: restless ? RESTLESS_FIX : fixOf(options.mode, reloads.some(({ happened: was }) => !was)) }),
      // Those that were made say what they say, when time was up.
      needed: isWhole || outcome === 'not-reloaded' || happened === 0,
    },
    { source: 'this client', status: client.fit ? 'ok' : 'partial', needed: outcome === 'invalid', ...(!client.fit && { detail: `${outcome === 'invalid' ? 'INVALID: ' : ''}${client.problems.join('; ')}`, fix: 'a lower --rate, or a quieter machine' }) },
    ...(listener === 'unknown' ? [{ source: 'listener', status: 'partial' as const, detail: 'who listens could not be read at every reload: whether the socket was handed over is not told', needed: false }] : []),
    ...(destroyedDenied !== null && listener !== 'unknown' ? [{ source: 'listeners that are destroyed', status: destroyedDenied === 'EPERM' ? 'denied' as const : 'unsupported' as const, detail: `sock_diag: ${destroyedDenied}`, ...(destroyedDenied === 'EPERM' && { fix: 'run it as root: the service has a network namespace of its own' }), needed: false }] : []),
    ...(destroyed?.isLossy ? [{ source: 'listeners that are destroyed', status: 'partial' as const, detail: 'the kernel had more to tell than it could (ENOBUFS)', needed: false }] : []),
    ...(denied === undefined ? [] : [{ source: 'what reloads leave behind', status: 'denied' as const, detail: denied, fix: 'run it as root, or as the user of the process', needed: false }]),
  ];
}

function fixOf(mode: 'process' | 'config', isMissing: boolean): string {
  if (!isMissing) return 'a longer --max-time';
  return mode === 'process' ? 'where the same process takes a new configuration: --mode config with --expect, --expect-metric or --expect-header' : 'see that what is expected can change, or give it longer: --reload-timeout';
}
