import type { RuleDefinition } from '../../report/index.ts';
import type { DrillSeen } from '../model.ts';
import { badResponse } from './bad-response.ts';
import { notVisible } from './not-visible.ts';
import { oldStays } from './old-stays.ts';
import { refused } from './refused.ts';
import { reset } from './reset.ts';
import { timeout } from './timeout.ts';
import { webSocket } from './websocket.ts';

export const drillRules: readonly RuleDefinition<DrillSeen>[] = [refused, reset, timeout, badResponse, webSocket, oldStays, notVisible];
