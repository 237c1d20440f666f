/** Pauses out of heap?debug=1 (its MemStats trailer, runtime/pprof writeHeapInternal) or /debug/vars (expvar). */

export interface GcStats {
  /** ms, oldest first, at most 256: the ring that the runtime keeps. */
  pausesMs: number[];
  /** When each ended, ms since 1970, where it is told. */
  endsMs: number[];
  collections: number;
  forced?: number;
  /** Part of the processor time since the start that the collector took, 0 to 1. */
  cpuFraction?: number;
  pauseTotalMs?: number;
}

const RING = 256;
const NS = 1e-6;

/** undefined when the text is neither. */
export function parseGc(text: string): GcStats | undefined {
  return text.trimStart().startsWith('{') ? fromVars(text) : fromHeap(text);
}

function fromHeap(text: string): GcStats | undefined {
  const numbers = (name: string): number[] | undefined => {
    const match = new RegExp(`^# ${name} = \\[([\\d ]*)\\]`, 'm').exec(text);
    return match ? match[1]!.trim().split(/\s+/).map(Number) : undefined;
  };
  const number = (name: string): number | undefined => {
    const match = new RegExp(`^# ${name} = ([\\d.e+-]+)`, 'm').exec(text);
    return match ? Number(match[1]) : undefined;
  };
  const pauses = numbers('PauseNs');
  const collections = number('NumGC');
  if (!pauses || collections === undefined || !isCount(collections)) return undefined;
  return statsOf(pauses, numbers('PauseEnd') ?? [], collections, { forced: number('NumForcedGC'), cpuFraction: number('GCCPUFraction') });
}

function fromVars(text: string): GcStats | undefined {
  try {
    const { memstats } = JSON.parse(text) as { memstats?: Record<string, unknown> };
    const list = (value: unknown): number[] => (Array.isArray(value) && value.every((one) => typeof one === 'number') ? value : []);
    const number = (value: unknown): number | undefined => (typeof value === 'number' ? value : undefined);
    const collections = number(memstats?.NumGC);
    if (!memstats || collections === undefined || !isCount(collections) || !isPauses(memstats.PauseNs)) return undefined;
    const total = number(memstats.PauseTotalNs);
    return {
      ...statsOf(list(memstats.PauseNs), list(memstats.PauseEnd), collections, { forced: number(memstats.NumForcedGC), cpuFraction: number(memstats.GCCPUFraction) }),
      ...(total !== undefined && { pauseTotalMs: total * NS }),
    };
  } catch {
    return undefined;
  }
}

/** NumGC is of 32 bits (runtime.MemStats). */
function isCount(collections: number): boolean {
  return Number.isInteger(collections) && collections >= 0 && collections < 2 ** 32;
}

function isPauses(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.every((one) => typeof one === 'number' && one >= 0));
}

/** The last one is at (NumGC+255)%256; the ring has no more entries than there were collections. */
function statsOf(pauses: readonly number[], ends: readonly number[], collections: number, more: { forced?: number | undefined; cpuFraction?: number | undefined }): GcStats {
  const size = Math.min(RING, pauses.length);
  const held = Math.min(size, Math.max(0, Math.floor(collections)));
  const order = Array.from({ length: held }, (_, index) => (collections - held + index) % size);
  const { forced, cpuFraction } = more;
  return {
    pausesMs: order.map((at) => (pauses[at] ?? 0) * NS),
    endsMs: ends.length >= size ? order.map((at) => (ends[at] ?? 0) * NS) : [],
    collections,
    ...(forced !== undefined && { forced }),
    ...(cpuFraction !== undefined && { cpuFraction }),
  };
}
