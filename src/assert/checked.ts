/** Which rules looked: formats tell what passed, too, and what was not asked for has not. */
import { GOROUTINES_LEFT } from './rules/goroutines-left.ts';
import { GROWTH } from './rules/growth.ts';
import { LEFT, TIMEOUT } from './rules/left-behind.ts';
import { OPEN_AT_EXIT } from './rules/open-at-exit.ts';
import { TEST_LEAK } from './rules/test-leak.ts';
import type { AssertOptions } from './options.ts';

export const CHECKED_DURING: readonly string[] = [GROWTH];

export function checkedBy({ node, goroutines, timeoutMs }: AssertOptions): string[] {
  return [OPEN_AT_EXIT, LEFT, ...(node ? [TEST_LEAK] : []), ...(goroutines ? [GOROUTINES_LEFT] : []), ...(timeoutMs === undefined ? [] : [TIMEOUT])];
}
