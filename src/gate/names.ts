export type { RuleName } from '../policy/index.ts';
