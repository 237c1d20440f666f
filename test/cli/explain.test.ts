import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { reloadctl } from '../live/support/program.ts';
import { need } from '../live/support/need.ts';

const PAGES = new URL('../../docs/findings/', import.meta.url);
const names = readdirSync(PAGES).filter((name) => name.endsWith('.md') && readFileSync(new URL(name, PAGES), 'latin1').startsWith('# fd/'));
const page = readFileSync(new URL('fd-near-limit.md', PAGES), 'utf8').replace(/^<!--[^\n]*-->\n/gm, '');

describe('explain', () => {
  it.each(['fd/near-limit', 'fd-near-limit', 'near-limit'])('prints the page of %s', async (name) => {
    expect(await reloadctl(['explain', name])).toMatchObject({ code: 0, stdout: page, stderr: '' });
  });

  it('works from any folder', async () => {
    expect(await reloadctl(['explain', 'fd/near-limit'], { cwd: '/' })).toMatchObject({ code: 0, stdout: page });
  });

  it.skipIf(!need('root'))('works for a user without any right', async () => {
    expect(await reloadctl(['explain', 'fd/near-limit'], { uid: 65534, cwd: '/' })).toMatchObject({ code: 0, stdout: page });
  });

  it('prints headings bold and without marks when there are colours', async () => {
    const { stdout } = await reloadctl(['explain', 'fd/near-limit', '--color', 'always']);
    expect(stdout).toMatch(/^\u001b\[1mfd\/near-limit: /);
    expect(stdout).not.toMatch(/^#/m);
  });

  it('lists all findings', async () => {
    const { code, stdout } = await reloadctl(['explain']);
    expect(code).toBe(0);
    for (const name of names) expect(stdout).toMatch(new RegExp(`^fd/${name.slice('fd-'.length, -'.md'.length)} +\\S`, 'm'));
  });

  it('prints JSON', async () => {
    const one = await reloadctl(['explain', 'fd/near-limit', '--json']);
    expect(JSON.parse(one.stdout)).toMatchObject({ id: 'fd/near-limit', text: page });
    const all = JSON.parse((await reloadctl(['explain', '--json'])).stdout) as { findings: { id: string; summary: string }[] };
    expect(all.findings.find(({ id }) => id === 'fd/near-limit')?.summary).toBe(JSON.parse(one.stdout).summary);
  });

  it('knows no other finding', async () => {
    const { code, stdout, stderr } = await reloadctl(['explain', 'fd/near-limti']);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('did you mean fd/near-limit?');
  });
});
