/** Pseudonyms for cgroup paths: which manager, unit, container or pod it is stays readable in form, not in name. */
import { LETTERS, type Words } from './redact-words.ts';

/** Words of systemd, of container runtimes and of the kubelet; then of the kernel: hierarchies and control files. */
const KEPT = new Set([
  'system', 'user', 'session', 'init', 'machine', 'app', 'service', 'scope', 'slice', 'socket', 'mount', 'docker', 'cri',
  'containerd', 'crio', 'conmon', 'libpod', 'podman', 'parent', 'pod', 'kubepods', 'burstable', 'besteffort', 'guaranteed', 'lxc',
  'payload', 'monitor', 'ecs', 'unified', 'systemd', 'deleted',
  'cgroup', 'pids', 'memory', 'cpu', 'cpuacct', 'cpuset', 'io', 'blkio', 'devices', 'freezer', 'hugetlb', 'rdma', 'misc', 'perf',
  'event', 'net', 'cls', 'prio', 'max', 'min', 'low', 'high', 'current', 'peak', 'events', 'local', 'stat', 'pressure', 'procs',
  'tasks', 'threads', 'type', 'controllers', 'subtree', 'control', 'limit', 'usage', 'in', 'bytes', 'swap', 'weight', 'state',
]);

/** systemd's escapes; ids of containers and pods, the latter with dashes or underscores; words. */
const ID = '[0-9a-f]{8}(?:[-_][0-9a-f]{4}){3}[-_][0-9a-f]{12}|[0-9a-f]{12,}';
const TOKEN = new RegExp(String.raw`\\x[0-9a-f]{2}|(?<![0-9A-Za-z])(pod)?(${ID})(?![0-9A-Za-z])|${LETTERS.source}`, 'g');

/**
 * One path, of /proc/PID/cgroup or below /sys/fs/cgroup. Ids stay hexadecimal and of their length; the pod id is the same
 * with dashes and with underscores.
 */
export function redactCgroupPath(words: Words, path: string): string {
  return path.replace(TOKEN, (token: string, pod: string | undefined, id: string | undefined) => {
    if (id !== undefined) return (pod ?? '') + redactId(words, id);
    return token.startsWith('\\') || KEPT.has(token) ? token : words.word(token);
  });
}

function redactId(words: Words, id: string): string {
  const digits = id.replace(/[-_]/g, '');
  const repeats = Math.ceil(digits.length / 64);
  const pseudonym = words.assign('id', digits, (digest) => digest.toString('hex').repeat(repeats).slice(0, digits.length));
  let used = 0;
  return id.replace(/[0-9a-f]/g, () => pseudonym.charAt(used++));
}

/** The file /proc/PID/cgroup: `hierarchy:controllers:path` lines. */
export function redactCgroupFile(words: Words, text: string): string {
  return text
    .split('\n')
    .map((line) => {
      const head = /^\d+:[^:]*:/.exec(line)?.[0] ?? '';
      return head + redactCgroupPath(words, line.slice(head.length));
    })
    .join('\n');
}
