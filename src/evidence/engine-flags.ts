/** Flags of V8 that are changed while it runs. */

const back = new Set<string>();

/**
 * @param flags as on a command line; one that this V8 does not know it complains of on stderr
 * @param defaults the same flags as V8 has them when it starts
 */
export function setEngineFlags(flags: string, defaults: string): void {
  process.getBuiltinModule('node:v8').setFlagsFromString(flags);
  back.add(defaults);
}

/** To be called before compiled code is kept: V8 takes it back under the very flags only that it was kept under, which are those of a start. */
export function engineAsStarted(): void {
  for (const defaults of back) process.getBuiltinModule('node:v8').setFlagsFromString(defaults);
  back.clear();
}
