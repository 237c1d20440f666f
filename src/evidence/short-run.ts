/**
 * Engines optimise functions that run often, on threads of their own. In the third of a second that a large table takes this never
 * pays: it was a tenth to a quarter of all CPU. Our host is in trouble, so we take less of it.
 */

import { setEngineFlags } from './engine-flags.ts';

declare const Bun: { unsafe: { setJITPolicy(scale: number): void } } | undefined;

/**
 * Its quick compiler makes nearly as good code; the other costs 8 MiB, 6 of its own pages, the rest its work, and a tenth of the CPU of a look
 * at two large tables, of ten nothing. Nor shall its space for new objects grow, which takes 3 MiB.
 */
const QUICK_COMPILER_ONLY = ['--no-concurrent-recompilation --no-turbofan --semi-space-growth-factor=1', '--concurrent-recompilation --turbofan --semi-space-growth-factor=2'] as const;

/**
 * It has no quick one, so the other is asked later, and for less: what a function calls it then seldom takes into it. A tenth less CPU of ten
 * large tables, of one no more and no less. The space for new objects as above.
 */
const LESS_INLINING = ['--interrupt-budget=300000 --max-inlined-bytecode-size-cumulative=200 --semi-space-growth-factor=1', '--interrupt-budget=67584 --max-inlined-bytecode-size-cumulative=920 --semi-space-growth-factor=2'] as const;

/** By line of Node, as measured, with what V8 has by itself; a flag that a V8 does not know it complains of on stderr. The quick compiler is on from 24. */
const FLAGS: Readonly<Record<string, readonly [string, string]>> = {
  20: LESS_INLINING,
  24: QUICK_COMPILER_ONLY,
  26: QUICK_COMPILER_ONLY,
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
  const flags = FLAGS[line];
  if (flags) setEngineFlags(...flags);
}

/** By line of Node: what runs often does so within the first milliseconds of a long log, and what does not need not be compiled. */
const STREAM_FLAGS: Readonly<Record<string, readonly [string, string]>> = { 20: ['--interrupt-budget=400000', '--interrupt-budget=67584'] };

/** Called before much is read, line by line: a quarter of all CPU was in threads that compile what a log needs a few thousand times. */
export function expectStream(): void {
  if (isSaid || typeof Bun !== 'undefined') return;
  const flags = STREAM_FLAGS[process.versions.node.split('.')[0] ?? ''];
  if (flags) setEngineFlags(...flags);
}

/** So many large tables that compiling does pay. */
export function expectLongRun(): void {
  if (isSaid && typeof Bun !== 'undefined') Bun.unsafe.setJITPolicy(USUAL_SCALE);
}
