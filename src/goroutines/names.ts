/** Whose code a function is, and names short enough to be read. */
import type { Frame } from '../kernel/goroutines.ts';

export type Owner = 'own' | 'dependency' | 'stdlib';

/** First elements of the import paths of the standard library (go list std, up to 1.27). */
const STANDARD = new Set(
  ('archive bufio builtin bytes cmp compress container context crypto database debug embed encoding errors expvar flag fmt go hash html image index internal ' +
    'io iter log maps math mime net os path plugin reflect regexp runtime simd slices sort strconv strings structs sync syscall testing text time unicode ' +
    'unique unsafe uuid vendor weak').split(' '),
);

/** `net/http` of `net/http.(*conn).serve`; generic arguments may hold slashes and dots of their own. */
export function packageOf(func: string): string {
  const bare = func.replace(/\[.*\]/, '');
  const slash = bare.lastIndexOf('/');
  const dot = bare.indexOf('.', slash + 1);
  // A dot within the last element of a path is printed as %2e.
  return dot < 0 ? '' : bare.slice(0, dot).replace(/%2e/g, '.');
}

/** Go fetches newer versions of itself as a module. */
const TOOLCHAIN = /golang\.org\/toolchain@v/;

const owners = new WeakMap<Frame, Owner>();

/** Asked of every frame again and again: frames are shared, so the answer is kept with them. */
export function ownerOf(frame: Frame): Owner {
  let owner = owners.get(frame);
  if (owner === undefined) owners.set(frame, (owner = findOwner(frame)));
  return owner;
}

/** A program that was fetched and built (go install MODULE@VERSION) has its own code where dependencies lie; it knows its module. */
export function ownedBy(frame: Frame, module: string | undefined): Frame {
  if (module !== undefined && `${packageOf(frame.func)}/`.startsWith(`${module}/`)) owners.set(frame, 'own');
  return frame;
}

/** Of a frame whose owner was found before: on a tape its file may have another name. */
export function restoreOwner(frame: Frame, owner: Owner): Frame {
  owners.set(frame, owner);
  return frame;
}

function findOwner({ func, file }: Frame): Owner {
  const name = packageOf(func);
  const first = name.split('/')[0]!;
  if (STANDARD.has(first) && (!file.includes('@v') || TOOLCHAIN.test(file))) return 'stdlib';
  if (name === 'main') return 'own';
  if (/@v\d|\/pkg\/mod\/|\/vendor\/|\/usr\/share\/gocode\//.test(file)) return 'dependency';
  return 'own';
}

/** The innermost frame that is not of the standard library: where to look. Without any, the outermost, which says what it is all for. */
export function siteOf(frames: readonly Frame[]): Frame | undefined {
  return frames.find((frame) => ownerOf(frame) !== 'stdlib') ?? frames.findLast(({ func }) => !isRuntime(func)) ?? frames[0];
}

/** Whose a stack is: own code when any of it is. */
export function ownerOfStack(frames: readonly Frame[], creator?: Frame): Owner {
  const owners = [...frames, ...(creator ? [creator] : [])].map(ownerOf);
  return owners.includes('own') ? 'own' : owners.includes('dependency') ? 'dependency' : 'stdlib';
}

export function isRuntime(func: string): boolean {
  return func.startsWith('runtime.') || func.startsWith('internal/runtime/') || func.startsWith('runtime/internal/');
}

/** Goroutines that belong to the runtime and that it does not count (runtime/traceback.go isSystemGoroutine). */
export function isSystem(frames: readonly Frame[], creator: Frame | undefined): boolean {
  if (creator) return isRuntime(creator.func) && frames.every(({ func }) => isRuntime(func));
  return frames.length > 0 && frames.every(({ func }) => isRuntime(func)) && !frames.some(({ func }) => func === 'runtime.main');
}

/** `http.(*conn).serve` of `net/http.(*conn).serve`. */
export function shortName(func: string): string {
  const bracket = func.indexOf('[');
  const end = bracket < 0 ? func.length : bracket;
  return func.slice(func.lastIndexOf('/', end) + 1);
}

/** `watch.go:348` for people; the whole path is in the data. */
export function placeOf({ func, file, line }: Frame): string {
  if (file === '') return shortName(func);
  return `${shortName(func)} (${file.slice(file.lastIndexOf('/') + 1)}:${line})`;
}

/** The type of a method, else the function. */
export function codeOf(func: string): string {
  return receiverOf(func) ?? func;
}

const receivers = new Map<string, string | undefined>();
/** More names than a program has functions: then it is no program. */
const MOST_NAMES = 50_000;

/** `main.(*registry)` of `main.(*registry).lookup`. */
export function receiverOf(func: string): string | undefined {
  if (receivers.has(func)) return receivers.get(func);
  const receiver = /^(.*\.\(\*[^)]+\))\.[^.]+/.exec(func)?.[1];
  if (receivers.size >= MOST_NAMES) receivers.clear();
  receivers.set(func, receiver);
  return receiver;
}
