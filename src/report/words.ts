/** Numbers, lists and shell words for the texts of findings. ASCII, without line breaks. */

/** `19005` -> `19,005`; at most two decimals. */
export function count(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 2 });
}

/** `plural('process', 2, 'processes')` -> `2 processes`. */
export function plural(noun: string, n: number, many = `${noun}s`): string {
  return `${count(n)} ${n === 1 ? noun : many}`;
}

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Bytes in binary units: `16777216` -> `16.0 MiB`. */
export function bytes(value: number): string {
  let scaled = value;
  let unit = 0;
  for (; scaled >= 1024 && unit < byteUnits.length - 1; unit++) scaled /= 1024;
  return `${unit === 0 ? count(scaled) : scaled.toFixed(1)} ${byteUnits[unit]}`;
}

/** A ratio, rounded down so that less than all never reads as all: `0.9996` -> `99.9%`. */
export function percent(ratio: number): string {
  return `${Math.floor(ratio * 1000 + 1e-9) / 10}%`;
}

const timeUnits: readonly [number, string][] = [[86_400_000, 'd'], [3_600_000, 'h'], [60_000, 'min'], [1000, 's']];

/** Milliseconds in the unit that fits, rounded down: `10_800_000` -> `3 h`. */
export function duration(ms: number): string {
  for (const [size, unit] of timeUnits) if (ms >= size) return `${Math.floor(ms / size)} ${unit}`;
  return `${Math.floor(ms)} ms`;
}

/** `7, 8, 9 and 4 more`. */
export function listOf(items: readonly (string | number)[], most = 5): string {
  const shown = items.slice(0, most).join(', ');
  return items.length > most ? `${shown} and ${count(items.length - most)} more` : shown;
}

/** One word for a POSIX shell: names in a command come from the target and may hold anything. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./][A-Za-z0-9_@%+=:,./-]*$/.test(text) ? text : `'${text.replace(/'/g, `'\\''`)}'`;
}
