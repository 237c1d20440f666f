export { type Refusal, type Runtime, refusalOf, runtimeOf } from './decide.ts';
export { type GateFacts, readGateFacts } from './facts.ts';
