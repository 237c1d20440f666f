export { type Refusal, type Runtime, refusalOf, runtimeOf } from './decide.ts';
export { type GateFacts, readGateFacts } from './facts.ts';
export { epollsOfThreads, mainThread, stuckCall, untilUninterrupted, watchedBy } from './main-thread.ts';
