import type { Fd, Snapshot } from './types.ts';

/** The kcmp answer for two descriptors, whichever was asked first: one open file description? Undefined when nobody asked. */
export function sameDescription({ sameDescription: answers }: Snapshot, a: Fd, b: Fd): boolean | undefined {
  return answers.get(`${a.pid}:${a.fd}:${b.pid}:${b.fd}`) ?? answers.get(`${b.pid}:${b.fd}:${a.pid}:${a.fd}`);
}
