/** Which frame of a stack is the line to look at. */
import type { Frame } from '../model.ts';

/** The runtime's own code, and ours in it. */
const INNER = /^node:|^internal\/|^ext:|^deno:|\/reloadctl\/dist\/register|\/dist\/register\.(?:c|m)?js$/;

/** The innermost frame of the application; of a package it uses, where the application itself is not in the stack. */
export function siteFrame(stack: readonly Frame[]): Frame | undefined {
  const outer = stack.filter(({ file }) => file !== '' && !INNER.test(file));
  return outer.find(({ file }) => !file.includes('/node_modules/')) ?? outer[0];
}

/** `path:line:column`; a file URL is written as its path. */
export function placeText({ file, line, column }: Frame): string {
  return `${pathOf(file)}:${line}:${column}`;
}

export function pathOf(file: string): string {
  if (!file.startsWith('file://')) return file;
  try {
    return decodeURIComponent(new URL(file).pathname);
  } catch {
    return file;
  }
}

/** Methods and paths tell what a request is for; what is behind the question mark is the user's. */
export function withoutQuery(url: string): string {
  const clean = url.replace(/^(\w+:\/\/)[^/@]*@/, '$1');
  const at = clean.search(/[?#]/);
  return at < 0 ? clean : `${clean.slice(0, at)}?...`;
}
