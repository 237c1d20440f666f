/** The questions about inotify, on this machine. */
import { closeSync, constants, openSync, readSync } from 'node:fs';
import { answering } from './answering.ts';
import { errnoOf } from './errno.ts';
import { plainList, plainLook, sharesOurFiles } from './in-root-plain.ts';
import type { Native, NativeInotify } from './native/types.ts';
import { type PathGuard, pathGuard } from './path-guard.ts';
import { readWhole } from './procfs.ts';
import type { Reader } from './reader.ts';
import type { Answer, ByteString, Evidence, InotifyQuestions } from './types.ts';
import { describeProgram } from './watcher-program.ts';

type World = Pick<Evidence, 'now' | 'read' | 'readlink' | 'readSlow'>;

/** @param native the calls, or null; asked for at the first question that needs them */
export function liveInotify(world: World, reader: Pick<Reader, 'searchMount'>, native: () => Native | null): InotifyQuestions {
  const guard = pathGuard(world);
  const { answer, ask } = answering(world);
  const calls = (): NativeInotify | undefined => native()?.inotify;
  const withCalls = <T>(source: string, question: (calls: NativeInotify) => T): Answer<T> => {
    const there = calls();
    return there ? ask(source, () => question(there)) : answer<T>({ errno: 'ENOTSUP' }, source);
  };
  const lookInRoot: InotifyQuestions['lookInRoot'] = (pid, path) =>
    ask(`/proc/${pid}/root${path}`, () => {
      guard.check(pid, path);
      return calls()?.lookInRoot(pid, path) ?? plainLook(pid, path);
    });
  return {
    queueBytes: (pid, fd) => withCalls(`FIONREAD ${pid}:${fd}`, (there) => there.queueBytes(pid, fd)),
    pathsOfHandles: (pid, mountPoint, handles) => {
      const source = `open_by_handle_at ${pid}:${mountPoint}`;
      const all = withCalls(source, (there) => {
        guard.check(pid, mountPoint);
        return there.pathsOfHandles(pid, mountPoint, handles);
      });
      const { at } = all;
      if (!all.value) return handles.map(() => ({ errno: all.errno ?? 'EIO', at, source }));
      return all.value.map((reply) => ('value' in reply ? { value: reply.value, at, source } : { errno: reply.errno, at, source }));
    },
    lookInRoot,
    handleInRoot: (pid, path) =>
      withCalls(`name_to_handle_at /proc/${pid}/root${path}`, (there) => {
        guard.check(pid, path);
        return there.handleInRoot(pid, path);
      }),
    listInRoot: (pid, path) =>
      ask(`/proc/${pid}/root${path}`, () => {
        guard.check(pid, path);
        return calls()?.listInRoot(pid, path) ?? plainList(pid, path);
      }),
    searchMount: async (pid, mountPoint, inos) => {
      const source = `find /proc/${pid}/root${mountPoint}`;
      const opened = withCalls(source, (there) => {
        guard.checkWayTo(pid, mountPoint);
        return there.openInRoot(pid, mountPoint);
      });
      if (opened.value === undefined) return answer({ errno: opened.errno ?? 'EIO' }, source);
      try {
        return answer(await reader.searchMount(opened.value, new Set(inos)), source);
      } finally {
        closeSync(opened.value);
      }
    },
    watcherProgram: async (pid) => {
      const reply = await describeProgram(pid, {
        readlink: (path) => world.readlink(path),
        readSlow: (paths) => world.readSlow(paths),
        linkAt: (path) => lookInRoot(pid, path).value?.link,
        mounts: () => world.read(`/proc/${pid}/mountinfo`).value ?? '',
        readExe: (offset, length) => readPart(`/proc/${pid}/exe`, offset, length),
        readFile: (path) => readFile(pid, path, calls(), guard),
      });
      return answer(reply, `program of ${pid}`);
    },
  };
}

function readPart(path: string, offset: number, length: number): ByteString | undefined {
  try {
    const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const buffer = Buffer.alloc(length);
      return buffer.toString('latin1', 0, readSync(fd, buffer, 0, length, offset));
    } finally {
      closeSync(fd);
    }
  } catch (error) {
    errnoOf(error);
    return undefined;
  }
}

function readFile(pid: number, path: ByteString, calls: NativeInotify | undefined, guard: PathGuard): ByteString | undefined {
  try {
    guard.check(pid, path);
    if (calls) return calls.readInRoot(pid, path);
    return sharesOurFiles(pid) ? readWhole(path) : undefined;
  } catch (error) {
    errnoOf(error);
    return undefined;
  }
}
