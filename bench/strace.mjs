// node bench/strace.mjs [--smoke]: reading a log of strace against mawk '{n+=NF} END{print n}' on the same log, in turns.
// The log is made here: a server's halves and a package manager's opens, 500 MB (--smoke: 50). Exit 1 when a target is missed.
import { spawnSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const smoke = process.argv.includes('--smoke');
const BYTES = (smoke ? 50 : 500) * 1e6;
const ROUNDS = 3;
const ENTRY = fileURLToPath(new URL('../bin/reloadctl.js', import.meta.url));

/** Lines of one request of a server with two workers, most of them halves, and of one module that is looked for and read. */
function* lines() {
  let micros = 0;
  const stamp = () => {
    micros += 13;
    const seconds = Math.floor(micros / 1e6);
    const two = (n) => String(n).padStart(2, '0');
    return `${two(Math.floor(seconds / 3600) % 24)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}.${String(micros % 1e6).padStart(6, '0')}`;
  };
  yield '7001  00:00:00.000001 execve("/usr/sbin/server", ["server"], 0x7ffd84003230 /* 35 vars */) = 0 <0.000198>\n';
  yield '7001  00:00:00.000002 clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|SIGCHLD, child_tidptr=0x7f) = 7002 <0.000198>\n';
  for (let n = 0; ; n++) {
    const fd = 20 + (n % 60);
    for (const [call, rest] of [
      [`epoll_wait(8<anon_inode:[eventpoll]>, `, `[{events=EPOLLIN, data={u32=1503538512, u64=94314690391376}}], 512, -1) = 1 <0.000034>`],
      [`accept4(5<socket:[8116400]>, `, `{sa_family=AF_INET, sin_port=htons(${40000 + (n % 9999)}), sin_addr=inet_addr("10.0.0.7")}, [112 => 16], SOCK_NONBLOCK) = ${fd}<socket:[${9e6 + n}]> <0.000042>`],
      [`recvfrom(${fd}<socket:[${9e6 + n}]>, `, `"GET /item/${n} HTTP/1.1\\r\\nHost: 12"..., 1024, 0, NULL, NULL) = 146 <0.000021>`],
      [`openat(AT_FDCWD</srv>, "/srv/data/item-${n % 5000}.json", O_RDONLY|O_NONBLOCK|O_CLOEXEC`, `) = ${fd + 100}</srv/data/item-${n % 5000}.json> <0.000054>`],
      [`newfstatat(${fd + 100}</srv/data/item-${n % 5000}.json>, "", `, `{st_mode=S_IFREG|0644, st_size=2211, ...}, AT_EMPTY_PATH) = 0 <0.000017>`],
      [`sendfile(${fd}<socket:[${9e6 + n}]>, ${fd + 100}</srv/data/item-${n % 5000}.json>, [0] => [2211], 2211`, `) = 2211 <0.000077>`],
      [`write(6</var/log/access.log>, "10.0.0.7 - - [22/Nov/2026:06:45:"..., 91`, `) = 91 <0.000031>`],
      [`close(${fd + 100}</srv/data/item-${n % 5000}.json>`, `) = 0 <0.000012>`],
      [`close(${fd}<socket:[${9e6 + n}]>`, `) = 0 <0.000029>`],
    ]) {
      const name = call.slice(0, call.indexOf('('));
      yield `7002  ${stamp()} ${call} <unfinished ...>\n`;
      yield `7001  ${stamp()} futex(0x7f1d2c00${String(1000 + (n % 9000))}, FUTEX_WAKE_PRIVATE, 1) = 0 <0.000008>\n`;
      yield `7002  ${stamp()} <... ${name} resumed>${rest}\n`;
    }
    yield `7001  ${stamp()} statx(AT_FDCWD</srv>, "/srv/node_modules/package-${n % 800}/lib/index.js", AT_STATX_SYNC_AS_STAT, STATX_ALL, 0x7ffd2c4e69c0) = -1 ENOENT (No such file or directory) <0.000011>\n`;
  }
}

function generate(file) {
  const fd = openSync(file, 'w');
  let written = 0;
  let chunk = '';
  for (const line of lines()) {
    chunk += line;
    if (chunk.length < 1 << 20) continue;
    written += writeSync(fd, chunk);
    chunk = '';
    if (written >= BYTES) break;
  }
  closeSync(fd);
}

/** Wall ms and peak KiB. */
function cost(command) {
  const started = process.hrtime.bigint();
  const { status, error } = spawnSync(command[0], command.slice(1), { stdio: ['ignore', 'ignore', 'ignore'] });
  if (error || status === null) throw new Error(`${command[0]}: ${error?.message ?? 'was killed'}`);
  return Number(process.hrtime.bigint() - started) / 1e6;
}

function peakMiB(command) {
  const { stderr } = spawnSync('/usr/bin/time', ['-f', '%M', ...command], { encoding: 'utf8' });
  return Number(stderr?.trim().split('\n').at(-1)) / 1024;
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const folder = mkdtempSync(join(tmpdir(), 'reloadctl-bench-'));
try {
  const log = join(folder, 'log.strace');
  generate(log);
  const ours = [process.execPath, ENTRY, 'strace', log, '--quiet'];
  const theirs = ['mawk', '{n+=NF} END{print n}', log];
  const rounds = Array.from({ length: ROUNDS }, () => ({ ours: cost(ours), theirs: cost(theirs) }));
  const ratio = median(rounds.map((round) => round.ours / round.theirs));
  const wall = median(rounds.map((round) => round.ours));
  const peak = peakMiB(ours);
  process.stdout.write(`${Math.round(BYTES / 1e6)} MB log: ${Math.round(wall)} ms, ${Math.round(BYTES / 1e3 / wall)} MB/s, peak ${Math.round(peak)} MiB; ${ratio.toFixed(2)} times mawk (target 1.5; smoke 3)\n`);
  if (ratio > (smoke ? 3 : 1.5) || peak > 150) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
