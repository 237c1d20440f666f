/** Who made what: a stack per object, taken where the object is made and written out only when somebody asks. */
import type { RawFrame } from '../probe/raw.ts';

export interface Made {
  /** Holds the stack that V8 took; it is formatted at the first look only. */
  holder: { stack?: unknown };
  /** performance.now(). */
  at: number;
  frames?: RawFrame[];
  /** The test that ran then, where somebody tells. */
  test?: TestMark | undefined;
}

/** A test of some runner. */
export interface TestMark {
  name: string;
  /** While its file was loaded, before any test. */
  isLoading: boolean;
}

/** Who wants to know more: what test runs now, and of everything that is noted. */
export const listening: { test?: () => TestMark | undefined; made?: (value: object, made: Made) => void } = {};

/** Frames of a stack: enough to get out of the libraries. */
const DEPTH = 16;
const known = new WeakMap<object, Made>();

/** The stack of whoever called `below`. Costs a microsecond or two, nothing is formatted. */
export function capture(below: (...args: never[]) => unknown): Made {
  const holder: Made['holder'] = {};
  const limit = Error.stackTraceLimit;
  try {
    Error.stackTraceLimit = DEPTH;
    Error.captureStackTrace(holder, below);
  } catch {
    // Frozen by the application.
  }
  Error.stackTraceLimit = limit;
  return { holder, at: performance.now(), ...(listening.test && { test: listening.test() }) };
}

/** Nothing is kept alive by it. What was noted first stays: a reconnect is no creation. */
export function note(value: unknown, made: Made): void {
  if (typeof value !== 'object' || value === null || known.has(value)) return;
  known.set(value, made);
  listening.made?.(value, made);
}

export function of(value: object): { stack: RawFrame[]; age: number } | undefined {
  const made = known.get(value);
  return made && written(made);
}

export function written(made: Made): { stack: RawFrame[]; age: number } {
  made.frames ??= framesOf(made.holder);
  return { stack: made.frames, age: performance.now() - made.at };
}

/** By a formatter of ours for as long as it takes: that of the application (source maps) may do anything. */
function framesOf(holder: Made['holder']): RawFrame[] {
  const before = Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace');
  try {
    Object.defineProperty(Error, 'prepareStackTrace', { configurable: true, writable: true, value: (_: unknown, sites: NodeJS.CallSite[]) => sites });
    const sites = holder.stack;
    if (!Array.isArray(sites)) return [];
    return (sites as NodeJS.CallSite[]).map((site) => ({
      func: site.getFunctionName() ?? '',
      file: site.getFileName() ?? site.getEvalOrigin() ?? '',
      line: site.getLineNumber() ?? 0,
      column: site.getColumnNumber() ?? 0,
    }));
  } catch {
    return [];
  } finally {
    if (before) Object.defineProperty(Error, 'prepareStackTrace', before);
    else delete (Error as { prepareStackTrace?: unknown }).prepareStackTrace;
  }
}
