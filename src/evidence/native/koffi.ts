/** The few functions of the C library that Node does not offer, bound through koffi. */
import { createRequire } from 'node:module';
import { errnoName, systemError } from './errno.ts';

/** Flat integers and buffers only; -1 means failure, and then `errno()` at once, before any other call. */
export interface Libc {
  syscall(number: number, ...typesAndValues: unknown[]): number;
  socket(domain: number, type: number, protocol: number): number;
  connect(fd: number, address: Buffer, length: number): number;
  send(fd: number, data: Buffer, length: number, flags: number): number;
  recv(fd: number, data: Buffer, length: number, flags: number): number;
  getsockopt(fd: number, level: number, name: number, value: Buffer, length: Buffer): number;
  setsockopt(fd: number, level: number, name: number, value: Buffer, length: number): number;
  getsockname(fd: number, address: Buffer, length: Buffer): number;
  ioctl(fd: number, request: number): number;
  errno(): number;
}

/** What we use of koffi. Its own types are not imported: the package is optional, these sources must compile without it. */
interface Koffi {
  load(path: string | null): { func(prototype: string): unknown };
  errno(): number;
}

/** koffi knows no ssize_t, size_t or socklen_t by default: on the 64-bit machines we support they are long, unsigned long and int. */
const PROTOTYPES = {
  syscall: 'long syscall(long number, ...)',
  socket: 'int socket(int domain, int type, int protocol)',
  connect: 'int connect(int fd, void *address, int length)',
  send: 'long send(int fd, void *data, unsigned long length, int flags)',
  recv: 'long recv(int fd, void *data, unsigned long length, int flags)',
  getsockopt: 'int getsockopt(int fd, int level, int name, void *value, void *length)',
  setsockopt: 'int setsockopt(int fd, int level, int name, void *value, int length)',
  getsockname: 'int getsockname(int fd, void *address, void *length)',
  ioctl: 'int ioctl(int fd, unsigned long request, ...)',
} as const;

/** The process itself first: its own C library is the one whose errno koffi.errno() reads. The names are for static builds of Node. */
function libraryNames(): (string | null)[] {
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  return [null, 'libc.so.6', `libc.musl-${machine}.so.1`, 'libc.so'];
}

function bind(koffi: Koffi, name: string | null): Libc {
  const library = koffi.load(name);
  const functions = Object.entries(PROTOTYPES).map(([key, prototype]) => [key, library.func(prototype)]);
  return { ...(Object.fromEntries(functions) as Omit<Libc, 'errno'>), errno: () => koffi.errno() };
}

/** Loads koffi and binds the C library; null when either cannot be had. Costs 5-10 ms of CPU the first time. */
export function loadLibc(): Libc | null {
  let koffi: Koffi;
  try {
    koffi = createRequire(import.meta.url)('koffi') as Koffi;
  } catch {
    return null;
  }
  for (const name of libraryNames()) {
    try {
      return bind(koffi, name);
    } catch {
      // Not there, or a linker script under a library's name: the next one.
    }
  }
  return null;
}

/** Passes a result on, or throws the Error of errno when it is negative. */
export function check(libc: Libc, syscall: string, result: number): number {
  if (result < 0) throw systemError(syscall, errnoName(libc.errno()));
  return result;
}
