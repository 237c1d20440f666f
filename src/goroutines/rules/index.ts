/** The rules about goroutines: a new one is one file, one line here, one page in docs/findings. */
import type { RuleDefinition } from '../../report/index.ts';
import type { Observation } from '../../series/index.ts';
import { blocked } from './blocked.ts';
import { crash } from './crash.ts';
import { decoded } from './decoded.ts';
import { growth } from './growth.ts';
import { leak } from './leak.ts';
import { lockCycle } from './lock-cycle.ts';
import { lockHolder } from './lock-holder.ts';
import { nilChannel } from './nil-channel.ts';
import { pause } from './pause.ts';
import { truncatedDump } from './truncated-dump.ts';

export const goroutineRules: readonly RuleDefinition<Observation>[] = [crash, lockCycle, lockHolder, leak, blocked, nilChannel, growth, truncatedDump].map(decoded);
export const pauseRules: readonly RuleDefinition<Observation>[] = [pause];
