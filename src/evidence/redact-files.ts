/** Pseudonyms in whole files of the kernel's, by path. What is not known to be harmless is treated as text. */
import { FD_WORDS } from './fd-words.ts';
import { redactCgroupFile } from './redact-cgroup.ts';
import { redactPath } from './redact-path.ts';
import { redactInetTable, redactText, redactUnixTable } from './redact-tables.ts';
import type { Words } from './redact-words.ts';
import type { ByteString } from './types.ts';

type FileRule = (words: Words, content: ByteString) => ByteString;

const keep: FileRule = (_words, content) => content;

/** fs/proc/array.c do_task_stat: the name stands in the outermost parentheses, and may hold some itself. */
const redactStat: FileRule = (words, content) => {
  const open = content.indexOf('(') + 1;
  const close = content.lastIndexOf(')');
  if (open === 0 || close < open) return words.text(content);
  return content.slice(0, open) + words.text(content.slice(open, close)) + content.slice(close);
};

/** fs/proc/array.c proc_pid_status: the name has its newlines escaped, so this is one line. */
const redactStatus: FileRule = (words, content) =>
  content.replace(/^(Name:\t)(.*)$/m, (_line, head: string, name: string) => head + words.text(name));

/** `path:`, or a slot of a ring that is not empty and not memory (`0x7f00aa/4096`). */
const PATH_IN_FDINFO = /^(path:[ \t]*| *\d+: (?!<none>$|0x[0-9a-f]+\/\d+$))(.*)$/gm;
/** Lines of fdinfo that hold names (tun, DMA-buf, DRM) or paths (BPF on user programs, fixed files of io_uring). */
const redactFdinfo: FileRule = (words, content) =>
  content
    .replace(/^((?:iff|name|exp_name|drm-client-name):\s*)(.*)$/gm, (_line, head: string, name: string) => head + words.text(name))
    .replace(PATH_IN_FDINFO, (_line, head: string, path: string) => head + redactPath(words, path));

const FD_WORD = new RegExp(`((?<![A-Za-z\\x80-\\xff])(?:${FD_WORDS})(?![A-Za-z\\x80-\\xff]))`, 'gi');
/** Which descriptors a command line names is kept; of all other arguments not even the numbers are, which may be secrets. */
const NAMES_FDS = /\d{1,7}(?:[,;:]\d{1,7})*$/;
/** A path or a name, and nothing that could be a title written over the arguments. */
const PROGRAM = /^[\w./+-]+$/;
/** What nginx writes over its arguments: the program it would start stands in it. */
const TITLE = /^(nginx: master process )([\w./+-]+)(.*)$/s;
const redactCmdline: FileRule = (words, content) =>
  content
    .split('\0')
    .map((argument, index, all) => {
      // What was started: the rest of the tape has it as the link of exe, too.
      const [, title, program, rest] = (index === 0 && TITLE.exec(argument)) || [];
      if (title !== undefined) return title + (program!.startsWith('/') ? redactPath(words, program!) : redactText(words, program!)) + redactText(words, rest!).replace(/\d/g, '0');
      if (/^\/(?:dev|proc\/self)\/fd\/\d{1,7}$/.test(argument)) return argument;
      const parts = argument.split(FD_WORD);
      if (index === 0 && parts.length === 1 && PROGRAM.test(argument)) return argument.startsWith('/') ? redactPath(words, argument) : redactText(words, argument);
      const namesFds = NAMES_FDS.test(argument) && (parts.length > 1 || (all[index - 1] ?? '').split(FD_WORD).length > 1);
      const hidden = parts.length === 1 && argument.startsWith('/')
        ? redactPath(words, argument)
        : parts.map((part, at) => (at % 2 === 1 ? part : redactText(words, part))).join('');
      return namesFds ? hidden : hidden.replace(/\d/g, '0');
    })
    .join('\0');

/** Variables whose value is a list of descriptor or process numbers, handed over on purpose. */
const HANDED_OVER = /^(?:LISTEN_\w+|NGINX|\w*_(?:FDS?(?:_\d+)?|PID))$/;
const NUMBERS = /^\d+(?:[,:;]\d*)*$/;
/** A descriptor number before an address (puma: `5:tcp://0.0.0.0:9292`), */
const NUMBER_FIRST = /^(\d{1,7}:)([a-z].*)$/s;
/** and behind each of several (server_starter: `0.0.0.0:80=3;/run/app.sock=4`). */
const NUMBERS_LAST = /^[^=;]+=\d{1,7}(?:;[^=;]+=\d{1,7})*$/;

/** Values become keyed hashes: whether two are equal can still be told, what they are cannot. */
const redactEnviron: FileRule = (words, content) =>
  content
    .split('\0')
    .map((entry) => {
      const equals = entry.indexOf('=');
      if (equals === -1) return words.text(entry);
      const name = entry.slice(0, equals);
      const value = entry.slice(equals + 1);
      if (value === '' || (HANDED_OVER.test(name) && NUMBERS.test(value))) return entry;
      const hidden = (text: string): string => words.hash('environ', text).slice(0, 16);
      const [, number, address] = /^PUMA_INHERIT_\d+$/.test(name) ? (NUMBER_FIRST.exec(value) ?? []) : [];
      if (address !== undefined) return `${name}=${number}a${hidden(address)}`;
      if (name === 'SERVER_STARTER_PORT' && NUMBERS_LAST.test(value)) return `${name}=${value.replace(/[^=;]+(?==)/g, hidden)}`;
      return `${name}=${name === 'LISTEN_FDNAMES' ? words.text(value) : hidden(value)}`;
    })
    .join('\0');

/** fs/proc/task_mmu.c show_map_vma: address, rights, offset, device, inode, then a path or [name]. */
const MAPPING = /^([0-9a-f]+-[0-9a-f]+ [-rwxsp]{4} [0-9a-f]+ [0-9a-f]+:[0-9a-f]+ \d+ *)(.*)$|^.+$/gm;
const redactMaps: FileRule = (words, content) =>
  content.replace(MAPPING, (line: string, head?: string, name = '') => {
    if (head === undefined) return redactText(words, line);
    return head + (/^\[[a-z0-9_]+\]$/.test(name) ? name : name.startsWith('/') ? redactPath(words, name) : words.text(name));
  });

/** fs/proc_namespace.c show_mountinfo: ids, root, mount point, options, tags - type, source, options of the file system. */
const MOUNT = /^(\d+ \d+ \d+:\d+) (\S+) (\S+) ([a-z,]+(?: (?:shared|master|propagate_from):\d+| unbindable)*) - (\S+) (\S+) (\S+)$|^.+$/gm;
const redactMountinfo: FileRule = (words, content) =>
  content.replace(MOUNT, (line: string, ids?: string, root = '', point = '', options = '', type = '', source = '', more = '') => {
    if (ids === undefined) return redactText(words, line);
    const rest = more.replace(/^(r[ow])(.*)$/, (_all: string, access: string, others: string) => access + redactText(words, others));
    const device = source.startsWith('/') ? redactPath(words, source) : redactText(words, source);
    return `${ids} ${redactPath(words, root)} ${redactPath(words, point)} ${options} - ${type} ${device} ${rest}`;
  });

const OF_PROCESS: readonly (readonly [RegExp, FileRule])[] = [
  [/^stat$/, redactStat],
  [/^status$/, redactStatus],
  [/^fdinfo\/\d+$/, redactFdinfo],
  [/^net\/(?:tcp|udp|udplite|raw|icmp)6?$/, redactInetTable],
  [/^net\/unix$/, redactUnixTable],
  [/^net\/(?:netlink|packet|protocols|sockstat6?|netstat|snmp)$/, keep],
  [/^(?:limits|statm|io|schedstat|wchan|syscall|stack|oom_score|oom_score_adj|loginuid|sessionid|uid_map|gid_map)$/, keep],
  [/^cgroup$/, redactCgroupFile],
  [/^cmdline$/, redactCmdline],
  [/^environ$/, redactEnviron],
  [/^maps$/, redactMaps],
  [/^mountinfo$/, redactMountinfo],
];

const OF_HOST: readonly (readonly [RegExp, FileRule])[] = [
  [/^\/proc\/sys\/kernel\/(?:hostname|domainname|core_pattern|modprobe|hotplug|poweroff_cmd)$/, (words, content) => words.text(content)],
  [/^\/proc\/(?:sys|pressure)\//, keep],
  [/^\/proc\/(?:stat|meminfo|uptime|loadavg|version|cpuinfo|filesystems|locks|vmstat|slabinfo)$/, keep],
  [/^\/sys\/(?:fs\/cgroup|kernel|module|devices\/system)\//, keep],
];

const PROCESS_FILE = /^\/proc\/(?:\d+|self|thread-self)\/(?:task\/\d+\/)?(.+)$/;
const HOST_NET = /^\/proc\/(net\/.+)$/;

/** The content of the file at `path`, with names and addresses replaced. */
export function redactFile(words: Words, path: string, content: ByteString): ByteString {
  const file = (PROCESS_FILE.exec(path) ?? HOST_NET.exec(path))?.[1];
  const rule = file === undefined ? OF_HOST.find(([pattern]) => pattern.test(path)) : OF_PROCESS.find(([pattern]) => pattern.test(file));
  return rule === undefined ? redactText(words, content) : rule[1](words, content);
}
