/** The rules of this wing: a new one is one file, one line here, one page in docs/findings. */
import type { RuleDefinition } from '../../report/index.ts';
import { fileHandle } from './file-handle.ts';
import { handleGrowth } from './handle-growth.ts';
import type { NodeObservation } from './look-rule.ts';
import { loopBlocked } from './loop-blocked.ts';
import { openHandle } from './open-handle.ts';
import { orphanFd } from './orphan-fd.ts';
import { pendingPromise } from './pending-promise.ts';
import { unconsumedStream } from './unconsumed-stream.ts';

export const nodeRules: readonly RuleDefinition<NodeObservation>[] = [openHandle, handleGrowth, pendingPromise, loopBlocked, orphanFd, unconsumedStream, fileHandle];
