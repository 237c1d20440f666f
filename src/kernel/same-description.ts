import type { Fd, Snapshot } from './types.ts';

/** The kcmp answer for two descriptors, whichever was asked first: one open file description? Undefined when nobody asked. */
export function sameDescription({ sameDescription: answers }: Snapshot, a: Fd, b: Fd): boolean | undefined {
  return answers.get(descriptionKey(a, b)) ?? answers.get(descriptionKey(b, a));
}

/** Key of the answer for `a` and `b`, asked in this order. */
export function descriptionKey(a: Fd, b: Fd): string {
  return `${a.pid}:${a.fd}:${b.pid}:${b.fd}`;
}
