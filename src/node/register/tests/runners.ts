/** Which runner runs here, which test it is at, and when a file of tests is through. */
import { AsyncResource } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import module from 'node:module';
import workerThreads from 'node:worker_threads';
import type { TestMark } from '../made.ts';
import { ownInterval } from './survivors.ts';

export interface RunnerWatch {
  name(): string | undefined;
  test(): TestMark | undefined;
}

interface TestLike {
  name?: string;
  title?: string;
  parent?: TestLike;
  suite?: TestLike;
  file?: TestLike;
  filepath?: string;
  collectDuration?: number;
  finished?: boolean;
  subtests?: TestLike[];
  /** Of a hook. */
  parentTest?: TestLike | null;
  hookType?: string;
}

/** What is made there belongs to no test. */
const HOOK = 'a hook of the file';

const isMark = (name: string | undefined, isLoading = false): TestMark | undefined => (name === undefined || name === '' ? undefined : { name: name.slice(0, 300), isLoading });

/** `judge` is called when a file is through, its hooks too; awaited where the runner waits. */
export function watchRunners(judge: () => Promise<void>): RunnerWatch {
  let runner: string | undefined;
  let current: TestMark | undefined;
  const script = process.argv[1] ?? '';
  const tell: Tell = (name, mark) => {
    runner = name;
    current = mark;
  };
  if (/mocha/.test(script)) watchMocha(tell, judge);
  if (/jest/.test(script)) watchJest(tell, judge);
  watchNodeTest(tell, judge);
  watchVitest(() => (runner = 'vitest'), judge);
  return {
    name: () => runner,
    test: () => {
      const worker = (globalThis as { __vitest_worker__?: { current?: TestLike } }).__vitest_worker__;
      return worker ? vitestMark(worker.current) : current;
    },
  };
}

type Tell = (runner: string, mark: TestMark | undefined) => void;

/** Its events tell; who emits them is known by its functions, wherever it was loaded from. */
function watchMocha(tell: Tell, judge: () => Promise<void>): void {
  const { emit } = EventEmitter.prototype;
  EventEmitter.prototype.emit = function (this: EventEmitter & { runTests?: unknown; suite?: unknown }, event: string | symbol, ...args: unknown[]): boolean {
    if (typeof this.runTests === 'function' && this.suite !== undefined) {
      const asked = args[0] as TestLike | undefined;
      // A hook of each test is the test's own; those of a suite have a title with quotes in it.
      if (event === 'test') tell('mocha', isMark(namesOf(asked, '')));
      if (event === 'hook' && /^"(?:before|after) all"/.test(asked?.title ?? '')) tell('mocha', isMark(namesOf(asked?.parent, '') || HOOK));
      if (event === 'start') tell('mocha', undefined);
      if (event === 'end') void judge();
    }
    return Reflect.apply(emit, this, [event, ...args]) as boolean;
  };
}

/** Environments are loaded in the outer realm: their events and their end are told there. */
function watchJest(tell: Tell, judge: () => Promise<void>): void {
  const loader = module as unknown as { _load: (...args: unknown[]) => unknown };
  const { _load: load } = loader;
  const seen = new WeakSet<object>();
  loader._load = function (this: unknown, ...args: unknown[]): unknown {
    const exported = Reflect.apply(load, this, args) as { TestEnvironment?: unknown; default?: unknown } | undefined;
    if (typeof args[0] !== 'string' || !/environment/i.test(args[0])) return exported;
    for (const one of [exported, exported?.TestEnvironment, exported?.default]) {
      const prototype = typeof one === 'function' ? (one.prototype as EnvironmentLike) : undefined;
      if (!prototype || typeof prototype.getVmContext !== 'function' || typeof prototype.teardown !== 'function' || seen.has(prototype)) continue;
      seen.add(prototype);
      const { handleTestEvent, teardown } = prototype;
      prototype.handleTestEvent = function (this: EnvironmentLike, event, state) {
        if (event.name === 'test_start' || event.name === 'test_fn_start') tell('jest', isMark(namesOf(event.test, 'ROOT_DESCRIBE_BLOCK')));
        // Hooks of each test are its own.
        else if (event.name === 'hook_start' && event.hook?.type?.endsWith('All')) tell('jest', isMark(namesOf(event.hook.parent, 'ROOT_DESCRIBE_BLOCK') || HOOK));
        else if (event.name === 'run_start') tell('jest', undefined);
        return handleTestEvent?.call(this, event, state);
      };
      prototype.teardown = async function (this: EnvironmentLike) {
        await judge();
        tell('jest', undefined);
        return teardown.call(this);
      };
    }
    return exported;
  };
}

interface EnvironmentLike {
  getVmContext: () => unknown;
  teardown: () => Promise<void>;
  handleTestEvent?: (event: { name: string; test?: TestLike; hook?: { type?: string; parent?: TestLike } }, state: unknown) => unknown;
}

/** Each of its tests is an AsyncResource, in whose scope its function is called. The root never ends while the loop is held. */
function watchNodeTest(tell: Tell, judge: () => Promise<void>): void {
  const { runInAsyncScope } = AsyncResource.prototype;
  let root: TestLike | undefined;
  AsyncResource.prototype.runInAsyncScope = function (this: AsyncResource, ...args: never[]): never {
    const test = this as unknown as TestLike;
    const kind = this.constructor.name;
    if ((kind === 'Test' || kind === 'Suite' || kind === 'TestHook') && Array.isArray(test.subtests)) {
      // Hooks are in no tree, and are what a file often begins with.
      const place = kind === 'TestHook' ? test.parentTest : test;
      let top = place;
      while (top?.parent) top = top.parent;
      if (place && top && top !== test) {
        if (!root) begin(top);
        root ??= top;
        tell('node:test', isMark(ownTestOf(test, args[1]) ?? (namesOf(place, '<root>') || HOOK)));
      }
    }
    return Reflect.apply(runInAsyncScope, this, args) as never;
  };
  const begin = (top: TestLike): void => {
    let calm = 0;
    const timer = ownInterval(() => {
      const tests = top.subtests ?? [];
      calm = tests.length > 0 && tests.every(({ finished }) => finished === true) ? calm + 1 : 0;
      // After the hooks of the file, which come when all its tests are through.
      if (calm === 3) void judge();
    }, 25);
    timer.unref();
  };
}

/** A hook of each test is the test's own, whose context it gets. */
function ownTestOf({ hookType }: TestLike, context: { name?: unknown; fullName?: unknown } | undefined): string | undefined {
  if (hookType !== 'beforeEach' && hookType !== 'afterEach') return undefined;
  const name = context?.fullName ?? context?.name;
  return typeof name === 'string' ? name : undefined;
}

/** A worker, process or thread, says that a file is through: that is said a moment later. */
function watchVitest(tell: () => void, judge: () => Promise<void>): void {
  const delay = (holder: object, name: 'send' | 'postMessage'): void => {
    const original = (holder as Record<string, unknown>)[name] as ((...args: unknown[]) => unknown) | undefined;
    if (typeof original !== 'function') return;
    (holder as Record<string, unknown>)[name] = function (this: unknown, ...args: unknown[]): unknown {
      const message = args[0] as { type?: unknown } | null;
      if (typeof message !== 'object' || message?.type !== 'testfileFinished') return Reflect.apply(original, holder, args);
      tell();
      void judge().finally(() => Reflect.apply(original, holder, args));
      return true;
    };
  };
  if (workerThreads.parentPort) delay(workerThreads.parentPort, 'postMessage');
  else if (/vitest/.test(process.argv[1] ?? '')) delay(process, 'send');
}

/** Of a task, a suite or a file. */
function vitestMark(task: TestLike | undefined): TestMark | undefined {
  if (!task) return undefined;
  const isFile = task.filepath !== undefined;
  const name = isFile ? task.name : namesOf({ ...task, parent: task.suite as TestLike }, '');
  return isMark(name, isFile && task.collectDuration === undefined);
}

/** Suites and test, as runners print them. */
function namesOf(test: TestLike | undefined, root: string): string {
  const names: string[] = [];
  for (let at = test; at && names.length < 20; at = at.parent ?? at.suite) {
    const name = at.name ?? at.title;
    if (name !== undefined && name !== '' && name !== root && at.filepath === undefined) names.unshift(name);
  }
  return names.join(' > ');
}
