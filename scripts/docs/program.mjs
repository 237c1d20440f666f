// The command table and the rules of src/, bundled for this one use: the dist of a package does not export them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';

const SOURCE = `
import { Command } from 'commander';
import { addCommonOptions } from './src/cli/options.ts';
import { commands } from './src/commands.ts';

export async function load() {
  const ids = new Set();
  const loaded = [];
  for (const { name, summary, effects, load, rules } of commands) {
    const command = new Command(name);
    (await load()).configure(command);
    addCommonOptions(command);
    for (const rule of (await rules?.()) ?? []) ids.add(rule.id);
    const options = command.options.map(({ long, short, required }) => ({ long, short, takesValue: required }));
    loaded.push({ name, summary, effects, options });
  }
  return { commands: loaded, ruleIds: [...ids].sort() };
}
`;

/**
 * @param {string} root of the repository
 * @returns {Promise<{
 *   commands: { name: string, summary: string, effects: string, options: { long?: string, short?: string, takesValue: boolean }[] }[],
 *   ruleIds: string[],
 * }>}
 */
export async function loadProgram(root) {
  const folder = mkdtempSync(join(tmpdir(), 'reloadctl-docs-'));
  const outfile = join(folder, 'program.mjs');
  try {
    await build({
      stdin: { contents: SOURCE, resolveDir: root, loader: 'ts' },
      outfile,
      bundle: true,
      format: 'esm',
      platform: 'node',
      external: ['koffi', 'systeminformation'],
      // commander is CommonJS and calls require() for Node's own modules.
      banner: { js: "import { createRequire as require_ } from 'node:module'; const require = require_(import.meta.url);" },
      logLevel: 'warning',
    });
    const { load } = await import(pathToFileURL(outfile).href);
    return await load();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
