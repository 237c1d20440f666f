/** Nearly every text is this: printable ASCII without a backslash. */
const PLAIN = /^[ -[\]-~]*$/;

const NAMED: Readonly<Record<string, string>> = { '\n': '\\n', '\t': '\\t', '\r': '\\r', '\\': '\\\\' };

function escapeOne(character: string): string {
  const named = NAMED[character];
  if (named !== undefined) return named;
  const hex = (character.codePointAt(0) ?? 0).toString(16);
  if (hex.length <= 2) return `\\x${hex.padStart(2, '0')}`;
  return hex.length <= 4 ? `\\u${hex.padStart(4, '0')}` : `\\u{${hex}}`;
}

/**
 * Hostile text made safe for a terminal: whatever it would obey or hide becomes `\n`, `\t`, `\r`, `\x1b`, `\u202e` or
 * `\u{e0001}`. A backslash is doubled only where it would read as one of these escapes, or before another backslash or
 * an escaped character: `a\nb` typed literally becomes `a\\nb`, while systemd's `dev-disk\x2dlabel` stays as it is. So no
 * two texts look alike, and the original can be had back. The result holds no newline: it is always one line.
 */
export function visible(text: string): string {
  return PLAIN.test(text) ? text : text.replace(escaped(), escapeOne);
}

/**
 * What a terminal obeys or does not show: controls (C0, DEL, C1), format characters (bidi, zero width, tags), lone surrogates,
 * line and paragraph separators. Made when asked for, as below: it takes longer than most runs have text for.
 */
function isUnsafe(text: string): boolean {
  return /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(text);
}

/** The same, and each backslash that would otherwise read as the start of one of our escapes or of a doubled backslash. */
function escaped(): RegExp {
  return /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|\\(?=[\\ntr\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|x(?:[0189][\da-f]|7f|ad)|u[\da-f]{4}|u\{)/gu;
}

/** Like `visible`, but a command with nothing to escape keeps its backslashes, so that it can be copied and run. */
export function visibleCommand(text: string): string {
  return !PLAIN.test(text) && isUnsafe(text) ? visible(text) : text;
}

function escapeUnits(character: string): string {
  let escaped = '';
  for (let i = 0; i < character.length; i++) escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`;
  return escaped;
}

/** The same JSON value, safe to be shown on a terminal: takes and gives JSON text. */
export function visibleJson(json: string): string {
  // What JSON leaves raw and a terminal would obey or hide.
  return json.replace(/[\u007f-\u009f\p{Cf}\p{Zl}\p{Zp}]/gu, escapeUnits);
}
