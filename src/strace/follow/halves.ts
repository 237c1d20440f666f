/** First halves of calls, whose arguments are needed when the second half comes. */
import type { ByteString } from '../../evidence/types.ts';
import type { Block } from '../read/block.ts';
import type { Pending } from '../tables/types.ts';

export class Halves {
  private fresh: Pending[] = [];

  /** Its arguments lie in the block, and are made text when somebody needs them: most halves are answered before that. */
  keep(pending: Pending, block: Block, from: number, to: number): void {
    pending.args = '';
    pending.window = block;
    pending.from = from;
    pending.to = to;
    if (pending.listed) return;
    pending.listed = true;
    this.fresh.push(pending);
  }

  /** Blocks are about to be overwritten: what still waits must not be lost. */
  settle(): void {
    for (const pending of this.fresh) {
      argsOf(pending);
      pending.listed = false;
    }
    this.fresh = [];
  }
}

export function argsOf(pending: Pending): ByteString {
  if (pending.window !== undefined) {
    pending.args = pending.window.slice(pending.from, pending.to);
    pending.window = undefined;
  }
  return pending.args;
}
