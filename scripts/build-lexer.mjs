// Compiles assembly/ to WebAssembly, kept as text in src/strace/lexer/compiled.ts; with --check only says whether that is still what comes out.
// The compiler is fetched from the npm registry into fixtures/assemblyscript, by its lock file, when it is not there.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ROOT = join(import.meta.dirname, '..');
const FOLDER = join(ROOT, 'fixtures/assemblyscript');
const COMPILER = join(FOLDER, 'node_modules/assemblyscript/bin/asc.js');
const TARGET = join(ROOT, 'src/strace/lexer/compiled.ts');
const WIDTH = 120;
/** What the exports of a module without garbage collector and without assertions need, and nothing else. Pages of 64 KiB: rows, and a window of 1 MiB. */
const OPTIONS = ['-O3', '--runtime', 'stub', '--enable', 'simd', '--noAssert', '--initialMemory', '24', '--maximumMemory', '24', '--use', 'abort='];

function run(command, args, options) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', ...options });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: exit ${status}\n${stdout}${stderr}`);
}

function compile() {
  if (!existsSync(COMPILER)) run('npm', ['ci', '--no-audit', '--no-fund'], { cwd: FOLDER });
  const folder = mkdtempSync(join(tmpdir(), 'reloadctl-lexer-'));
  try {
    run(process.execPath, [COMPILER, 'assembly/lexer.ts', '--outFile', join(folder, 'lexer.wasm'), ...OPTIONS], { cwd: ROOT });
    return readFileSync(join(folder, 'lexer.wasm')).toString('base64');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function moduleOf(base64) {
  const lines = base64.match(new RegExp(`.{1,${WIDTH}}`, 'g')).map((line) => `  '${line}',`);
  return `/** Made by scripts/build-lexer.mjs from assembly/: do not edit. */\nexport const COMPILED = [\n${lines.join('\n')}\n].join('');\n`;
}

const wanted = moduleOf(compile());
if (process.argv.includes('--check')) {
  if (readFileSync(TARGET, 'utf8') !== wanted) {
    process.stderr.write('src/strace/lexer/compiled.ts is not what assembly/ compiles to: node scripts/build-lexer.mjs\n');
    process.exitCode = 1;
  }
} else writeFileSync(TARGET, wanted);
