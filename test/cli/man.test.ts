/** The manual pages that the package publishes: one for each command, whole, and without a complaint of mandoc. */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { commands } from '../../src/commands.ts';
import { describeNeeds } from '../live/support/need.ts';

const FOLDER = join(import.meta.dirname, '../../man');
const SECTIONS = ['NAME', 'SYNOPSIS', 'DESCRIPTION', 'OPTIONS', 'FIELDS', 'RIGHTS', 'OVERHEAD', 'EXIT STATUS', 'EXAMPLES', 'SEE ALSO'];
const pages = readdirSync(FOLDER).sort();

it('has a page for each command, and for no other', () => {
  expect(pages).toEqual(['reloadctl.1', ...commands.map(({ name }) => `reloadctl-${name}.1`)].sort());
});

it('has npm install them', () => {
  const { man } = JSON.parse(readFileSync(join(FOLDER, '../package.json'), 'utf8')) as { man: string[] };
  expect(man.toSorted()).toEqual(pages.map((page) => `./man/${page}`));
});

it.each(pages)('%s tells purpose, options, fields, rights, cost, exit codes and examples', (page) => {
  const titles = [...readFileSync(join(FOLDER, page), 'utf8').matchAll(/^\.SH (.+)$/gm)].map((match) => match[1]);
  expect(titles.filter((title) => SECTIONS.includes(title!))).toEqual(SECTIONS);
});

describeNeeds(['mandoc'], 'mandoc', () => {
  const mandoc = (...args: string[]) => spawnSync('mandoc', args, { encoding: 'utf8' });

  it('finds nothing to complain about', () => {
    const { status, stdout, stderr } = mandoc('-T', 'lint', ...pages.map((page) => join(FOLDER, page)));
    expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  it('shows options as they are typed', () => {
    const { stdout } = mandoc('-T', 'ascii', join(FOLDER, 'reloadctl-strace.1'));
    const shown = stdout.replace(/.\x08/g, '');
    expect(shown).toMatch(/^ +-p, --attach <target>$/m);
    expect(shown).toContain('strace -f -tt -T -y -o app.strace -p 4242');
  });
});
