// NOTICE: whose work is bundled in dist/ and in the single files, and under which terms; from what npm installed.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const HEAD = `reloadctl contains work of others, under the terms below.

The programs of the npm package (dist/) and the single files hold these packages of npm. koffi is not among them: npm installs it beside.
`;

const RUNTIME = `
==============================================================================
Bun: in the single files only

The single files are a copy of Bun (https://github.com/oven-sh/bun), MIT licensed, with the program attached. Bun links statically
JavaScriptCore and parts of WebKit (LGPL 2; https://github.com/oven-sh/WebKit), TinyCC (LGPL 2.1), and libraries under MIT, BSD, zlib,
Apache 2.0, ICU and similar terms; all of them, with their licenses, are listed in LICENSE.md of Bun's sources, which also tells how to
build it with a changed JavaScriptCore. With a Bun made so, fixtures/runtimes/bun of the sources of reloadctl and
"npm run build:binary" make a single file that holds it.
`;

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/** Folder of a package as Node finds it from another one. */
function folderOf(root, name, from) {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, 'node_modules', name);
    if (existsSync(join(path, 'package.json'))) return path;
    if (folder === root || folder === dirname(folder)) return undefined;
  }
}

/** All packages that are reached from the dependencies of the root, by name and version. */
function packagesOf(root) {
  const found = new Map();
  const visit = (names, from, isOptional) => {
    for (const name of names) {
      const folder = folderOf(root, name, from);
      if (folder === undefined && isOptional) continue;
      if (folder === undefined) throw new Error(`${name} is not installed: npm ci`);
      const { version, license, dependencies = {}, optionalDependencies = {} } = readJson(join(folder, 'package.json'));
      const key = `${name} ${version}`;
      if (found.has(key)) continue;
      found.set(key, { folder, license });
      visit(Object.keys(dependencies).filter((one) => !(one in optionalDependencies)), folder, false);
      visit(Object.keys(optionalDependencies), folder, true);
    }
  };
  visit(Object.keys(readJson(join(root, 'package.json')).dependencies), root, false);
  return [...found].sort(([a], [b]) => (a < b ? -1 : 1));
}

function termsOf(folder) {
  const files = readdirSync(folder).filter((name) => /^(?:licen[cs]e(?:-[\w.-]+?)?|copying|notice)(?:\.(?:md|txt))?$/i.test(name)).sort();
  return files.map((name) => readFileSync(join(folder, name), 'utf8').replace(/\r\n?/g, '\n').trim()).join('\n\n');
}

/** @returns {string} */
export function noticeText(root) {
  const parts = packagesOf(root).map(([name, { folder, license }]) => {
    const terms = termsOf(folder);
    if (terms === '') throw new Error(`${name} (${license}) has no file with its license: ${folder}`);
    return `\n==============================================================================\n${name} (${license})\n\n${terms}\n`;
  });
  return `${HEAD}${parts.join('')}${RUNTIME}`;
}
