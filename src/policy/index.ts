/** Policies and baselines: what users allow, and how much. */
export { type AllowEntry, applyAllow, readBaseline, writeBaseline } from './allow.ts';
export { type AssertPolicy, readAssertPolicy } from './assert.ts';
export { type DrillPolicy, readDrillPolicy } from './drill.ts';
export { type GatePolicy, type ModulePolicy, type OwnQuery, RULE_NAMES, type RuleName } from './gate/model.ts';
export { readGatePolicy } from './gate/read.ts';
