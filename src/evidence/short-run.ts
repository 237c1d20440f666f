/**
 * V8 optimises functions that run often, on threads of its own. In the half second that a large table takes this never pays: it
 * was a tenth to a fifth of all CPU. Our host is in trouble, so we take less of it.
 */

/** By line of Node, as measured; a flag that a V8 does not know it complains of on stderr. */
const FLAGS: Readonly<Record<string, string>> = {
  20: '--interrupt-budget=1000000',
  24: '--no-concurrent-recompilation',
};

let isSaid = false;

/** Called where a long list begins: on a short one it costs more than it saves. */
export function expectShortRun(): void {
  if (isSaid) return;
  isSaid = true;
  const [line = ''] = process.versions.node.split('.');
  const flag = FLAGS[line];
  // In the single file the thresholds are set when it is built.
  if (flag !== undefined && process.versions.bun === undefined) process.getBuiltinModule('node:v8').setFlagsFromString(flag);
}
