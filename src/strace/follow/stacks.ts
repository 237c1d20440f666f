/** Frames of -k: the first one of the program itself is where something was opened. */
import type { ByteString } from '../../evidence/types.ts';
import { frameName, isInterpreter, isRuntime, parseFrame } from '../parse/stack.ts';
import type { Fds } from '../tables/fds.ts';
import { flat } from '../tables/flat.ts';
import type { Thread } from '../tables/types.ts';

const MOST_FRAMES = 5;

export class Stacks {
  private readonly fds: Fds;
  private frames: string[] | undefined;

  constructor(fds: Fds) {
    this.fds = fds;
  }

  /** A call came: what follows is its stack. */
  begin(): void {
    this.frames = undefined;
  }

  /** Is a frame now that of a call that opened nothing? */
  passes(): boolean {
    return this.fds.freshCount === 0;
  }

  /** @param caller whose call it was */
  take(text: ByteString, caller: Thread | undefined): void {
    const { fresh, freshCount, sites } = this.fds;
    if (freshCount === 0 || !caller) return;
    const frame = parseFrame(text);
    if (!frame) return;
    const name = flat(frameName(frame, text));
    if (this.frames) {
      if (this.frames.length < MOST_FRAMES) this.frames.push(name);
      return;
    }
    if (isRuntime(frame)) return;
    if (isInterpreter(frame)) {
      // What was opened tells more than a frame that all its programs share.
      this.fds.freshCount = 0;
      return;
    }
    for (const slot of fresh.slice(0, freshCount)) {
      const site = sites.atFrame(slot.call, slot.description.kind, name);
      this.fds.moveTo(caller.table, slot, site);
      // Of a site that was seen before the frames are known.
      if (site.frames !== undefined) this.frames ??= [...site.frames];
      else site.frames = this.frames = [name];
    }
  }
}
