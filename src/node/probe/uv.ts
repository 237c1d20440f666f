/** Runs inside the target, as the text of this function: see list.ts. */
import type { RawUv } from './raw.ts';

/** What libuv itself walks, unreferenced handles too. Nothing else of the report is looked at: it holds the environment. */
export function listUv(): string {
  const report = process.report as unknown as { getReport(): { libuv: Record<string, unknown>[] }; excludeNetwork?: boolean } | undefined;
  // Without that, addresses are looked up by DNS, synchronously.
  if (!report || !('excludeNetwork' in report)) return 'null';
  const before = report.excludeNetwork;
  try {
    report.excludeNetwork = true;
    const uv: RawUv[] = [];
    for (const { type, fd, is_referenced: ref, is_active: active, filename } of report.getReport().libuv) {
      if (typeof type !== 'string' || uv.length > 200_000) continue;
      uv.push({ type, ref: ref === true, active: active === true, ...(typeof fd === 'number' && { fd }), ...(typeof filename === 'string' && { filename: filename.slice(0, 4096) }) });
    }
    return JSON.stringify(uv);
  } catch {
    return 'null';
  } finally {
    if (before !== undefined) report.excludeNetwork = before;
  }
}
