/** Go before 1.26, which keeps the table of functions among what is relocated: what `go` is, or what it fetches. */
import { spawnSync } from 'node:child_process';
import { plainEnv } from './child.ts';

const FETCHED = 'go1.25.12';
let found: { env: NodeJS.ProcessEnv } | null | undefined;

function minorOf(env: NodeJS.ProcessEnv): number {
  const { stdout } = spawnSync('go', ['env', 'GOVERSION'], { encoding: 'utf8', env });
  return Number(/^go1\.(\d+)/.exec(stdout ?? '')?.[1] ?? Infinity);
}

/** The environment in which `go` is that old; undefined where there is none. */
export function olderGo(): NodeJS.ProcessEnv | undefined {
  found ??= [{ GOTOOLCHAIN: 'local' }, { GOTOOLCHAIN: FETCHED }].map((env) => ({ env: plainEnv(env) })).find(({ env }) => minorOf(env) < 26) ?? null;
  return found?.env;
}
