/** What npm publish would send, taken apart in a folder where there is nothing else. (`npm run trial` has npm install it.) */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { plainEnv } from './support/child.ts';
import { need } from './support/need.ts';
import { ownFolder } from './support/program.ts';
import { nodeOf, OTHER_NODES } from './support/runtimes.ts';

const ROOT = join(import.meta.dirname, '../..');
const NODES: [string, string][] = [['this Node', process.execPath], ...OTHER_NODES.map((major): [string, string] => [`node${major}`, nodeOf(major)])];

describe('the package alone', () => {
  let folder: string;
  const run = (node: string, args: string[]): string =>
    execFileSync(node, [join(folder, 'package/bin/reloadctl.js'), ...args], { cwd: folder, env: plainEnv(), encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

  beforeAll(() => {
    folder = ownFolder('package');
    const said = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder], { cwd: ROOT, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    const [{ filename }] = JSON.parse(said) as [{ filename: string }];
    execFileSync('tar', ['xzf', filename], { cwd: folder });
  });

  it('has the program, manual pages, completions, schema, pages of findings and licenses; no sources, nothing of this machine', () => {
    const there = readdirSync(join(folder, 'package')).sort();
    expect(there).toEqual(['LICENSE', 'NOTICE', 'README.md', 'bin', 'completions', 'dist', 'docs', 'man', 'package.json', 'schema']);
    expect(readdirSync(join(folder, 'package/docs'))).toEqual(['findings']);
    expect(readdirSync(join(folder, 'package/dist')).filter((name) => !/\.c?js$/.test(name))).toEqual(['library.d.cts', 'library.d.mts', 'library.mjs']);
    expect(existsSync(join(folder, 'package/man/reloadctl-fds.1'))).toBe(true);
  });

  it.for(NODES)('runs the demo on %s, with no package beside it', ([name, node], context) => {
    if (name !== 'this Node' && !need(name)) context.skip();
    const { data } = JSON.parse(run(node, ['demo', '--json'])) as { data: { planted: { planted: number; found: number }[] } };
    expect(data.planted.length).toBeGreaterThan(3);
    for (const { planted, found } of data.planted) expect(found).toBe(planted);
    expect(run(node, ['completion', 'bash'])).toContain('complete -F _reloadctl reloadctl');
  });
});
