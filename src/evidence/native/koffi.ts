/** The C library through koffi, for Node. */
import { createRequire } from 'node:module';
import type { Allocator, Libc, SyscallValue } from './libc.ts';

/** What we use of koffi. Its own types are not imported: the package is optional, these sources must compile without it. */
interface Koffi {
  load(path: string | null): { func(prototype: string): unknown };
  errno(): number;
  address(value: Buffer): bigint;
}

/** koffi knows no ssize_t, size_t or socklen_t by default: on the 64-bit machines we support they are long, unsigned long and int. */
const PROTOTYPES = {
  socket: 'int socket(int domain, int type, int protocol)',
  connect: 'int connect(int fd, void *address, int length)',
  send: 'long send(int fd, void *data, unsigned long length, int flags)',
  recv: 'long recv(int fd, void *data, unsigned long length, int flags)',
  getsockopt: 'int getsockopt(int fd, int level, int name, void *value, void *length)',
  setsockopt: 'int setsockopt(int fd, int level, int name, void *value, int length)',
  getsockname: 'int getsockname(int fd, void *address, void *length)',
  ioctl: 'int ioctl(int fd, unsigned long request, ...)',
  openByHandleAt: 'int open_by_handle_at(int mount, void *handle, int flags)',
  readlinkat: 'long readlinkat(int directory, void *name, void *buffer, unsigned long size)',
} as const;

/** Of glibc alone (malloc.h). */
const OF_GLIBC = { mallopt: 'int mallopt(int parameter, int value)', mallocTrim: 'int malloc_trim(unsigned long pad)' } as const;

/** The process itself first: its own C library is the one whose errno koffi.errno() reads. The names are for static builds of Node. */
function libraryNames(): (string | null)[] {
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  return [null, 'libc.so.6', `libc.musl-${machine}.so.1`, 'libc.so'];
}

/** Null where koffi is not installed, or finds no C library. */
export function koffiLibc(): Libc | null {
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

function bind(koffi: Koffi, name: string | null): Libc {
  const library = koffi.load(name);
  const functions = Object.entries(PROTOTYPES).map(([key, prototype]) => [key, library.func(prototype)]);
  const variadic = library.func('long syscall(long number, ...)') as (number: number, ...typesAndValues: unknown[]) => number;
  return {
    ...(Object.fromEntries(functions) as Omit<Libc, 'syscall' | 'errno' | 'addressOf' | 'allocator'>),
    allocator: () => allocatorOf(library),
    syscall: (number, ...values) => variadic(number, ...typed(values)),
    errno: () => koffi.errno(),
    addressOf: (buffer) => koffi.address(buffer),
  };
}

function allocatorOf(library: ReturnType<Koffi['load']>): Allocator | null {
  try {
    const [mallopt, mallocTrim] = [OF_GLIBC.mallopt, OF_GLIBC.mallocTrim].map((prototype) => library.func(prototype));
    return { mallopt, mallocTrim } as Allocator;
  } catch {
    return null;
  }
}

/** Each value behind its type. The kernel takes registers: an int is as good in a long. Written for thousands of calls in a row. */
function typed(values: readonly SyscallValue[]): unknown[] {
  const list: unknown[] = [];
  for (const value of values) list.push(typeof value === 'number' ? 'long' : 'void *', value);
  return list;
}
