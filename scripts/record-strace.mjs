// Logs of strace for the rules: node scripts/record-strace.mjs [name...]. Runs each case of fixtures/programs/strace-cases.py
// under the installed strace, and keeps the first line and what follows the case's mark: the start of Python is 600 lines.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const PROGRAM = join(ROOT, 'fixtures/programs/strace-cases.py');
const USUAL = ['-tt', '-T', '-y'];
/** Case to the id it shows, and how it is recorded where that is not as usual. */
const CASES = {
  leak: ['strace/leak'],
  'double-close': ['strace/double-close'],
  'use-after-close': ['strace/use-after-close'],
  'epoll-after-close': ['strace/epoll-after-close'],
  'exec-inherit': ['strace/exec-inherit'],
  'cloexec-race': ['strace/cloexec-race'],
  'out-of-fds': ['strace/out-of-fds'],
  'address-in-use': ['strace/address-in-use'],
  'listen-gap': ['strace/listen-gap'],
  'killed-before-drain': ['strace/killed-before-drain'],
  toctou: ['strace/toctou'],
  blocked: ['strace/blocked'],
  'slow-accept': ['strace/slow-accept'],
  overflow: ['inotify/overflow', [...USUAL, '-e', 'trace=execve,access,inotify_init1,inotify_add_watch,read']],
  coverage: ['strace/coverage', [...USUAL, '-e', 'trace=execve,access,openat']],
};

function record(name, options, target) {
  const folder = mkdtempSync(join(tmpdir(), 'reloadctl-record-'));
  const log = join(folder, 'log');
  try {
    const { status, stderr } = spawnSync('strace', ['-f', ...options, '-o', log, '/usr/bin/python3', '-S', '-E', PROGRAM, name], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
    if (status !== 0) throw new Error(`${name}: ${stderr}`);
    const lines = readFileSync(log, 'latin1').replaceAll(join(ROOT, 'fixtures/programs'), '/srv/programs').replaceAll(process.cwd(), '/srv').split('\n');
    const mark = lines.findIndex((line) => line.includes('"/case/'));
    if (mark < 0) throw new Error(`${name}: the log has no mark`);
    const kept = [lines[0].replace(/\[.*\]/, `["python3", "${name}"]`), ...lines.slice(mark + 1)];
    writeFileSync(target, kept.join('\n'), 'latin1');
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const wanted = process.argv.slice(2);
for (const [name, [id, options = USUAL]] of Object.entries(CASES)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  const file = `${id.replace('/', '-')}.strace`;
  record(name, options, join(ROOT, 'fixtures/strace/err', file));
  record(`ok-${name}`, name === 'coverage' ? USUAL : options, join(ROOT, 'fixtures/strace/ok', file));
  process.stdout.write(`${id}\n`);
}
