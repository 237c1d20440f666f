/**
 * Engines optimise functions that run often, on threads of their own. In the third of a second that a large table takes this never
 * pays: it was a tenth to a quarter of all CPU. Our host is in trouble, so we take less of it.
 */

declare const Bun: { unsafe: { setJITPolicy(scale: number): void } } | undefined;

/** By line of Node, as measured; a flag that a V8 does not know it complains of on stderr. */
const FLAGS: Readonly<Record<string, string>> = {
  20: '--interrupt-budget=1000000',
  24: '--no-concurrent-recompilation',
};

/** How many times later than JSC would the single file compiles: what build-binary.mjs starts it with, and for a large table. */
const USUAL_SCALE = 20;
const SHORT_RUN_SCALE = 150;

let isSaid = false;

/** Called where a long list begins: on a short one it costs more than it saves. */
export function expectShortRun(): void {
  if (isSaid) return;
  isSaid = true;
  if (typeof Bun !== 'undefined') {
    Bun.unsafe.setJITPolicy(SHORT_RUN_SCALE);
    return;
  }
  const [line = ''] = process.versions.node.split('.');
  const flag = FLAGS[line];
  if (flag !== undefined) process.getBuiltinModule('node:v8').setFlagsFromString(flag);
}

/** So many large tables that compiling does pay. */
export function expectLongRun(): void {
  if (isSaid && typeof Bun !== 'undefined') Bun.unsafe.setJITPolicy(USUAL_SCALE);
}
