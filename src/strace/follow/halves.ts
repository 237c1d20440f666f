/** First halves of calls, whose arguments are needed when the second half comes. */
import type { ByteString } from '../../evidence/types.ts';
import { flat } from '../tables/sites.ts';
import type { Pending } from '../tables/types.ts';

export class Halves {
  private fresh: Pending[] = [];

  /** Its arguments lie in the window, and are made text when somebody needs them: most halves are answered before that. */
  keep(pending: Pending, window: ByteString, from: number, to: number): void {
    pending.args = '';
    pending.window = window;
    pending.from = from;
    pending.to = to;
    if (pending.listed) return;
    pending.listed = true;
    this.fresh.push(pending);
  }

  /** The window of the log is about to change: what still waits must not keep it alive. */
  settle(): void {
    for (const pending of this.fresh) {
      pending.args = flat(argsOf(pending));
      pending.listed = false;
    }
    this.fresh = [];
  }
}

export function argsOf(pending: Pending): ByteString {
  if (pending.window !== '') {
    pending.args = pending.window.slice(pending.from, pending.to);
    pending.window = '';
  }
  return pending.args;
}
