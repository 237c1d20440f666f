/** The pages of the findings: docs/findings/<id with a dash>.md, first line `# <id>: summary`. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { closest } from '../kernel/closest.ts';
import { UserError } from '../kernel/user-error.ts';

export interface Page {
  /** `fd/near-limit`. */
  id: string;
  summary: string;
  /** The whole page, Markdown. */
  text: string;
}

const LIST_HINT = 'reloadctl explain   # lists them all';

/** All pages of a directory, by id. Files without a finding's heading are none. Throws UserError (exit 3) when it cannot be read. */
export function readPages(directory: string): Page[] {
  let names: string[];
  try {
    names = readdirSync(directory).filter((name) => name.endsWith('.md'));
  } catch (error) {
    throw new UserError(`cannot read the pages of the findings: ${(error as Error).message}`, {
      exitCode: 3,
      hints: ['install reloadctl again'],
    });
  }
  const pages = names.map((name) => parsePage(readFileSync(join(directory, name), 'utf8')));
  return pages.filter((page) => page !== undefined).sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Undefined when the text does not begin with `# <id>: summary`. */
export function parsePage(text: string): Page | undefined {
  const match = /^# ([a-z0-9-]+\/[a-z0-9-]+)[: ]+(\S[^\r\n]*)/.exec(text);
  return match ? { id: match[1]!, summary: match[2]!.trim(), text: withoutMarks(text) } : undefined;
}

/** Marks that tell a script how a sample was made are for the source of the page only. */
function withoutMarks(text: string): string {
  return text.replace(/^<!--[^\n]*-->\n/gm, '');
}

/**
 * The page a user means: `fd/near-limit`, `fd-near-limit`, or an end that only one id has (`near-limit`, `limit`). Throws UserError
 * with what was probably meant, or with all that an end may mean.
 */
export function findPage(pages: readonly Page[], name: string): Page {
  const wanted = dashed(name);
  const exact = pages.find((page) => dashed(page.id) === wanted);
  if (exact) return exact;
  const ending = pages.filter((page) => dashed(page.id).endsWith(`-${wanted}`));
  if (ending.length === 1) return ending[0]!;
  if (ending.length > 1) {
    throw new UserError(`${name} may be several findings`, {
      hints: ending.map((page) => `reloadctl explain ${page.id}   # ${page.summary}`),
    });
  }
  const near = nearest(pages, name);
  throw new UserError(`no finding ${name}${near === undefined ? '' : `, did you mean ${near}?`}`, {
    hints: [near === undefined ? LIST_HINT : `reloadctl explain ${near}`],
  });
}

function dashed(name: string): string {
  return name.toLowerCase().replaceAll('/', '-');
}

/** By the whole id, else by its part behind the slash. */
function nearest(pages: readonly Page[], name: string): string | undefined {
  const whole =
    closest(
      name,
      pages.map((page) => page.id),
    ) ??
    closest(
      dashed(name),
      pages.map((page) => dashed(page.id)),
    );
  const part = closest(
    name,
    pages.map((page) => partOf(page.id)),
  );
  return pages.find((page) => page.id === whole || dashed(page.id) === whole)?.id ?? pages.find((page) => partOf(page.id) === part)?.id;
}

function partOf(id: string): string {
  return id.slice(id.indexOf('/') + 1);
}
