/** The rules about sockets and listeners: a new one is one file, one line here, one page in docs/findings. */
import type { RuleDefinition } from '../../report/index.ts';
import type { Observation } from '../../series/index.ts';
import { acceptQueueFull } from './accept-queue-full.ts';
import { closedBothWays } from './closed-both-ways.ts';
import { closeWait } from './close-wait.ts';
import { neverConnected } from './never-connected.ts';
import { unreadData } from './unread-data.ts';

export const socketRules: readonly RuleDefinition<Observation>[] = [acceptQueueFull, closeWait, closedBothWays, neverConnected, unreadData];
