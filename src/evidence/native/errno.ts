/** From an errno number to an Error that carries its name. */
import { constants } from 'node:os';

const names = new Map<number, string>();
for (const [name, number] of Object.entries(constants.errno)) {
  // Two names may share a number (EAGAIN, EWOULDBLOCK): the first one is the one man pages lead with.
  if (!names.has(number)) names.set(number, name);
}

/** `EBADF` for 9; a number without a name in this C library becomes `E<number>`. */
export function errnoName(number: number): string {
  return names.get(number) ?? `E${number}`;
}

/** An Error as Node's own system errors look: `code` is the errno name, `syscall` what refused. */
export function systemError(syscall: string, code: string): Error & { code: string; syscall: string } {
  return Object.assign(new Error(`${syscall}: ${code}`), { code, syscall });
}
