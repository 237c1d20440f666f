import type { BlockingCall } from './model.ts';

/** `sits in read() of pipe:[42] (descriptor 17)`. */
export function callText({ name, target }: BlockingCall): string {
  if (name.startsWith('epoll_')) return `waits for ${target ?? 'something'}`;
  const what = /^[a-z0-9_]+$/.test(name) ? `${name}()` : name;
  return `sits in ${what}${target === undefined ? '' : ` of ${target}`}`;
}
