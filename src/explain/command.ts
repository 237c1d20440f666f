/** `explain`: what a finding means. Asks nothing of the host and needs no privilege, but for `--error` with `--pid`. */
import type { Command } from 'commander';
import type { CommandContext, Outcome } from '../command.ts';
import { UserError } from '../kernel/user-error.ts';
import { packageFile } from '../package-files.ts';
import { findPage, type Page, readPages } from './pages.ts';

export function configure(command: Command): void {
  command
    .argument('[finding]', 'an id such as fd/near-limit; without it all are listed')
    .option('--error <text>', 'which limit this error text is about: "too many open files", "no space left on device"')
    .option('--pid <n>', 'with --error: the process it comes from; what it and its user have is counted (effects: reads)');
}

export async function run(args: string[], options: Record<string, unknown>, context: CommandContext): Promise<Outcome> {
  const { error, pid } = options;
  if (typeof error === 'string') return (await import('./error.ts')).explainError(error, pid === undefined ? undefined : pidOf(String(pid)), context);
  if (pid !== undefined) throw new UserError('--pid goes with --error', { hints: ["reloadctl explain --error 'too many open files' --pid 42"] });
  const pages = readPages(packageFile('docs/findings'));
  const [name] = args;
  const page = name === undefined ? undefined : findPage(pages, name);
  if (wantsJson(options))
    return { kind: 'text', text: JSON.stringify(page ?? { findings: pages.map(({ id, summary }) => ({ id, summary })) }, null, 2) };
  return page ? { kind: 'text', text: page.text, markdown: true } : { kind: 'text', text: listOf(pages) };
}

function pidOf(text: string): number {
  if (!/^[1-9]\d{0,9}$/.test(text)) throw new UserError(`--pid: ${text} is no process number`);
  return Number(text);
}

function wantsJson(options: Record<string, unknown>): boolean {
  return Boolean(options.json) || (Array.isArray(options.format) && options.format.includes('json'));
}

function listOf(pages: readonly Page[]): string {
  const width = Math.max(0, ...pages.map((page) => page.id.length));
  const lines = pages.map((page) => `${page.id.padEnd(width)}  ${page.summary}`);
  return [...lines, '', 'reloadctl explain <finding>'].join('\n');
}
