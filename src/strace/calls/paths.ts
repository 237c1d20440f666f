/** A path that is checked by one process, changed by another, and used by the first. */
import { endOfString, firstString, unescaped } from '../parse/args.ts';
import { flat } from '../tables/flat.ts';
import { PathTable } from '../tables/path-table.ts';
import type { Thread } from '../tables/types.ts';
import { base, type Call, type Context, type Handler } from './call.ts';

const MOST_EVENTS = 200;

export class Paths {
  readonly table = new PathTable();
  private events = 0;
  /** Without any no use is looked at. */
  changes = 0;

  readonly handlers: Record<string, Handler> = {
    ...Object.fromEntries(['stat', 'lstat', 'stat64', 'lstat64', 'newfstatat', 'fstatat64', 'statx', 'access', 'faccessat', 'faccessat2', 'readlink', 'readlinkat'].map((name): [string, Handler] => [name, (_context, thread, call) => this.checked(thread, call)])),
    ...Object.fromEntries(['rename', 'renameat', 'renameat2', 'unlink', 'unlinkat', 'symlink', 'symlinkat', 'link', 'linkat'].map((name): [string, Handler] => [name, (_context, thread, call) => this.changed(thread, call)])),
  };

  private checked(thread: Thread, call: Call): void {
    if (!call.ok) return;
    const path = firstString(call.args)?.value;
    if (!path?.startsWith('/')) return;
    const known = this.table.find(path);
    this.look(known >= 0 ? known : this.table.add(flat(path)), thread.pid, call.name, call.line, call.time);
  }

  /** Somebody asked for what is at a path, given by its place in the table. */
  look(at: number, pid: number, call: string, line: number, time: number): void {
    const { table } = this;
    table.pids[at] = pid;
    table.calls[at] = call;
    table.lines[at] = line;
    table.times[at] = time;
    if (table.changed.size > 0) table.changed.delete(at);
  }

  private changed(thread: Thread, call: Call): void {
    if (!call.ok) return;
    for (let at = call.args.indexOf('"'); at >= 0; ) {
      const end = endOfString(call.args, at);
      const known = this.table.find(unescaped(call.args.slice(at + 1, end - 1)));
      const pid = known >= 0 ? this.table.pids[known]! : -1;
      if (pid >= 0 && pid !== thread.pid && ++this.changes > 0) this.table.changed.set(known, { call: call.name, line: call.line, time: call.time, pid: thread.pid });
      at = call.args.indexOf('"', end);
    }
  }

  /** An open or exec of that path. */
  used(context: Context, thread: Thread, call: Call): void {
    if (this.changes === 0 || !call.ok) return;
    const path = firstString(call.args)?.value;
    const { table } = this;
    const known = path === undefined ? -1 : table.find(path);
    const changed = table.changed.get(known);
    if (!changed || table.pids[known] !== thread.pid || this.events >= MOST_EVENTS) return;
    table.changed.delete(known);
    this.events++;
    context.emit({
      ...base(context, thread), what: 'toctou', path: table.texts[known]!, used: call.name,
      checked: { call: table.calls[known]!, at: context.moment(table.lines[known]!, table.times[known]!) },
      changed: { call: changed.call, at: context.moment(changed.line, changed.time), pid: changed.pid },
    });
  }
}
