/** Which goroutines a dump has named so far: where another one begins, and who has outlived those that started them. */
import type { Group } from '../../kernel/goroutines.ts';
import { SeenIds } from './seen-ids.ts';

export class RollCall {
  private readonly ids = new SeenIds();
  private firstId = 0;
  private seenMain = false;
  /** Others than the first: one alone, again and again, are traces of it. */
  private seenOthers = false;

  note(id: number): void {
    this.ids.add(id);
    if (this.firstId === 0) this.firstId = id;
    else if (id !== this.firstId) this.seenOthers = true;
    if (id === 1) this.seenMain = true;
  }

  /** A goroutine is in a dump once: does another dump begin with it? */
  isAnew(id: number): boolean {
    return this.seenOthers && id > 0 && (id === this.firstId || (id === 1 && this.seenMain));
  }

  clear(): void {
    this.ids.clear();
    this.firstId = 0;
    this.seenMain = false;
    this.seenOthers = false;
  }

  /** Once all of a whole dump was read. */
  noteParents(groups: readonly Group[]): void {
    // Without the main goroutine it is a part of a dump, and who is missing may live.
    if (!this.ids.has(1)) return;
    for (const group of groups) {
      const told = group.samples.flatMap(({ parent }) => parent ?? []);
      if (told.length > 0) group.parents = { told: told.length, gone: told.filter((parent) => !this.ids.has(Number(parent))).length };
    }
  }
}
