/** Goroutines of a live process by the line that made them, for those who ask what was left. */
import type { CommandContext } from '../command.ts';
import type { Frame, Group } from '../kernel/goroutines.ts';
import { decodeText } from '../kernel/text.ts';
import type { Coverage } from '../report/index.ts';
import { benignReason, SLEEPING } from './benign.ts';
import { ownerOf, placeOf, siteOf } from './names.ts';
import { openProcess } from './source/process.ts';
import type { TakeOptions } from './source/types.ts';

export interface PlacedGoroutines {
  count: number;
  /** `chan receive`, `select`, ... */
  state: string;
  /** `main.worker (worker.go:24)`: where they wait. */
  place: string;
  /** The function that made them, as the runtime names it; absent for those that the runtime starts. */
  creator?: string;
  /** `path:line` of the `go` statement, or of the place they wait at where nobody tells it. */
  site: string;
  /** Innermost first. */
  frames: string[];
  /** The test whose function made them, where its name tells. */
  test?: string;
  /** Why they wait by design. Sleeping is none here: it comes to an end, or it is a loop that nobody ends. */
  benign?: string;
  /** They get on, and may end by themselves. */
  isMoving: boolean;
}

export interface PlacedLook {
  goVersion: string | undefined;
  groups: PlacedGoroutines[];
  coverage: Coverage[];
}

const MOST_FRAMES = 12;
const TAKE: TakeOptions = { rows: false, sockets: false, force: false, light: true, leaks: false, timeoutMs: 10_000 };
/** `pkg.TestLeaks`, `pkg.TestLeaks.func1`, `pkg.(*suite).TestLeaks.func2`. */
const TEST = /\.((?:Test|Benchmark|Example|Fuzz)(?:[^a-z.][^.]*)?)(?:\.(?:func|gowrap)\d.*)?$/;

/**
 * From memory, or where that may not be read from the pprof listener of the process. The main goroutine and those of the runtime are
 * left out, and so is whoever ends the process. Throws NotGo for what is none of Go, UserError for what cannot be read.
 */
export async function goroutinesOf(pid: number, context: CommandContext, via?: 'memory'): Promise<PlacedLook> {
  const { take } = await openProcess(String(pid), {}, via, context);
  const { dump, coverage } = await take(TAKE);
  return { goVersion: dump.goVersion, groups: dump.groups.filter(isOwn).map(placed), coverage };
}

function isOwn({ system, creator, frames }: Group): boolean {
  if (system || frames.length === 0) return false;
  if (frames.some(({ func }) => ENDS.test(func))) return false;
  return creator !== undefined || !frames.some(({ func }) => func === 'main.main' || func === 'runtime.main');
}

const ENDS = /^(?:os\.Exit|os\.runtime_beforeExit|log\.Fatal(?:f|ln)?|testing\.\(\*M\)\.Run|testing\.\(\*T\)\.(?:Run|Parallel)|testing\.runTests)$/;

function placed(group: Group): PlacedGoroutines {
  const { frames, creator, state, count } = group;
  const at = creator ?? siteOf(frames)!;
  const benign = benignReason(group);
  const test = [creator, frames.at(-1)].map((frame) => frame && TEST.exec(frame.func)?.[1]).find((name) => name !== undefined);
  return {
    count,
    state,
    place: decodeText(placeOf(siteOf(frames)!)).text,
    ...(creator && { creator: decodeText(creator.func).text }),
    site: siteText(at),
    frames: frames.slice(0, MOST_FRAMES).map((frame) => decodeText(`${frame.func} ${siteText(frame)}`).text),
    ...(test !== undefined && { test: decodeText(test).text }),
    ...(benign !== undefined && benign !== SLEEPING ? { benign } : startedAtLoading(creator) && { benign: 'workers of a package, started as it was loaded' }),
    isMoving: state === 'running' || state === 'runnable',
  };
}

function siteText({ func, file, line }: Frame): string {
  return file === '' ? func : `${file}:${line}`;
}

/** Meant to live as long as the program does. */
function startedAtLoading(creator: Frame | undefined): boolean {
  return creator !== undefined && /\.init(?:\.\d+)?(?:\.func\d+)?$/.test(creator.func) && ownerOf(creator) !== 'stdlib';
}
