/** Formats of trace events: events/GROUP/NAME/format, kernel kernel/trace/trace_events.c f_show. */
import type { ByteString } from '../../../evidence/types.ts';

export interface Field {
  name: string;
  offset: number;
  size: number;
}

export interface EventFormat {
  /** `sys_enter_openat`. */
  name: string;
  id: number;
  /** Without the common ones; of a system call the arguments, in their order. */
  fields: Field[];
}

/** Undefined for what is no format. */
export function parseFormat(text: ByteString): EventFormat | undefined {
  const name = /^name: (\w+)$/m.exec(text)?.[1];
  const id = /^ID: (\d+)$/m.exec(text)?.[1];
  if (name === undefined || id === undefined) return undefined;
  const fields = [...text.matchAll(/^\tfield:[^;]*?\b(\w+)(?:\[\d*\])?;\toffset:(\d+);\tsize:(\d+);/gm)]
    .map(([, field, offset, size]) => ({ name: field!, offset: Number(offset), size: Number(size) }))
    .filter((field) => !field.name.startsWith('common_') && field.name !== '__syscall_nr');
  return { name, id: Number(id), fields };
}
