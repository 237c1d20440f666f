// A single file of a target: an executable that needs neither Node nor node_modules.
import { cpSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { bunFor, ownBun } from './bun.mjs';
import { ROOT, run } from './run.mjs';

/** What the program reads of its own package at run time: packageFile() finds it under the same paths. */
const EMBEDDED = ['package.json', 'schema', 'completions', 'docs/findings', 'dist/assert-preload.cjs'];
/** Bun keeps the path below the folder of what it is told to embed. */
const ASSETS = ['package.json', 'schema', 'completions', 'docs', 'dist'];

const FLAGS = [
  '--compile',
  '--format=esm',
  // Start-up: bytecode is not parsed, and a run loads only the chunks of its command.
  '--bytecode',
  // A look is over before compiled code pays: at Bun's own thresholds a third of the CPU went into threads that compile. (src/evidence/short-run.ts)
  '--compile-jit-policy=20',
  '--splitting',
  '--minify',
  // 1 MB, read only when there is a trace to print: names of files and lines in bug reports.
  '--sourcemap=inline',
  // Whoever runs this as root in a folder of somebody else must not run what lies there.
  '--no-compile-autoload-bunfig',
  '--no-compile-autoload-dotenv',
  '--no-compile-autoload-tsconfig',
  '--no-compile-autoload-package-json',
];

/** The sources in a folder of their own: Bun leaves temporary files in the working directory, reads settings there, and traces name files relative to it. */
export function copySources(work) {
  for (const path of [...EMBEDDED, 'src']) cpSync(join(ROOT, path), join(work, path), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(work, 'node_modules'));
}

/** Compiles what copySources() left in `work`, and returns the path of the executable there. */
export function compile(target, work, name) {
  const bun = ownBun();
  const runtime = bunFor(target);
  const where = runtime === bun ? ['--target=bun'] : [`--target=${target.bun}`, `--compile-executable-path=${runtime}`];
  run(bun, ['build', ...FLAGS, ...where, ...ASSETS.map((path) => `--asset=${path}`), `--outfile=${name}`, 'src/single-file.ts'], { cwd: work });
  return join(work, name);
}
