/** What is written into a configuration file so that a change of it can be told. */

/** A key that is called like a version, and its value: in JSON, YAML, TOML, ini, or `set $version 1;`. */
const VERSION = /((?:^|[^\w-])["']?[$]?(?:\w*[-_.])?(?:version|generation|revision|serial|build|release)["']?\s*(?:[:=]\s*|\s+)["']?v?)(\d{1,15})(?![\d.]*\w)/im;
/** The file is a number, and nothing else. */
const NUMBER = /^(\s*)(\d{1,15})(\s*)$/;
/** JSON has no comments, and takes blanks. */
const JSON_TEXT = /^\s*[[{][\s\S]*[\]}]\s*$/;

/**
 * @param original what was there at first
 * @param change 1 for the first one
 * @param template of the user; `{n}` is the number of the change
 */
export function newContent(original: string, change: number, template: string | undefined): string {
  if (template !== undefined) return template.replaceAll('{n}', String(change));
  const number = NUMBER.exec(original);
  if (number) return `${number[1]}${Number(number[2]) + change}${number[3]}`;
  if (VERSION.test(original)) return original.replace(VERSION, (_all, before: string, value: string) => `${before}${Number(value) + change}`);
  const ended = original === '' || original.endsWith('\n') ? original : `${original}\n`;
  return JSON_TEXT.test(original) ? `${ended}${'\n'.repeat(change)}` : `${ended}# reloadctl drill ${change}\n`;
}
