/** /proc/PID/maps: where what is mapped (fs/proc/task_mmu.c show_map_vma). */

export interface Mapping {
  start: number;
  end: number;
  writable: boolean;
  executable: boolean;
  /** Offset in the file. */
  offset: number;
  /** As in the line, ` (deleted)` included; empty for anonymous memory. */
  path: string;
  /** Device and inode: equal for all who map this file. */
  file: string;
  /** `7f00-7fff`, as map_files names it: without the zeros that maps begins low addresses with. */
  range: string;
}

const LINE = /^0*([\da-f]+)-0*([\da-f]+) ([r-])([w-])([x-])[ps] ([\da-f]+) (\S+ \d+) *(.*)$/;

/** Lines that are none are left out. */
export function parseMaps(text: string): Mapping[] {
  return text.split('\n').flatMap((line) => {
    const match = LINE.exec(line);
    if (!match) return [];
    const [, start, end, , write, execute, offset, file, path] = match as unknown as string[];
    return [{ start: Number.parseInt(start!, 16), end: Number.parseInt(end!, 16), writable: write === 'w', executable: execute === 'x', offset: Number.parseInt(offset!, 16), path: path!, file: file!, range: `${start}-${end}` }];
  });
}
