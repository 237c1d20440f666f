/** The terminal as a whole, while something is watched: what changed is redrawn, and on every way out it is as it was before. */
import { guardTerminal, RESTORE, type TerminalGuard } from '../effects/terminal-guard.ts';
import { UserError } from '../kernel/user-error.ts';
import { type Block, changes, frameOf, type Paint } from '../render/index.ts';

const ENTER = '\x1b[?1049h\x1b[?25l\x1b[2J';
/** Between two pages at least. */
const LEAST_PAUSE_MS = 200;
const CTRL_C = '\x03';
const STATUS = 'q or Ctrl-C: end it, and see the report';

type Page = () => Iterable<Block>;

export interface Screen {
  draw(page: Page): void;
  /** Leaves it as it was. Safe to call twice. */
  close(): void;
}

/** @throws UserError where stdout is no terminal that can be drawn on */
export function openScreen(paint: Paint): Screen {
  const { stdout } = process;
  if (!stdout.isTTY) throw new UserError('--tui needs a terminal, and stdout is none: leave it out, the report is the same');
  if (process.env.TERM === undefined || process.env.TERM === '' || process.env.TERM === 'dumb') throw new UserError(`--tui needs a terminal that can be drawn on, and TERM is ${process.env.TERM || 'not set'}: leave it out`);
  return new ScreenWhenDrawn(stdout, paint);
}

/** Opened by the first page: whatever is refused before that is told as ever. */
class ScreenWhenDrawn implements Screen {
  readonly #out: NodeJS.WriteStream;
  readonly #paint: Paint;
  #screen: TerminalScreen | undefined;
  #page: Page | undefined;
  #isClosed = false;

  constructor(out: NodeJS.WriteStream, paint: Paint) {
    this.#out = out;
    this.#paint = paint;
  }

  draw(page: Page): void {
    const isFirst = this.#page === undefined;
    this.#page = page;
    if (isFirst) void this.#open();
    else this.#screen?.draw(page);
  }

  async #open(): Promise<void> {
    const guard = await guardTerminal(1);
    if (this.#isClosed) return guard.disarm();
    this.#screen = new TerminalScreen(this.#out, this.#paint, guard);
    this.#screen.draw(this.#page!);
  }

  close(): void {
    this.#isClosed = true;
    this.#screen?.close();
  }
}

class TerminalScreen implements Screen {
  readonly #out: NodeJS.WriteStream;
  readonly #paint: Paint;
  readonly #guard: TerminalGuard;
  readonly #undo: (() => void)[] = [];
  #shown: string[] | undefined;
  #page: Page | undefined;
  #drawnAt = 0;
  #isOpen = false;

  constructor(out: NodeJS.WriteStream, paint: Paint, guard: TerminalGuard) {
    this.#out = out;
    this.#paint = paint;
    this.#guard = guard;
    // A terminal that has gone is no fault of ours; the hang-up comes besides.
    this.#heed(out, 'error', () => this.close());
    this.#heed(out, 'resize', () => this.#redraw());
    // Whatever ends us, a fault of ours included, gets here.
    this.#heed(process, 'exit', () => this.close());
    for (const signal of ['SIGHUP', 'SIGQUIT'] as const) this.#heed(process, signal, () => this.#endBy(signal));
    // The first of these ends the watch, and the report is printed; whoever sends a second one will not wait for it.
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      let isFirst = true;
      this.#heed(process, signal, () => {
        if (!isFirst) this.#endBy(signal);
        isFirst = false;
      });
    }
    this.#heed(process, 'SIGTSTP', () => {
      this.#leave();
      process.kill(process.pid, 'SIGSTOP');
    });
    this.#heed(process, 'SIGCONT', () => this.#enter());
    this.#enter();
  }

  draw(page: Page): void {
    this.#page = page;
    const now = Date.now();
    if (!this.#isOpen || now - this.#drawnAt < LEAST_PAUSE_MS) return;
    this.#drawnAt = now;
    this.#write();
  }

  close(): void {
    for (const undo of this.#undo.splice(0)) undo();
    this.#leave();
    this.#guard.disarm();
  }

  #heed(from: NodeJS.EventEmitter, event: string, listener: (...args: unknown[]) => void): void {
    from.on(event, listener);
    this.#undo.push(() => void from.off(event, listener));
  }

  readonly #onKey = (keys: Buffer): void => {
    const text = keys.toString('latin1');
    // As the terminal itself would have made of it.
    if (text.includes(CTRL_C) || /q/i.test(text)) process.kill(process.pid, 'SIGINT');
    else if (text.includes('\x1a')) process.kill(process.pid, 'SIGTSTP');
    else if (text.includes('\x1c')) process.kill(process.pid, 'SIGQUIT');
    else if (text.includes('\x0c')) this.#redraw();
  };

  #enter(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#out.write(ENTER);
    // Keys would be written into the page.
    if (process.stdin.isTTY) process.stdin.setRawMode(true).on('data', this.#onKey).resume().unref();
    this.#redraw();
  }

  #leave(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    if (process.stdin.isTTY) process.stdin.off('data', this.#onKey).pause().setRawMode(false);
    this.#out.write(RESTORE);
  }

  #redraw(): void {
    this.#shown = undefined;
    if (this.#page && this.#isOpen) this.#write();
  }

  #write(): void {
    const { columns, rows } = this.#out;
    const now = frameOf(this.#page!(), STATUS, { columns, rows }, this.#paint);
    const text = changes(this.#shown, now);
    this.#shown = now;
    // One write: nobody sees half a page.
    if (text !== '') this.#out.write(text);
  }

  /** As if we had not heeded it. */
  #endBy(signal: NodeJS.Signals): void {
    this.close();
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  }
}
