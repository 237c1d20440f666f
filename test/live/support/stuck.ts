/** Processes of which a read in /proc never returns: a FUSE file system that falls silent, and a target stuck in it. */
import { startChild } from './child.ts';
import { compile, ownFolder } from './program.ts';

/** What these need: `describeNeeds(STUCK_NEEDS, ...)`. */
export const STUCK_NEEDS = ['root', 'fuse', 'cc'];

export interface SilentFs {
  pid: number;
  dir: string;
  /** Its one file. */
  file: string;
  /** From now on stat, read, write and poll of the file never return, and who asks cannot be killed. */
  fallSilent(): Promise<void>;
  /** Unmounts; whatever waits for the file gets an error. */
  stop(): Promise<void>;
}

/** Mounts the file system of never-answers.c in a folder of its own. */
export async function startSilentFs(): Promise<SilentFs> {
  const child = await startChild(await compile('never-answers.c'), [ownFolder('silent')]);
  const { dir, file } = JSON.parse(await child.nextLine()) as { dir: string; file: string };
  const fallSilent = async (): Promise<void> => {
    child.say('silent');
    await child.nextLine();
  };
  return { pid: child.pid, dir, file, fallSilent, stop: () => child.stop() };
}

/**
 * `open`: holds the file, so stat of it hangs. `epoll`: fdinfo of its epoll hangs, beyond kill -9.
 * `mmap`: cmdline, environ, mem, smaps hang (kill -9 helps the reader).
 */
export type StuckMode = 'open' | 'epoll' | 'mmap';

export interface StuckTarget {
  pid: number;
  fds: { file: number[]; epoll: number[] };
  threads: number[];
  fs: SilentFs;
  /** The file system first: only that frees the target. */
  stop(): Promise<void>;
}

/**
 * Starts stuck-target.c on a file system that is silent when this resolves. While `mmap` lives every `ps` and `lsof` of the
 * machine hangs at it: stop it as soon as the test has seen what it wants.
 */
export async function startStuck(mode: StuckMode): Promise<StuckTarget> {
  const [fs, program] = [await startSilentFs(), await compile('stuck-target.c')];
  // open(2) itself asks for nothing that falls silent; only the thread that then uses the file sticks.
  await fs.fallSilent();
  const child = await startChild(program, [mode, fs.file]);
  const told = JSON.parse(await child.nextLine()) as Pick<StuckTarget, 'pid' | 'fds' | 'threads'>;
  const stop = async (): Promise<void> => {
    await fs.stop();
    await child.stop();
  };
  return { ...told, fs, stop };
}
