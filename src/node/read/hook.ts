/** Stacks of what is made while we are attached. */
import { siteFrame, placeText, pathOf } from '../join/sites.ts';
import type { PendingPromise } from '../model.ts';
import { type HookOptions, type HookState, installHook } from '../probe/hook.ts';
import { asList, asNumber, asRecord, asText, decodeFrames } from './decode.ts';
import type { Realm } from './remote.ts';

const HOOK = `globalThis[Symbol.for('reloadctl.hook')]`;

/** Throws InspectorError. */
export async function startHook(realm: Realm, options: HookOptions): Promise<HookState> {
  return stateOf(await realm.value(`(${String(installHook)})(${JSON.stringify(options)})`));
}

export async function hookState(realm: Realm): Promise<HookState> {
  return stateOf(await realm.value(`JSON.stringify(${HOOK}?.state() ?? {})`));
}

export async function stopHook(realm: Realm): Promise<void> {
  await realm.value(`${HOOK}?.remove()`).catch(() => undefined);
}

/** By the line that made them, most first. */
export async function pendingPromises(realm: Realm): Promise<PendingPromise[]> {
  const text = await realm.value(`${HOOK}?.promises() ?? '[]'`);
  return asList(parse(text)).flatMap((one) => {
    const { stack, count, old, late, age } = asRecord(one);
    const frames = decodeFrames(stack).map((frame) => ({ ...frame, file: pathOf(frame.file) }));
    const site = siteFrame(frames);
    return site ? [{ site: placeText(site), count: asNumber(count) ?? 1, old: asNumber(old) ?? 0, settledLate: asNumber(late) ?? 0, ageMs: Math.round(asNumber(age) ?? 0), stack: frames }] : [];
  });
}

function stateOf(value: unknown): HookState {
  const { on, off, entries, cheap } = asRecord(parse(value));
  const why = asText(off, 200);
  return { on: on === true, ...(why !== undefined && { off: why }), entries: asNumber(entries) ?? 0, cheap: cheap === true };
}

function parse(value: unknown): unknown {
  try {
    return typeof value === 'string' ? JSON.parse(value) : undefined;
  } catch {
    return undefined;
  }
}
