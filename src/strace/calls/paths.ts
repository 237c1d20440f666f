/** A path that is checked by one process, changed by another, and used by the first. */
import { endOfString, firstString, unescaped } from '../parse/args.ts';
import { flat } from '../tables/sites.ts';
import { type PathEntry, PathTable } from '../tables/path-table.ts';
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
    this.look(this.table.find(path) ?? this.table.add(flat(path)), thread.pid, call.name, call.line, call.time);
  }

  /** Somebody asked for what is at a path. */
  look(entry: PathEntry, pid: number, call: string, line: number, time: number): void {
    entry.pid = pid;
    entry.call = call;
    entry.line = line;
    entry.time = time;
    entry.changed = undefined;
  }

  private changed(thread: Thread, call: Call): void {
    if (!call.ok) return;
    for (let at = call.args.indexOf('"'); at >= 0; ) {
      const end = endOfString(call.args, at);
      const known = this.table.find(unescaped(call.args.slice(at + 1, end - 1)));
      if (known && known.pid >= 0 && known.pid !== thread.pid && ++this.changes > 0) known.changed = { call: call.name, line: call.line, time: call.time, pid: thread.pid };
      at = call.args.indexOf('"', end);
    }
  }

  /** An open or exec of that path. */
  used(context: Context, thread: Thread, call: Call): void {
    if (this.changes === 0) return;
    const path = firstString(call.args)?.value;
    const known = path === undefined ? undefined : this.table.find(path);
    if (!known?.changed || known.pid !== thread.pid || this.events >= MOST_EVENTS) return;
    const { changed } = known;
    known.changed = undefined;
    this.events++;
    context.emit({
      ...base(context, thread), what: 'toctou', path: path!, used: call.name,
      checked: { call: known.call, at: context.moment(known.line, known.time) },
      changed: { call: changed.call, at: context.moment(changed.line, changed.time), pid: changed.pid },
    });
  }
}
