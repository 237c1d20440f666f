/** The rules about looks at listeners and at what goes out: a new one is one file, one line here, one page in docs/findings, two tapes. */
import type { RuleDefinition } from '../../report/index.ts';
import type { ListenLook } from '../model.ts';
import type { OutboundLook } from '../outbound/model.ts';
import { backlogClipped } from './backlog-clipped.ts';
import { conntrack } from './conntrack.ts';
import { ephemeralPorts } from './ephemeral-ports.ts';
import { fileMax } from './file-max.ts';
import { heldTwice } from './held-twice.ts';
import { neverAccepted } from './never-accepted.ts';
import { overflows } from './overflows.ts';
import { pids } from './pids.ts';

export const listenRules: readonly RuleDefinition<ListenLook | OutboundLook>[] = [backlogClipped, heldTwice, neverAccepted, overflows, ephemeralPorts, fileMax, pids, conntrack];
