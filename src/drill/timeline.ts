/** What happened around the reloads, a character for each tenth of a second. ASCII: it goes into logs of CI. */
import type { DrillData } from './data.ts';

const BEFORE = 5;
const MOST_AFTER = 40;
const MOST_RELOADS = 6;

/** Lines for the worst reloads: `x` some failed, `X` all failed, `s` the slowest took 1 s, `.` all was answered, blank: nothing was asked. */
export function timelineOf({ reloads, timeline: { sliceMs, ok, failed, worstMs } }: Pick<DrillData, 'reloads' | 'timeline'>): string[] {
  const badness = (index: number): number => failed.slice(index, index + MOST_AFTER).reduce((sum, value) => sum + value, 0);
  const at = (ms: number): number => Math.floor(ms / sliceMs);
  const shown = [...reloads].sort((a, b) => badness(at(b.atMs)) - badness(at(a.atMs)) || a.index - b.index).slice(0, MOST_RELOADS).sort((a, b) => a.index - b.index);
  if (shown.length === 0 || ok.length === 0) return [];
  const lines = shown.map((reload) => {
    const from = at(reload.atMs);
    const next = reloads.find(({ index }) => index === reload.index + 1);
    const to = Math.min(from + MOST_AFTER, ok.length, next ? at(next.atMs) : Number.POSITIVE_INFINITY);
    let text = '';
    for (let i = Math.max(0, from - BEFORE); i < to; i++) text += `${i === from ? '|' : ''}${mark(ok[i] ?? 0, failed[i] ?? 0, worstMs[i] ?? 0)}`;
    return `${String(reload.index).padStart(4)}  ${text.trimEnd()}`;
  });
  return [...lines, "      each 0.1 s: . answered, s one took 1 s or more, x some failed, X all failed; | the reload began"];
}

function mark(ok: number, failed: number, worst: number): string {
  if (ok + failed === 0) return ' ';
  if (failed > 0) return ok > 0 ? 'x' : 'X';
  return worst >= 1000 ? 's' : '.';
}
