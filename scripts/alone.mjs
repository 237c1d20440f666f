// A script as process 1 of fresh namespaces, so that what it records holds a few processes and nothing of this machine. As root.
import { spawnSync } from 'node:child_process';

/** What we got from whoever started us is no part of a recording. */
const CLOSE_INHERITED = 'for n in $(ls /proc/self/fd); do [ "$n" -le 2 ] || eval "exec $n>&-"; done; exec "$0" "$@"';
const NAMESPACES = ['--pid', '--fork', '--kill-child', '--mount-proc', '--net', '--uts', '--ipc', '--cgroup'];

/** Runs `node SCRIPT ARGS` there, and says what it says; a failure is ours, too. */
export function runAlone(script, ...args) {
  // Through pipes: the files and terminals of this machine would be on the tape.
  const start = ['bash', '-c', CLOSE_INHERITED, 'unshare', ...NAMESPACES, process.execPath, script, ...args];
  const { status, stdout, stderr } = spawnSync('/usr/bin/env', start, { stdio: 'pipe', encoding: 'utf8' });
  process.stdout.write(stdout);
  process.stderr.write(stderr);
  if (status !== 0) process.exitCode = 1;
}

/** Runs a program to its end. @throws Error with what it wrote to stderr, when its exit code is not one of these */
export function run(command, args, accepted = [0], options = {}) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024, ...options });
  if (!accepted.includes(status)) throw new Error(`${command} ${args.join(' ')}: ${error ?? stderr}`);
  return stdout;
}
