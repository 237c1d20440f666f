/** `strace` against `mawk '{n+=NF} END{print n}'` on the same logs, made here: a server's halves, a program that mostly opens and closes, and real programs. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** Lines of one request of a server with two workers, most of them halves, and of one module that is looked for and read. */
function* requests() {
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

/** Lines of a program that opens, looks, reads and closes, and forgets one of a hundred. */
function* openings() {
  let micros = 0;
  let free = 3;
  yield '7003  1790000000.000001 execve("/usr/bin/worker", ["worker"], 0x7ffd84003230 /* 35 vars */) = 0 <0.000198>\n';
  for (let n = 0; ; n++) {
    const stamp = () => `${1_790_000_000 + Math.floor((micros += 17) / 1e6)}.${String(micros % 1e6).padStart(6, '0')}`;
    const path = `/srv/spool/job-${n % 900}.part`;
    const fd = free;
    const isForgotten = n % 100 === 0 && free < 900;
    yield `7003  ${stamp()} openat(AT_FDCWD</srv>, "${path}", O_RDONLY|O_CLOEXEC) = ${fd}<${path}> <0.000014>\n`;
    yield `7003  ${stamp()} newfstatat(${fd}<${path}>, "", {st_mode=S_IFREG|0600, st_size=512, ...}, AT_EMPTY_PATH) = 0 <0.000007>\n`;
    yield `7003  ${stamp()} read(${fd}<${path}>, "\\0\\1\\2\\3"..., 512) = 512 <0.000009>\n`;
    yield `7003  ${stamp()} lseek(${fd}<${path}>, 0, SEEK_CUR) = 512 <0.000006>\n`;
    if (isForgotten) free++;
    else yield `7003  ${stamp()} close(${fd}<${path}>) = 0 <0.000008>\n`;
  }
}

/** What real programs do, short-lived ones most of all, again and again; undefined without strace. */
function* recorded(folder) {
  const file = join(folder, 'recorded.strace');
  const script = 'for n in 1 2 3; do grep -rc import src test | sort | tail -1; git log --stat -20 | wc -l; find src -name "*.ts" -exec head -c 100 {} + | cksum; done';
  const { error } = spawnSync('strace', ['-f', '-tt', '-T', '-y', '-o', file, 'sh', '-c', script], { cwd: join(import.meta.dirname, '../..'), stdio: 'ignore' });
  if (error) return;
  const text = readFileSync(file, 'latin1');
  for (;;) yield text;
}

function generate(file, lines, bytes) {
  const fd = openSync(file, 'w');
  let written = 0;
  let chunk = '';
  for (const line of lines) {
    chunk += line;
    if (chunk.length < 1 << 20) continue;
    written += writeSync(fd, chunk);
    chunk = '';
    if (written >= bytes) break;
  }
  closeSync(fd);
  return written;
}

export async function benchStrace(stage) {
  const { checks, smoke, contestants } = stage;
  // To start costs as much as to read 50 MB: of a smaller log the ratio says nothing, and is only shown.
  const megabytes = smoke ? 30 : 500;
  for (const [what, lines] of [['halves of a server', requests()], ['opens and closes', openings()], ['a shell and its programs', recorded(stage.folder)]]) {
    const log = join(stage.folder, 'log.strace');
    if (generate(log, lines, megabytes * 1e6) === 0) {
      stage.say('no strace: what real programs do is skipped');
      continue;
    }
    const scenario = `log of strace, ${megabytes} MB, ${what}`;
    const costs = await stage.run({ ...stage.commandsOf(['strace', log, '--quiet']), mawk: ['mawk', '{n+=NF} END{print n}', log] }, scenario, smoke ? 1 : 3);
    for (const name of Object.keys(contestants.forms)) {
      checks.ratio(scenario, costs, name, 'mawk', 'wallMs', smoke ? undefined : 1.5);
      checks.value(scenario, `${name}, peak memory`, Math.max(...costs[name].map(({ peakKiB }) => peakKiB ?? 0)) / 1024, 150, ' MiB');
    }
  }
}
