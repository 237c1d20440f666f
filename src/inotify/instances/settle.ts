/** A path that nobody seems to see, in a target whose processes come and go: `while inotifywait ...` has moments without a watch. */
import type { CoverageLog } from '../../kernel/coverage.ts';
import type { ResolvedTarget } from '../../kernel/targets/index.ts';
import { UserError } from '../../kernel/user-error.ts';
import type { InotifyLook } from './model.ts';

/** How often it is looked at, and how far apart, ms. */
const LOOKS = 4;
const PAUSE_MS = 250;
/** So many looks at the same processes that agree are believed. */
const AGREE = 3;
const BECAUSE = 'its processes began and ended while it was looked at: the one that watches may not have begun to, or be about to begin';

export interface Seen {
  target: ResolvedTarget;
  look: InotifyLook;
  coverage: CoverageLog;
}

export interface Settling {
  /** The target as it is now. Throws UserError when it is gone. */
  resolve(): ResolvedTarget;
  look(target: ResolvedTarget): Promise<Omit<Seen, 'target'>>;
  sleep(ms: number): Promise<void>;
  signal: AbortSignal;
}

/**
 * Looks again while a path is not seen, until a look says it is, or enough of them agree. Of a target that did not hold still
 * it says that it cannot be told.
 * @param first a look at all that was asked; when it took a while (windowMs), only what is expected is taken from later ones
 */
export async function untilSettled(first: Seen, { resolve, look, sleep, signal }: Settling): Promise<Seen> {
  let last = first;
  let moved = first.look.unsettled === true;
  for (let looks = 1; looks < LOOKS && isMissed(last) && (moved || looks < AGREE) && !signal.aborted; looks++) {
    await sleep(PAUSE_MS);
    const target = nowOf(resolve);
    if (!target) break;
    const next = { target, ...(await look(target)) };
    moved ||= next.look.unsettled === true || pidsOf(target) !== pidsOf(last.target) || pidsOf(nowOf(resolve)) !== pidsOf(target);
    last = next;
  }
  if (isMissed(last)) moved ||= pidsOf(nowOf(resolve)) !== pidsOf(last.target);
  const expectations = moved && isMissed(last) ? last.look.expectations.map(untold) : last.look.expectations;
  const kept = first.look.windowMs === undefined ? last : first;
  for (const { path, because } of expectations) if (because === BECAUSE) kept.coverage.note({ source: `--expect ${path}`, status: 'absent', detail: because, needed: true });
  return { ...kept, look: { ...kept.look, expectations } };
}

function isMissed({ look }: Seen): boolean {
  return look.expectations.some(isUnseen);
}

function isUnseen({ verdict }: InotifyLook['expectations'][number]): boolean {
  return verdict === 'not-seen' || verdict === 'partly';
}

function untold(expectation: InotifyLook['expectations'][number]): InotifyLook['expectations'][number] {
  return isUnseen(expectation) ? { ...expectation, verdict: 'unknown', changes: [], because: BECAUSE } : expectation;
}

function nowOf(resolve: () => ResolvedTarget): ResolvedTarget | undefined {
  try {
    return resolve();
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

function pidsOf(target: ResolvedTarget | undefined): string {
  return target?.pids.join(' ') ?? '';
}
