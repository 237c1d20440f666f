/** How long until a limit is reached, as a range. */
export interface Forecast {
  /** Minutes, at the fastest and at the slowest rate seen; `latest` is null when a part of the window did not grow. */
  earliestMinutes: number;
  latestMinutes: number | null;
}

/** Null when nothing grows or nothing is left to grow into is unknown. @param room descriptors left below the limit */
export function forecast(room: number, slowestPerMinute: number, fastestPerMinute: number): Forecast | null {
  if (fastestPerMinute <= 0) return null;
  return {
    earliestMinutes: Math.max(0, room) / fastestPerMinute,
    latestMinutes: slowestPerMinute > 0 ? Math.max(0, room) / slowestPerMinute : null,
  };
}
