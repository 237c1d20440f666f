/** A path that is checked by one process, changed by another, and used by the first. */
import type { ByteString } from '../../evidence/types.ts';
import { endOfString, firstString, unescaped } from '../parse/args.ts';
import { flat } from '../tables/sites.ts';
import type { Thread } from '../tables/types.ts';
import { base, type Call, type Context, type Handler } from './call.ts';

/** Paths remembered; the oldest are forgotten. */
const MOST_PATHS = 4096;
const MOST_EVENTS = 200;

interface Checked {
  pid: number;
  call: string;
  line: number;
  time: number;
  changed: { call: string; line: number; time: number; pid: number } | undefined;
}

export class Paths {
  private readonly checks = new Map<ByteString, Checked>();
  private events = 0;
  /** Without any no use is looked at. */
  private changes = 0;

  readonly handlers: Record<string, Handler> = {
    ...Object.fromEntries(['stat', 'lstat', 'stat64', 'lstat64', 'newfstatat', 'fstatat64', 'statx', 'access', 'faccessat', 'faccessat2', 'readlink', 'readlinkat'].map((name): [string, Handler] => [name, (_context, thread, call) => this.checked(thread, call)])),
    ...Object.fromEntries(['rename', 'renameat', 'renameat2', 'unlink', 'unlinkat', 'symlink', 'symlinkat', 'link', 'linkat'].map((name): [string, Handler] => [name, (_context, thread, call) => this.changed(thread, call)])),
  };

  private checked(thread: Thread, call: Call): void {
    if (!call.ok) return;
    const path = firstString(call.args)?.value;
    if (!path?.startsWith('/')) return;
    const known = this.checks.get(path);
    if (known) {
      known.pid = thread.pid;
      known.call = call.name;
      known.line = call.line;
      known.time = call.time;
      known.changed = undefined;
      return;
    }
    if (this.checks.size >= MOST_PATHS) this.checks.delete(this.checks.keys().next().value!);
    this.checks.set(flat(path), { pid: thread.pid, call: call.name, line: call.line, time: call.time, changed: undefined });
  }

  private changed(thread: Thread, call: Call): void {
    if (!call.ok || this.checks.size === 0) return;
    for (let at = call.args.indexOf('"'); at >= 0; ) {
      const end = endOfString(call.args, at);
      const known = this.checks.get(unescaped(call.args.slice(at + 1, end - 1)));
      if (known && known.pid !== thread.pid && ++this.changes > 0) known.changed = { call: call.name, line: call.line, time: call.time, pid: thread.pid };
      at = call.args.indexOf('"', end);
    }
  }

  /** An open or exec of that path. */
  used(context: Context, thread: Thread, call: Call): void {
    if (this.changes === 0) return;
    const path = firstString(call.args)?.value;
    const known = path === undefined ? undefined : this.checks.get(path);
    if (!known?.changed || known.pid !== thread.pid || this.events >= MOST_EVENTS) return;
    const { changed } = known;
    this.checks.delete(path!);
    this.events++;
    context.emit({
      ...base(context, thread), what: 'toctou', path: path!, used: call.name,
      checked: { call: known.call, at: context.moment(known.line, known.time) },
      changed: { call: changed.call, at: context.moment(changed.line, changed.time), pid: changed.pid },
    });
  }
}
