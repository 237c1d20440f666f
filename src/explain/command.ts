/** `explain`: what a finding means. Asks nothing of the host and needs no privilege. */
import type { Command } from 'commander';
import type { Outcome } from '../command.ts';
import { packageFile } from '../package-files.ts';
import { findPage, type Page, readPages } from './pages.ts';

export function configure(command: Command): void {
  command.argument('[finding]', 'an id such as fd/near-limit; without it all are listed');
}

export async function run(args: string[], options: Record<string, unknown>): Promise<Outcome> {
  const pages = readPages(packageFile('docs/findings'));
  const [name] = args;
  const page = name === undefined ? undefined : findPage(pages, name);
  if (wantsJson(options))
    return { kind: 'text', text: JSON.stringify(page ?? { findings: pages.map(({ id, summary }) => ({ id, summary })) }, null, 2) };
  return page ? { kind: 'text', text: page.text, markdown: true } : { kind: 'text', text: listOf(pages) };
}

function wantsJson(options: Record<string, unknown>): boolean {
  return Boolean(options.json) || (Array.isArray(options.format) && options.format.includes('json'));
}

function listOf(pages: readonly Page[]): string {
  const width = Math.max(0, ...pages.map((page) => page.id.length));
  const lines = pages.map((page) => `${page.id.padEnd(width)}  ${page.summary}`);
  return [...lines, '', 'reloadctl explain <finding>'].join('\n');
}
