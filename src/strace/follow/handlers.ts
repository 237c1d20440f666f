import type { Handler } from '../calls/call.ts';
import { dupHandlers, ioctl } from '../calls/dup.ts';
import type { Epolls } from '../calls/epoll.ts';
import { openHandlers } from '../calls/open.ts';
import type { Paths } from '../calls/paths.ts';
import { processHandlers } from '../calls/processes.ts';
import { Notifications } from '../calls/seccomp.ts';
import type { Sockets } from '../calls/sockets.ts';
import { type Mappings, waitHandlers } from '../calls/uses.ts';

const none: Handler = () => undefined;

/** What each call that matters does to the tables, by its name. */
export function handlersFor(sockets: Sockets, epolls: Epolls, paths: Paths, mappings: Mappings): Record<string, Handler> {
  const notifications = new Notifications();
  const handlers: Record<string, Handler> = {
    ...openHandlers, ...dupHandlers, ...processHandlers, ...sockets.handlers, ...epolls.handlers, ...paths.handlers, ...mappings.handlers, ...waitHandlers,
    ioctl: (ctx, thread, call) => {
      if (call.ok && !notifications.take(ctx, thread, call)) ioctl(ctx, thread, call);
    },
    // Of these the newcomers know.
    clone: none, clone2: none, clone3: none, fork: none, vfork: none, kill: none,
  };
  for (const name of ['open', 'openat', 'execve']) {
    const own = handlers[name]!;
    handlers[name] = (ctx, thread, call) => {
      paths.used(ctx, thread, call);
      own(ctx, thread, call);
    };
  }
  return handlers;
}
