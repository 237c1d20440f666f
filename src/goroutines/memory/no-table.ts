/** Programs without the table of functions of Go's own compiler: what they are instead, as far as their files tell. */
import type { RandomFile } from '../../evidence/types.ts';
import { type Elf, take } from '../../kernel/elf.ts';
import { Unreadable } from './unreadable.ts';

/** Where packers leave their mark. */
const HEAD = 4096;
/** Names of symbols: TinyGo's programs are small. */
const MOST_NAMES = 8 * 1024 * 1024;

export function withoutTable(file: RandomFile, { sections }: Elf): Unreadable {
  const start = take(file, 0, Math.min(file.size, HEAD));
  if (start?.includes('UPX!')) return new Unreadable('is packed with UPX, whose tables are gone: run it unpacked, or ask its pprof endpoint');
  const has = (...names: string[]): boolean => sections.some(({ name }) => names.includes(name));
  if (has('.go_export')) return new Unreadable('was built by gccgo, which keeps goroutines in another way');
  if (isTinyGo(file, sections)) return new Unreadable('was built by TinyGo, which keeps goroutines in another way');
  if (has('.go.buildinfo', '.note.go.buildid')) return new Unreadable('was built from Go, and has no table of functions where Go\'s own compiler puts it: by TinyGo or gccgo, which keep goroutines in another way, or made unreadable');
  return new Unreadable('is no Go program', false);
}

/** Its runtime calls its own assembly, as tinygo_startTask and tinygo_scanCurrentStack, in every program (-no-debug strips the names). */
function isTinyGo(file: RandomFile, sections: Elf['sections']): boolean {
  const symbols = sections.find(({ name }) => name === '.symtab');
  const names = symbols && sections[symbols.link];
  return (names && names.size <= MOST_NAMES && take(file, names.offset, names.size)?.includes('\0tinygo_')) ?? false;
}
