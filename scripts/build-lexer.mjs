// Compiles assembly/ to WebAssembly, kept as text in compiled.ts of what uses it; with --check only says whether that is still what comes out.
// The compiler is fetched from the npm registry into fixtures/assemblyscript, by its lock file, when it is not there.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const FOLDER = join(ROOT, 'fixtures/assemblyscript');
const COMPILER = join(FOLDER, 'node_modules/assemblyscript/bin/asc.js');
/** Pages of 64 KiB: rows, a window of 1 MiB of a log, and paths; rows, a window of 256 KiB of a dump, and words. */
const PROGRAMS = [
  { source: 'assembly/lexer.ts', target: 'src/strace/lexer/compiled.ts', pages: 60 },
  { source: 'assembly/stacks.ts', target: 'src/goroutines/parse/stacks/compiled.ts', pages: 10 },
];
const WIDTH = 120;
/** What the exports of a module without garbage collector and without assertions need, and nothing else. */
const OPTIONS = ['-O3', '--runtime', 'stub', '--enable', 'simd', '--noAssert', '--use', 'abort='];

function run(command, args, options) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', ...options });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: exit ${status}\n${stdout}${stderr}`);
}

function compile({ source, pages }) {
  if (!existsSync(COMPILER)) run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: FOLDER });
  const folder = mkdtempSync(join(tmpdir(), 'reloadctl-lexer-'));
  try {
    run(process.execPath, [COMPILER, source, '--outFile', join(folder, 'out.wasm'), ...OPTIONS, '--initialMemory', `${pages}`, '--maximumMemory', `${pages}`], { cwd: ROOT });
    return readFileSync(join(folder, 'out.wasm')).toString('base64');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function moduleOf(base64) {
  const lines = base64.match(new RegExp(`.{1,${WIDTH}}`, 'g')).map((line) => `  '${line}',`);
  return `/** Made by scripts/build-lexer.mjs from assembly/: do not edit. */\nexport const COMPILED = [\n${lines.join('\n')}\n].join('');\n`;
}

for (const program of PROGRAMS) {
  const wanted = moduleOf(compile(program));
  const target = join(ROOT, program.target);
  if (!process.argv.includes('--check')) writeFileSync(target, wanted);
  else if (readFileSync(target, 'utf8') !== wanted) {
    process.stderr.write(`${program.target} is not what ${program.source} compiles to: node scripts/build-lexer.mjs\n`);
    process.exitCode = 1;
  }
}
