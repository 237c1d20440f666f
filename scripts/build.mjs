// Bundles src/ into dist/: the command line as CommonJS, which starts twice as fast as modules do, and from compiled code that is
// kept beside it (src/start.ts). Each wing has a bundle of its own, since what is loaded and not run is paid for too. Dependencies
// are bundled too, those that few runs need as files of their own; except koffi, which is native and optional, and
// systeminformation, which is only ever loaded by the demo.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { build } from 'esbuild';
import { isIn, WINGS } from './bundles.mjs';

/** Built-in modules that most runs do not need, and that cost milliseconds to load. */
const LAZY = ['node:child_process', 'node:crypto', 'node:fs/promises', 'node:http', 'node:module', 'node:net', 'node:readline', 'node:timers/promises', 'node:zlib'];
/** Dependencies that most runs do not need. */
const APART = ['chalk', 'cli-table3', 'execa', 'fzstd', 'yaml'];

/** A lazy module is loaded when a function of it is first called, not when it is imported. */
const lazyBuiltins = {
  name: 'lazy-builtins',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: new RegExp(`^(?:${LAZY.join('|')})$`) }, ({ path }) => ({ path, namespace: 'lazy' }));
    onLoad({ filter: /.*/, namespace: 'lazy' }, async ({ path }) => {
      const functions = Object.entries(await import(path)).filter(([name, value]) => name !== 'default' && typeof value === 'function');
      const wrapped = functions.map(([name]) => `export const ${name} = (...args) => process.getBuiltinModule('${path}').${name}(...args);`);
      return { contents: wrapped.join('\n'), loader: 'js' };
    });
  },
};

/** Files of their own are found beside the one that asks for them. */
const apart = {
  name: 'apart',
  setup({ onResolve }) {
    onResolve({ filter: new RegExp(`^(?:${APART.join('|')})$`) }, ({ path, kind }) =>
      kind === 'entry-point' ? undefined : { path: `./${path}.cjs`, external: true },
    );
  },
};

/** In commands.ts, what a bundle has no commands for is left out. */
function onlyCommandsOf(bundle) {
  return {
    name: 'only-commands',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\.\/[^/]+\// }, ({ path, kind, importer }) =>
        kind === 'dynamic-import' && importer.endsWith('/src/commands.ts') && !isIn(bundle, path) ? { path, namespace: 'elsewhere' } : undefined,
      );
      onLoad({ filter: /.*/, namespace: 'elsewhere' }, ({ path }) => ({ contents: `throw new Error('${path} is not in ${bundle}.cjs');` }));
    },
  };
}

const common = {
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  target: 'node20.19',
  external: ['koffi', 'systeminformation'],
  legalComments: 'none',
  minifySyntax: true,
  minifyWhitespace: true,
  logLevel: 'warning',
};

const commonJs = {
  ...common,
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  // import() would start Node's loader of modules.
  supported: { 'dynamic-import': false },
  define: { 'import.meta.url': 'reloadctlFile.url' },
  banner: { js: "const reloadctlFile = { get url() { return require('node:url').pathToFileURL(__filename).href; } };" },
};

rmSync('dist', { recursive: true, force: true });
const bundles = ['cli', ...Object.keys(WINGS)];
for (const bundle of bundles) {
  await build({ ...commonJs, entryPoints: { [bundle]: 'src/cli.ts' }, plugins: [onlyCommandsOf(bundle), lazyBuiltins, apart] });
}
await build({ ...commonJs, entryPoints: APART, define: {}, banner: {} });
await build({ ...commonJs, entryPoints: { 'node-helper': 'src/node/helper-main.ts' }, plugins: [lazyBuiltins, apart] });
// The preload runs in programs of others, on older versions of Node, and loads what it wraps.
await build({ ...common, format: 'cjs', target: 'node18', outExtension: { '.js': '.cjs' }, entryPoints: { register: 'src/node/register/index.ts', 'assert-preload': 'src/node/register/tests/index.ts', library: 'src/node/register/library/index.ts' } });
// One copy of the library for import and require: what it wraps must be wrapped once. Its types are made from its one file.
const { default: ts } = await import('typescript');
const source = readFileSync('src/node/register/library/index.ts', 'utf8');
const { outputText, diagnostics } = ts.transpileDeclaration(source, { fileName: 'library.ts', reportDiagnostics: true, compilerOptions: { target: ts.ScriptTarget.ES2022, strict: true, isolatedDeclarations: true, declaration: true } });
if (diagnostics?.length) throw new Error(diagnostics.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' ')).join('\n'));
for (const name of ['library.d.mts', 'library.d.cts']) writeFileSync(`dist/${name}`, outputText);
writeFileSync('dist/library.mjs', "import library from './library.cjs';\nexport const { assertNoLeaks, LeakError, leaksOf } = library;\n");
await build({
  ...common,
  format: 'esm',
  splitting: true,
  chunkNames: 'demo-[name]-[hash]',
  entryPoints: { 'demo-server': 'src/demo/server.ts', 'demo-machine': 'src/demo/machine-program.ts' },
});
// A module, since it waits at its top level; whole, since it starts within each run of its command.
await build({ ...common, format: 'esm', entryPoints: { probe: 'src/inotify/probe/program.ts' } });
// Compiled code belongs to exactly this text: V8 itself compares no more than its length.
const hashOf = (bundle) => createHash('sha256').update(readFileSync(`dist/${bundle}.cjs`)).digest('hex').slice(0, 8);
const define = {
  BUNDLES: JSON.stringify(Object.fromEntries(Object.entries(WINGS).flatMap(([wing, { commands }]) => commands.map((name) => [name, wing])))),
  HASHES: JSON.stringify(Object.fromEntries(bundles.map((bundle) => [bundle, hashOf(bundle)]))),
};
await build({ ...commonJs, entryPoints: { start: 'src/start.ts' }, define, banner: {} });
// First runs leave what they compiled, for the Node that builds.
for (const args of [['fds', String(process.pid)], ['inotify-limits']]) spawnSync(process.execPath, ['bin/reloadctl.js', ...args], { stdio: 'ignore' });
