// Bundles src/ into dist/: one small entry, a chunk per command, so that a run loads only what its command needs.
// Dependencies are bundled too (start-up is a feature: a bundled entry costs 1.3 times an empty Node, node_modules 1.5),
// except koffi, which is native and optional, and systeminformation, which is only ever loaded by the demo.
import { rmSync } from 'node:fs';
import { build } from 'esbuild';

rmSync('dist', { recursive: true, force: true });
await build({
  entryPoints: { cli: 'src/cli.ts', 'demo-server': 'src/demo/server.ts', 'demo-machine': 'src/demo/machine-program.ts' },
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  external: ['koffi', 'systeminformation'],
  // commander and cli-table3 are CommonJS and call require() for Node's own modules.
  banner: { js: "import { createRequire as reloadctlRequire } from 'node:module'; const require = reloadctlRequire(import.meta.url);" },
  chunkNames: 'chunks/[name]-[hash]',
  legalComments: 'none',
  minifySyntax: true,
  minifyWhitespace: true,
  logLevel: 'warning',
});
