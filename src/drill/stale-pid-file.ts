/** A pid file that its service left behind, and whose number another process has meanwhile. */
import { basename, dirname } from 'node:path';
import type { Evidence } from '../evidence/types.ts';
import { parseStat } from '../kernel/proc/stat.ts';
import { encodeText } from '../kernel/text.ts';
import { UserError } from '../kernel/user-error.ts';
import { duration } from '../report/words.ts';

/** USER_HZ (include/asm-generic/param.h) is 100 wherever Node runs. */
const TICK_MS = 10;
/** Clocks are set, and files of whole seconds. */
const SLACK_MS = 60_000;

/** @throws UserError when the file was there long before the process that it names */
export async function refuseStalePidFile(evidence: Evidence, spec: string, pid: number): Promise<void> {
  if (!spec.includes('/') || spec.includes(':')) return;
  // The change of it cannot be set by hand, as its time of writing can.
  const [file] = await evidence.statSlow(encodeText(dirname(spec)), [encodeText(basename(spec))]);
  const older = beganAt(evidence, pid) - (file?.value?.changedMs ?? Number.NaN);
  if (older > SLACK_MS) throw new UserError(`pid file ${spec} was written ${duration(older)} before process ${pid} began: it is stale, and its number was given to another process`, { exitCode: 3, hints: [`when it is meant all the same: --pid ${pid}`] });
}

/** ms since 1970, by how much later than we it began: a container may be told another uptime than its ticks are of. */
function beganAt(evidence: Evidence, pid: number): number {
  const ticksOf = (one: number | 'self'): number => Number(parseStat(evidence.read(`/proc/${one}/stat`).value ?? '')?.startTime ?? Number.NaN);
  return Date.now() - process.uptime() * 1000 + (ticksOf(pid) - ticksOf('self')) * TICK_MS;
}
