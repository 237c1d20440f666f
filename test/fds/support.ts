import { buildData } from '../../src/fds/data.ts';
import { parseListOptions } from '../../src/fds/list-options.ts';
import type { ThreadTable } from '../../src/fds/threads.ts';
import { viewOf } from '../../src/fds/view.ts';
import type { Snapshot } from '../../src/kernel/types.ts';
import { report, text } from '../render/support.ts';

/** What the user reads below the findings; without the last part of the report, which holds times. */
export async function shown(
  snapshot: Snapshot,
  options: Record<string, unknown> = {},
  more: { threads?: ThreadTable[]; rerun?: string; columns?: number } = {},
): Promise<string> {
  const list = parseListOptions(options);
  const data = buildData(snapshot, list, more.threads);
  const body = [...viewOf(snapshot, data, list, more.rerun ?? 'reloadctl fds 42')];
  const whole = await text(report(), body, more.columns === undefined ? {} : { columns: more.columns });
  const bare = await text(report(), [], more.columns === undefined ? {} : { columns: more.columns });
  const head = bare.split('\n')[0]!;
  return whole.slice(head.length + 1).replace(bare.slice(head.length + 1), '');
}
