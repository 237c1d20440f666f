/** Rules that judge what a trace shows. Each id has a page in docs/findings. */
import type { RuleDefinition } from '../../report/index.ts';
import type { Observation } from '../../series/index.ts';
import { doubleClose, epollAfterClose, useAfterClose } from './bad-close.ts';
import { cloexecRace } from './cloexec-race.ts';
import { coverage } from './coverage.ts';
import { blocked, killedBeforeDrain, toctou } from './ends.ts';
import { execInherit } from './exec-inherit.ts';
import { leak } from './leak.ts';
import { addressInUse, listenGap, slowAccept } from './listeners.ts';
import { overflow } from './overflow.ts';
import { outOfFds } from './shortage.ts';

export const straceRules: readonly RuleDefinition<Observation>[] = [
  leak, outOfFds, doubleClose, useAfterClose, epollAfterClose, execInherit, cloexecRace, addressInUse, listenGap, killedBeforeDrain, blocked, slowAccept, toctou, overflow, coverage,
];
