import { duration } from '../../report/words.ts';
import { infoField, weakIdentity } from './anon.ts';
import type { Kind } from './kind.ts';

export interface TimerfdDetail {
  /** `CLOCK_MONOTONIC`, ... */
  clock?: string;
  /** Expirations nobody has read. */
  ticks?: number;
  /** Until the next expiration; 0: disarmed. */
  nextMs?: number;
  intervalMs?: number;
}

const clocks: Record<string, string> = {
  0: 'CLOCK_REALTIME', 1: 'CLOCK_MONOTONIC', 7: 'CLOCK_BOOTTIME', 8: 'CLOCK_REALTIME_ALARM', 9: 'CLOCK_BOOTTIME_ALARM',
};

/** fs/timerfd.c timerfd_show. */
export const timerfd: Kind<TimerfdDetail> = {
  name: 'timerfd',
  plural: 'timerfds',
  matches: (link) => link === 'anon_inode:[timerfd]',
  decode: ({ info }) => {
    const clock = infoField(info, 'clockid');
    const ticks = infoField(info, 'ticks');
    const next = milliseconds(infoField(info, 'it_value'));
    const interval = milliseconds(infoField(info, 'it_interval'));
    return {
      ...(clock !== undefined && { clock: clocks[clock] ?? `clock ${clock}` }),
      ...(ticks !== undefined && { ticks: Number(ticks) }),
      ...(next !== undefined && { nextMs: next }),
      ...(interval !== undefined && { intervalMs: interval }),
    };
  },
  identity: weakIdentity,
  key: () => 'timerfd',
  attributes: (fd) => ({ ...fd.detail }),
  describe: ({ detail: { clock, nextMs, intervalMs } }) =>
    `timerfd ${clock ?? ''} ${nextMs === 0 ? 'disarmed' : `next in ${words(nextMs)}`}, every ${words(intervalMs)}`,
};

function words(ms: number | undefined): string {
  return ms === undefined ? '?' : duration(ms);
}

/** `(4, 999992336)` is seconds and nanoseconds. */
function milliseconds(pair: string | undefined): number | undefined {
  const match = pair === undefined ? null : /^\((\d+), (\d+)\)$/.exec(pair);
  return match ? Number(match[1]) * 1000 + Number(match[2]) / 1e6 : undefined;
}
