// The programs of fixtures/programs/zoo: what they are started with, and what they say of themselves.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const ZOO = fileURLToPath(new URL('../../fixtures/programs/zoo/', import.meta.url));
const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
// Programs in Go are found where its own archive installs it, too.
const go = ['/usr/local/go/bin/go', '/usr/bin/go', '/usr/lib/go/bin/go'].find((path) => existsSync(path)) ?? 'go';

/** Rules were tuned on some, and are judged by others. */
const families = [
  { name: 'leaks', set: 'tune', command: () => [python, join(ZOO, 'leaks.py')] },
  { name: 'healthy', set: 'tune', command: () => [python, join(ZOO, 'healthy.py')] },
  { name: 'node', set: 'tune', command: () => [process.execPath, join(ZOO, 'server.mjs')] },
  { name: 'c', set: 'tune', command: (folder) => [compiled('cc', ['-O1', '-o', join(folder, 'animal'), join(ZOO, 'animal.c')], folder, 'animal')] },
  { name: 'bash', set: 'tune', command: () => ['bash', join(ZOO, 'shell.bash')] },
  { name: 'go', set: 'tune', command: (folder) => [compiled(go, ['build', '-C', join(ZOO, 'go'), '-o', join(folder, 'zoo-go'), '.'], folder, 'zoo-go')] },
  { name: 'judges', set: 'judge', command: () => [python, join(ZOO, 'judges.py')] },
  { name: 'perl', set: 'judge', command: () => ['perl', join(ZOO, 'perl.pl')] },
];

function compiled(compiler, args, folder, output) {
  execFileSync(compiler, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  return join(folder, output);
}

/** All members: {name, set, command, args}. What the machine has no compiler or interpreter for is left out, and told. */
export function members() {
  const folder = mkdtempSync(join(tmpdir(), 'reloadctl-zoo-programs-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return families.flatMap(({ name, set, command }) => {
    try {
      const [program, ...args] = command(folder);
      const names = execFileSync(program, [...args, '--list'], { encoding: 'utf8' }).split('\n').filter(Boolean).sort();
      return names.map((own) => ({ name: `${name}/${own}`, set, command: program, args: [...args, own] }));
    } catch (error) {
      if (error.code !== 'ENOENT') throw error;
      console.log(`left out: ${name} (no ${error.path ?? 'program'} here)`);
      return [];
    }
  });
}

/** Starts one. `stop` closes its input, which ends it. */
export async function start({ command, args }) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.on('exit', resolve));
  const lines = createInterface({ input: child.stdout });
  const [line] = await Promise.race([new Promise((resolve) => lines.once('line', (text) => resolve([text]))), ended.then(() => [])]);
  if (line === undefined) throw new Error(`${command} ${args.join(' ')} ended without a word`);
  const stop = async () => {
    child.stdin.end();
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await ended;
    clearTimeout(late);
    // Children of its own may hold the other end for a moment.
    child.stdout.destroy();
  };
  return { truth: JSON.parse(line), stop };
}
