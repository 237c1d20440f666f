/** Numbers, lists and shell words for texts that people read. ASCII, without line breaks. */

/** `19005` -> `19,005`; at most two decimals. */
export function count(value: number): string {
  const rounded = Number.isInteger(value) ? String(value) : String(Number(value.toFixed(2)));
  const [whole = '', fraction] = rounded.split('.');
  if (!/^-?\d{4,}$/.test(whole)) return rounded;
  const grouped = whole.replace(/\d(?=(?:\d{3})+$)/g, '$&,');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

const BYTE_UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** Bytes in binary units: `16777216` -> `16.0 MiB`. */
export function bytes(value: number): string {
  let scaled = value;
  let unit = 0;
  // 1023.95 would be shown as 1024.0 of the smaller unit.
  while (Math.abs(scaled) >= (unit === 0 ? 1024 : 1023.95) && unit < BYTE_UNITS.length - 1) {
    scaled /= 1024;
    unit++;
  }
  return `${unit === 0 ? count(scaled) : scaled.toFixed(1)} ${BYTE_UNITS[unit]}`;
}

/** Milliseconds, largest two units: `0.4 ms`, `12 ms`, `1.5 s`, `2 min 5 s`, `3 h 4 min`, `2 d 3 h`. */
export function duration(ms: number): string {
  if (ms < 0) return `-${duration(-ms)}`;
  if (ms < 9.95) return `${Number(ms.toFixed(1))} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${Number((ms / 1000).toFixed(1))} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return two(seconds, 60, 'min', 's');
  const minutes = Math.round(seconds / 60);
  if (minutes < 1440) return two(minutes, 60, 'h', 'min');
  return two(Math.round(minutes / 60), 24, 'd', 'h');
}

function two(total: number, size: number, large: string, small: string): string {
  const rest = total % size;
  const first = `${count(Math.floor(total / size))} ${large}`;
  return rest === 0 ? first : `${first} ${rest} ${small}`;
}

/** A ratio: `0.995` -> `99.5%`. Less than all is never shown as 100 %, more than nothing never as 0 %. */
export function percent(ratio: number): string {
  const value = ratio * 100;
  if (ratio > 0 && value < 0.1) return '<0.1%';
  const shown = ratio < 1 ? Math.min(value, 99.9) : value;
  return `${Number(shown.toFixed(1))}%`;
}

/** `plural('fd', 1)` -> `1 fd`, `plural('process', 2, 'processes')` -> `2 processes`. */
export function plural(noun: string, n: number, many = `${noun}s`): string {
  return `${count(n)} ${n === 1 ? noun : many}`;
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
