/** A host made up from maps, as far as the doctor asks. */
import type { Answer, DiagSocket, Evidence, FileStat, SocketProbe } from '../../src/evidence/types.ts';

export interface Host {
  files: Record<string, string>;
  links: Record<string, string>;
  lists: Record<string, string[]>;
  sizes: Record<string, number>;
  sockDiag: Reply<DiagSocket[]>;
  /** By descriptor number. */
  kcmp: (fd: number) => Reply<boolean>;
  getfd: (fd: number) => Reply<SocketProbe>;
  cat: Reply<string>;
  stat: Reply<FileStat>;
}

type Reply<T> = { value: T } | { errno: string };

export function status(options: { euid?: number; caps?: string } = {}): string {
  const uid = options.euid ?? 0;
  const fields = {
    Name: 'node',
    State: 'R (running)',
    Tgid: 7,
    PPid: 1,
    Uid: `${uid}\t${uid}\t${uid}\t${uid}`,
    FDSize: 64,
    Threads: 1,
    SigCgt: '0000000000000000',
    CapEff: options.caps ?? '000001ffffffffff',
  };
  return Object.entries(fields)
    .map(([key, value]) => `${key}:\t${value}\n`)
    .join('');
}

const stat: FileStat = { dev: '1', ino: '1', mode: 0o100644, nlink: 1, size: 1, allocatedBytes: 4096 };

/** Root on a recent host, outside of any container, with everything there. */
export function wholeHost(): Host {
  return {
    files: {
      '/proc/sys/kernel/osrelease': '6.18.44\n',
      '/proc/self/status': status(),
      '/proc/self/uid_map': '         0          0 4294967295\n',
      '/proc/self/mountinfo': '22 21 0:20 / /proc rw,nosuid - proc proc rw\n',
      '/proc/self/cgroup': '0::/user.slice/session-3.scope\n',
      '/proc/self/limits':
        'Limit                     Soft Limit           Hard Limit           Units     \n' +
        'Max open files            20000                20000                files     \n',
      '/proc/sys/fs/file-nr': '871\t0\t9223372036854775807\n',
      '/proc/sys/fs/nr_open': '1048576\n',
    },
    links: { '/proc/self/ns/pid': 'pid:[4026531836]' },
    lists: { '/proc/7/fd': ['0', '1', '2'], '/proc': ['1', '7', 'sys'] },
    sizes: { '/proc/self/fd': 3, '/usr/bin/strace': 1, '/usr/sbin/ss': 1 },
    sockDiag: { value: [] },
    kcmp: () => ({ value: true }),
    getfd: () => ({ errno: 'ENOTSOCK' }),
    cat: { value: '7 (node) R' },
    stat: { value: stat },
  };
}

export function evidenceOf(host: Host): Evidence {
  const answer = <T>(reply: Reply<T>, source: string): Answer<T> => ({ ...reply, at: 0, source });
  const found = <T>(map: Record<string, T>, path: string): Answer<T> =>
    answer(path in map ? { value: map[path]! } : { errno: 'ENOENT' }, path);
  return {
    origin: 'live',
    now: () => 0,
    sleep: () => Promise.resolve(),
    read: (path) => found(host.files, path),
    readlink: (path) => found(host.links, path),
    list: (path) => found(host.lists, path),
    size: (path) => found(host.sizes, path),
    readSlow: (paths) => Promise.resolve(paths.map((path) => answer(host.cat, path))),
    statSlow: (directory, names) => Promise.resolve(names.map((name) => answer(host.stat, `${directory}/${name}`))),
    sockDiag: () => answer(host.sockDiag, 'sock_diag'),
    sameDescription: (_pid, fd) => answer(host.kcmp(fd), 'kcmp'),
    isEpollTarget: () => answer<boolean>({ errno: 'ENOTSUP' }, 'kcmp'),
    probeSocket: (_pid, fd) => answer(host.getfd(fd), 'pidfd_getfd'),
    close: () => false,
  };
}
