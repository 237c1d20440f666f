import type { RuleDefinition } from '../../report/index.ts';
import type { PreflightLook } from '../model.ts';
import { binaryUnresolvable } from './binary-unresolvable.ts';
import { noHeadroom } from './no-headroom.ts';
import { signalBlocked } from './signal-blocked.ts';
import { signalKills } from './signal-kills.ts';
import { swapNotAtomic } from './swap-not-atomic.ts';
import { swapUnusable } from './swap-unusable.ts';

export const preflightRules: readonly RuleDefinition<PreflightLook>[] = [signalKills, signalBlocked, binaryUnresolvable, noHeadroom, swapNotAtomic, swapUnusable];
