/** What strace writes of exits, as it comes: a line is told before it is whole, since the process is held meanwhile. */

export type ExitNews =
  /** The thread is about to end its process, and is held. */
  | { what: 'exiting'; tid: number; code: number }
  | { what: 'exited'; tid: number; code: number }
  /** It ended without any word of its own, and was not held. */
  | { what: 'killed'; tid: number; signal: string };

// Pids have five columns at least.
const EXITING = /^(\d+) +exit_group\((-?\d+)/;
const EXITED = /^(\d+) +\+\+\+ exited with (\d+) \+\+\+/;
const KILLED = /^(\d+) +\+\+\+ killed by (\w+)/;

export class ExitLines {
  #rest = '';
  /** The line that is not whole yet was told. */
  #told = false;

  /** Takes what was written; parts of lines are kept. */
  take(text: string): ExitNews[] {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop()!;
    const news: ExitNews[] = [];
    for (const line of lines) {
      const one = newsOf(line);
      if (one && !(this.#told && one.what === 'exiting')) news.push(one);
      this.#told = false;
    }
    const begun = this.#told ? undefined : newsOf(this.#rest);
    if (begun) {
      news.push(begun);
      this.#told = true;
    }
    // Nothing that strace writes here is longer.
    if (this.#rest.length > 4096) this.#rest = this.#rest.slice(0, 256);
    return news;
  }
}

function newsOf(line: string): ExitNews | undefined {
  const exiting = EXITING.exec(line);
  // The code is that of the parent's wait(): its lowest eight bits.
  if (exiting) return { what: 'exiting', tid: Number(exiting[1]), code: Number(exiting[2]) & 0xff };
  const exited = EXITED.exec(line);
  if (exited) return { what: 'exited', tid: Number(exited[1]), code: Number(exited[2]) };
  const killed = KILLED.exec(line);
  return killed ? { what: 'killed', tid: Number(killed[1]), signal: killed[2]! } : undefined;
}
