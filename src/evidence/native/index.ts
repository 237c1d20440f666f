/** Native system calls for the live evidence, where the runtime and the machine allow them. */
import { handleInRoot, pathsOfHandles } from './handles.ts';
import { constants } from 'node:fs';
import { listInRoot, lookInRoot, O_CLOEXEC, O_PATH, openInRoot, readInRoot } from './in-root.ts';
import { queueBytes } from './inotify-queue.ts';
import { descriptionOrder, isEpollTarget, isMachineKnown, sameDescription } from './kcmp.ts';
import { loadLibc } from './libc.ts';
import { connectionsOf, heldInodesOf, inNetworkOf, reusesPort, sockDiagOf } from './network.ts';
import { watchListeners } from './listener-events.ts';
import { openFilesLimit } from './open-limit.ts';
import { probeSocket } from './pidfd.ts';
import { inetSockets, sockDiag } from './sock-diag.ts';
import { asUser, tryInstances } from './try-inotify.ts';
import { tryWatches } from './try-watches.ts';
import type { Native } from './types.ts';
import { userNamespaces } from './user-namespace.ts';

let loaded: Native | null | undefined;

function load(): Native | null {
  if (process.platform !== 'linux' || !isMachineKnown()) return null;
  const libc = loadLibc();
  if (libc === null) return null;
  return {
    sockDiag: (family) => sockDiag(libc, family),
    inetSockets: (family, take) => inetSockets(libc, family, take),
    sameDescription: (pid1, fd1, pid2, fd2) => sameDescription(libc, pid1, fd1, pid2, fd2),
    isEpollTarget: (pid, fd, epollFd, targetFd) => isEpollTarget(libc, pid, fd, epollFd, targetFd),
    openFilesLimit: (pid) => openFilesLimit(libc, pid),
    probeSocket: (pid, fd) => probeSocket(libc, pid, fd),
    network: {
      sockDiagOf: (pid, part) => sockDiagOf(libc, pid, part),
      connectionsOf: (pid) => connectionsOf(libc, pid),
      heldInodesOf: (pid, protocol) => heldInodesOf(libc, pid, protocol),
      inNetworkOf: (pid, read) => inNetworkOf(libc, pid, read),
      reusesPort: (pid, fd) => reusesPort(libc, pid, fd),
      watchListeners: (pid) => watchListeners(libc, pid),
    },
    users: {
      descriptionOrder: (pid1, fd1, pid2, fd2) => descriptionOrder(libc, pid1, fd1, pid2, fd2),
      userNamespaces: (pid) => userNamespaces(libc, pid),
      tryInstances: (wanted, uid) => (uid === undefined ? tryInstances(libc, wanted) : asUser(libc, uid, () => tryInstances(libc, wanted))),
      tryWatches: (wanted, uid) => tryWatches(libc, wanted, (action) => (uid === undefined ? action() : asUser(libc, uid, action))),
    },
    inotify: {
      queueBytes: (pid, fd) => queueBytes(libc, pid, fd),
      pathsOfHandles: (pid, mountPoint, handles) => pathsOfHandles(libc, pid, mountPoint, handles),
      lookInRoot: (pid, path) => lookInRoot(libc, pid, path),
      handleInRoot: (pid, path) => handleInRoot(libc, pid, path),
      openInRoot: (pid, path) => openInRoot(libc, pid, path, O_PATH | O_CLOEXEC | constants.O_DIRECTORY),
      listInRoot: (pid, path) => listInRoot(libc, pid, path),
      readInRoot: (pid, path) => readInRoot(libc, pid, path),
    },
  };
}

/**
 * The native calls, loaded at the first call and kept. Null in Node without koffi, on another system than Linux,
 * on another machine than x64 and arm64, and while RELOADCTL_NO_NATIVE is set to anything but the empty string.
 */
export function loadNative(): Native | null {
  if (process.env.RELOADCTL_NO_NATIVE) return null;
  if (loaded === undefined) loaded = load();
  return loaded;
}
