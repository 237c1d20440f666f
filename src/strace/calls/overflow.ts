/** IN_Q_OVERFLOW in what a read brought: wd -1, mask 0x4000. */
import type { ByteString } from '../../evidence/types.ts';
import { fdOf } from '../parse/args.ts';
import type { Thread } from '../tables/types.ts';
import { base, type Call, type Context } from './call.ts';

const MARKS = ['\\377\\377\\377\\377\\0@\\0\\0', '\\xff\\xff\\xff\\xff\\x00\\x40\\x00\\x00', '\\xff\\xff\\xff\\xff\\x00@\\x00\\x00'];
/** The same in a dump of -e read, 16 bytes a line. */
const DUMPED = /^\s*[0-9a-f]{5,}\s+(?:[0-9a-f]{2} )*?\s?ff ff ff ff\s+00 40 00 00 /;

/** Events are 16 bytes and padded names: nothing shorter than a whole queue entry ends here. */
export function overflowIn(context: Context, thread: Thread, call: Call): void {
  if (!(call.value >= 16) || !MARKS.some((mark) => call.args.includes(mark))) return;
  const { fd, decoration } = fdOf(call.args);
  const slot = context.slot(thread, fd, decoration);
  if (slot?.description.kind !== 'inotify') return;
  context.emit({ ...base(context, thread), what: 'inotify-overflow', fd });
}

export function isOverflowDump(text: ByteString): boolean {
  return DUMPED.test(text);
}
