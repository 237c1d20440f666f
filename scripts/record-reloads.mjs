// Records what the guide on reloads shows: node scripts/record-reloads.mjs [NAME ...], as root, by hand, after npm run build.
// Each case of fixtures/reloads/cases.json is run broken, in namespaces of its own, and leaves one file beside it:
//   NAME.rctl     a tape, which the docs analyse anew        NAME.strace  the log of one that ends by itself
//   NAME.heap     what its endpoint of pprof told            NAME.txt     what reloadctl printed, where no tape can hold it
import { spawn } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { run, runAlone } from './alone.mjs';

const SELF = fileURLToPath(import.meta.url);
const ROOT = join(SELF, '../..');
const PROGRAMS = join(ROOT, 'fixtures/programs/reloads');
const RECORDED = join(ROOT, 'fixtures/reloads');
const HOME = '/srv/app';
/** What a program may know of this machine. */
const ENV = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', HOME, SHOP_DATABASE_URL: 'postgres://db.shop/orders' };

const cases = JSON.parse(readFileSync(join(RECORDED, 'cases.json'), 'utf8'));
const reloadctl = (...args) => run(process.execPath, [join(ROOT, 'bin/reloadctl.js'), ...args, '--color', 'never'], [0, 1, 3]);

/** [command, arguments], of a copy at a place that tells nothing of this checkout. */
function prepared({ name, program }) {
  const [path, built] = [join(PROGRAMS, program), join(HOME, 'shop')];
  if (program === 'go') {
    run('go', ['build', '-trimpath', '-buildvcs=false', '-o', built, '.'], [0], { cwd: path });
    return [built, [name, 'broken']];
  }
  if (program.endsWith('.c')) {
    run('cc', ['-O1', '-o', built, path]);
    return [built, ['broken', HOME]];
  }
  copyFileSync(path, join(HOME, basename(path)));
  return [program.endsWith('.py') ? '/usr/bin/python3' : process.execPath, [join(HOME, basename(path)), 'broken', HOME]];
}

async function started([command, args]) {
  const child = spawn(command, args, { env: ENV, cwd: '/', stdio: ['pipe', 'pipe', openSync('/dev/null', 'w')] });
  for await (const line of createInterface({ input: child.stdout })) return JSON.parse(line);
  throw new Error(`${command} ${args.join(' ')} ended without a word`);
}

/** The start of Python is hundreds of lines; what is meant begins with the first socket. */
function trace(name, [command, args]) {
  const log = `${HOME}/log`;
  run('strace', ['-f', '-tt', '-T', '-y', '-o', log, command, '-S', '-E', ...args], [0], { env: ENV, cwd: '/' });
  const lines = readFileSync(log, 'latin1').split('\n');
  const first = lines.findIndex((line) => line.includes('socket(AF_INET'));
  writeFileSync(join(RECORDED, `${name}.strace`), [lines[0].replace(/\[.*\]/, `["python3", "${name}"]`), ...lines.slice(first)].join('\n'), 'latin1');
}

/** Written aside: the recorder's own open file must not bring the path of this checkout on the tape. */
function tape(name, pid, ...more) {
  const aside = `${HOME}/aside.rctl`;
  reloadctl('record', '--quiet', String(pid), ...more, '--full', '-o', aside);
  const file = join(RECORDED, `${name}.rctl`);
  copyFileSync(aside, file);
  // Tapes are for their owner only; this one is for everybody.
  chmodSync(file, 0o644);
}

async function inside(name) {
  const one = cases.find((each) => each.name === name);
  run('hostname', ['app-1']);
  run('ip', ['link', 'set', 'lo', 'up']);
  run('mount', ['-t', 'tmpfs', 'none', '/srv']);
  mkdirSync(HOME);
  const program = prepared(one);
  if (one.traced) return trace(name, program);
  const told = await started(program);
  const filled = one.look.map((arg) => arg.replace(/\{(\w+)\}/g, (_all, key) => told[key]));
  if (filled.includes('--per-event') || filled.includes('--expect')) writeFileSync(join(RECORDED, `${name}.txt`), reloadctl(...filled, '--verbose'));
  else if (filled[0] === 'gc') writeFileSync(join(RECORDED, `${name}.heap`), await (await fetch(`${filled[1]}/debug/pprof/heap?debug=1`)).text());
  else if (filled[0] === 'inherit') tape(name, told.old, '--tree');
  else tape(name, told.pid, ...(one.recorded ?? []));
}

const [first, second] = process.argv.slice(2);
if (first === '--inside') {
  await inside(second);
  // The programs hold us through their pipes; as process 1 we take them along.
  process.exit(0);
} else {
  const wanted = process.argv.slice(2);
  for (const { name } of cases) if (wanted.length === 0 || wanted.includes(name)) runAlone(SELF, '--inside', name);
}
