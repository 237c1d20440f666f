// npm run trial: packs the package as npm publish would, installs it into empty folders by npm under each Node there is (this one and
// fixtures/runtimes), with and without the optional koffi, and runs the demo. From npm's cache where it has what is needed. Needs npm run build.
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ROOT, readJson, run } from './binary/run.mjs';

/** npm itself, to be run by the Node in question. */
function npmProgram() {
  return process.env.npm_execpath ?? join(run('npm', ['root', '--global']).trim(), 'npm/bin/npm-cli.js');
}

function nodes() {
  const others = readdirSync(join(ROOT, 'fixtures/runtimes'))
    .filter((name) => name.startsWith('node'))
    .map((name) => join(ROOT, 'fixtures/runtimes', name, `node_modules/node-linux-${process.arch}/bin/node`));
  return [process.execPath, ...others.filter(existsSync)];
}

/** What the demo planted and how much of it was found; whether native calls were there. */
function demo(node, folder) {
  const program = join(folder, 'node_modules/reloadctl/bin/reloadctl.js');
  const { data, coverage } = JSON.parse(run(node, [program, 'demo', '--json'], { cwd: folder, env: { PATH: process.env.PATH } }));
  const lost = data.planted.filter(({ planted, found }) => planted !== found);
  if (data.planted.length === 0 || lost.length > 0) throw new Error(`the demo did not find ${JSON.stringify(lost)}`);
  return { faults: data.planted.length, hasNative: coverage.some(({ source, status }) => source === 'sock_diag tcp' && status === 'ok') };
}

function trial(node, archive, withKoffi) {
  const folder = mkdtempSync(join(tmpdir(), 'reloadctl-trial-'));
  try {
    writeFileSync(join(folder, 'package.json'), '{}');
    const env = { ...process.env, PATH: `${dirname(node)}:${process.env.PATH}` };
    run(node, [npmProgram(), 'install', '--prefer-offline', '--no-audit', '--no-fund', ...(withKoffi ? [] : ['--omit=optional']), archive], { cwd: folder, env });
    if (existsSync(join(folder, 'node_modules/koffi')) !== withKoffi) throw new Error(`koffi is ${withKoffi ? 'not ' : ''}there`);
    const { version } = readJson(join(ROOT, 'package.json'));
    const said = run(join(folder, 'node_modules/.bin/reloadctl'), ['--version'], { cwd: folder, env }).trim();
    if (said !== version) throw new Error(`--version says ${said}, not ${version}`);
    const { faults, hasNative } = demo(node, folder);
    if (hasNative !== withKoffi) throw new Error(`native calls are ${hasNative ? '' : 'not '}there`);
    return `demo found all ${faults} faults, ${withKoffi ? 'with koffi' : 'without koffi'}`;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const work = mkdtempSync(join(tmpdir(), 'reloadctl-pack-'));
try {
  const [{ filename }] = JSON.parse(run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', work], { cwd: ROOT, maxBuffer: 1 << 26 }));
  for (const node of nodes()) {
    const version = run(node, ['--version']).trim();
    for (const withKoffi of [true, false]) process.stdout.write(`Node ${version}: ${trial(node, join(work, filename), withKoffi)}\n`);
  }
} catch (error) {
  process.stderr.write(`trial: ${error.message}\n`);
  process.exitCode = 1;
} finally {
  rmSync(work, { recursive: true, force: true });
}
