export { isDeno, type Refusal, type Runtime, refusalOf, runtimeOf } from './decide.ts';
export { type GateFacts, readGateFacts } from './facts.ts';
export { epollsOfThreads, mainThread, stuckCall, turns, untilUninterrupted, watchedBy } from './main-thread.ts';
