/**
 * What of a path is no name: the shape that is left when names differ. Pseudonymised paths keep it, so a fingerprint made
 * of shapes is the same for a live process and for a redacted tape of it.
 */

const DELETED = ' (deleted)';
/** Of the last component: after a dot that is not its first character. */
const extension = /[^/]\.([A-Za-z0-9]{1,8})$/;

/**
 * Every run of letters (bytes above 0x7f count as letters) becomes `a`, every run of digits `*`; separators stay, and so do an
 * extension of at most 8 letters and digits and the kernel's mark of an unlinked file: `/var/log/app-17.log` -> `/a/a/a-*.log`.
 */
export function shapeOf(path: string): string {
  const mark = path.endsWith(DELETED) ? DELETED : '';
  const bare = mark === '' ? path : path.slice(0, -DELETED.length);
  const kept = extension.exec(bare)?.[1] ?? '';
  const stem = kept === '' ? bare : bare.slice(0, -kept.length);
  return `${stem.replace(/[A-Za-z\u0080-\u{10ffff}]+/gu, 'a').replace(/[0-9]+/g, '*')}${kept}${mark}`;
}
