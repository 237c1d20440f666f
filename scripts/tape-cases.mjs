// What each tape of fixtures/tapes shows: the programs are told what to be, so the truth is known before reloadctl looks.
// `make`: commands of fixtures/programs/factory.py; `server`: a server instead; `watch`: recorded for so long, while things move,
// so that how many are open in the end is not known beforehand.
// `command`: the command that shall find it, `fds` unless told, with `options` as commander gives them. `userLimits`: in a user namespace
// of its own, with these limits (/proc/sys/user/*). `network`: with these settings of its network namespace (/proc/sys/net/*).
// `over`: texts that are laid over files of the kernel whose true values are of the whole host, `cgroup`: over /sys/fs/cgroup.
// `replace`: of a program of its own, with this file, of this `mode`, for preflight --replace.
// `tree`: its children are recorded, too.
// `node`: a service of fixtures/programs/node-tape.mjs, with our preload unless `preload` is false; its handles are recorded, with `promises` too.
// `finds`: every finding there must be, as [id, severity, confidence]; nothing else may be found.

/** So many groups of handles keep the loop of a service alive, as they should: its servers and connections, its timers, its standard input. */
const open = (groups) => Array(groups).fill(['node/open-handle', 'info', 'certain']);
const COMMON = [['fd/no-cloexec', 'info', 'certain']];

/** One per rule: the fault with a known count. And the server of the README, which has several. */
export const err = {
  'fd-near-limit': {
    // 116 and the three standard ones of 128: 93 %.
    make: ['rlimit=128:4096', 'files=116:cache/item-{}.json'],
    finds: [['fd/near-limit', 'critical', 'likely']],
  },
  'fd-growth': {
    // 2 a second, 64 at most: full within a minute.
    make: ['rlimit=64:4096', 'files=3:cache/item-{}.json', 'leak=2:kind=file:max=1000'],
    watch: '11s',
    finds: [['fd/growth', 'critical', 'likely']],
  },
  'fd-deleted-file': {
    // 24 MiB: above the 16 from which it is worth a warning.
    make: ['deleted=3:log/app-{}.log:size=8388608', 'files=5:cache/item-{}.json'],
    finds: [['fd/deleted-file', 'warning', 'certain']],
  },
  'fd-inherited': {
    make: ['inherit-listener=1'],
    finds: [['fd/inherited', 'warning', 'certain'], ...COMMON],
  },
  'epoll-stale-target': {
    make: ['stale-epoll-closed=2', 'stale-epoll-reused=1'],
    finds: [['epoll/stale-target', 'warning', 'certain']],
  },
  'fd-in-flight': {
    make: ['in-flight=20'],
    finds: [['fd/in-flight', 'warning', 'likely']],
  },
  'fd-unshared-table': {
    make: ['unshared-thread=3', 'files=5:cache/item-{}.json'],
    finds: [['fd/unshared-table', 'info', 'certain']],
  },
  'fd-no-cloexec': {
    make: ['nocloexec=12'],
    finds: COMMON,
  },
  'fd-duplicates': {
    make: ['dup=9'],
    finds: [['fd/duplicates', 'info', 'certain']],
  },
  'fd-past-peak': {
    make: ['past-peak=2000', 'files=5:cache/item-{}.json'],
    finds: [['fd/past-peak', 'info', 'likely']],
  },
  'listen-accept-queue-full': {
    make: ['accept-queue-full=1'],
    finds: [['listen/accept-queue-full', 'critical', 'certain']],
  },
  'listen-never-accepted': {
    make: ['tcp-listen-backlog=1:queue=3:max=7'],
    command: 'listen',
    finds: [['listen/never-accepted', 'warning', 'likely']],
  },
  'listen-backlog-clipped': {
    // All that somaxconn allows, and 6 of 8 wait.
    make: ['tcp-listen-backlog=1:queue=6:max=8'],
    network: { 'core/somaxconn': 8 },
    command: 'listen',
    finds: [['listen/backlog-clipped', 'warning', 'likely'], ['listen/never-accepted', 'warning', 'likely']],
  },
  'listen-held-twice': {
    make: ['listen-apart'],
    command: 'listen',
    finds: [['listen/held-twice', 'warning', 'likely']],
  },
  'listen-overflows': {
    make: ['accept-queue-full=1'],
    command: 'listen',
    finds: [['listen/accept-queue-full', 'critical', 'certain'], ['listen/overflows', 'warning', 'certain']],
  },
  'socket-ephemeral-ports': {
    // 20 ports, 3 of them reserved: 17 to one destination, and one of those is where the server listens.
    make: ['established=14'],
    network: { 'ipv4/ip_local_port_range': '40000 40019', 'ipv4/ip_local_reserved_ports': '40000-40002' },
    command: 'listen',
    options: { outbound: true },
    finds: [['socket/ephemeral-ports', 'warning', 'likely']],
  },
  'host-file-max': {
    make: ['established=2'],
    over: { '/proc/sys/fs/file-nr': '100000\t0\t100000\n' },
    command: 'listen',
    options: { outbound: true },
    finds: [['host/file-max', 'critical', 'certain']],
  },
  'host-pids': {
    make: ['established=2'],
    cgroup: { 'pids/pids.current': '20\n', 'pids/pids.max': '20\n', 'pids/pids.events': 'max 7\n' },
    command: 'listen',
    options: { outbound: true },
    finds: [['host/pids', 'critical', 'certain']],
  },
  'host-conntrack': {
    make: ['established=2'],
    over: { '/proc/sys/net/netfilter/nf_conntrack_count': '60000\n', '/proc/sys/net/netfilter/nf_conntrack_max': '65536\n' },
    command: 'listen',
    options: { outbound: true },
    finds: [['host/conntrack', 'warning', 'likely']],
  },
  'socket-close-wait': {
    make: ['close-wait=20:eof=read:side=client', 'established=5'],
    finds: [['socket/close-wait', 'warning', 'likely']],
  },
  'socket-closed-both-ways': {
    make: ['closed-both=20'],
    finds: [['socket/closed-both-ways', 'warning', 'certain']],
  },
  'socket-never-connected': {
    make: ['never-connected=20'],
    finds: [['socket/never-connected', 'warning', 'likely']],
  },
  'socket-unread-data': {
    make: ['unread=20:bytes=4096'],
    finds: [['socket/unread-data', 'warning', 'likely']],
  },
  'inotify-instances': {
    // All that a user may have unless told otherwise.
    make: ['--uid=54321', 'inotify=128:watches=0'],
    command: 'inotify-limits',
    finds: [['inotify/instances', 'critical', 'certain']],
  },
  'inotify-watches': {
    make: ['inotify=2:watches=8'],
    userLimits: { max_inotify_watches: 16 },
    command: 'inotify-limits',
    finds: [['inotify/watches', 'critical', 'certain']],
  },
  'inotify-demand': {
    make: ['inotify=5:watches=1'],
    command: 'inotify-limits',
    options: { needInstances: '200' },
    finds: [['inotify/demand', 'critical', 'certain']],
  },
  'inotify-queue': {
    // 100 creates, 32 bytes each, and nobody reads them.
    make: ['inotify-unread=100'],
    command: 'inotify',
    finds: [['inotify/queue', 'info', 'hint']],
  },
  'inotify-overflow': {
    // 16,384 fit unless told otherwise.
    make: ['inotify-unread=20000'],
    command: 'inotify',
    finds: [['inotify/overflow', 'critical', 'certain']],
  },
  'inotify-dead-watch': {
    make: ['inotify-replaced=2:held=1'],
    command: 'inotify',
    finds: [['inotify/dead-watch', 'warning', 'certain']],
  },
  'inotify-blind-filesystem': {
    make: ['inotify-proc=1'],
    command: 'inotify',
    finds: [['inotify/blind-filesystem', 'warning', 'likely']],
  },
  'inotify-churn': {
    make: ['inotify-churn=2000'],
    command: 'inotify',
    finds: [['inotify/churn', 'info', 'hint']],
  },
  'preflight-signal-kills': {
    make: ['files=3:cache/item-{}.json'],
    command: 'preflight',
    options: { signal: 'HUP' },
    finds: [['preflight/signal-kills', 'critical', 'certain']],
  },
  'preflight-signal-blocked': {
    make: ['signals=ignore:HUP'],
    command: 'preflight',
    options: { signal: 'HUP' },
    finds: [['preflight/signal-blocked', 'critical', 'certain']],
  },
  'preflight-binary-unresolvable': {
    // Started by its bare name: execve looks into the working directory only.
    server: 'nginx',
    command: 'preflight',
    options: { signal: 'USR2' },
    finds: [['preflight/binary-unresolvable', 'critical', 'certain']],
  },
  'preflight-no-headroom': {
    // 18 and the three standard ones: one number is left.
    make: ['signals=catch:USR2', 'rlimit=22:22', 'files=18:cache/item-{}.json'],
    command: 'preflight',
    options: { signal: 'USR2' },
    finds: [['preflight/no-headroom', 'warning', 'likely']],
  },
  'preflight-swap-not-atomic': {
    make: ['signals=catch:HUP'],
    // A file system of its own.
    replace: '/mnt/server-2',
    command: 'preflight',
    options: { signal: 'HUP' },
    finds: [['preflight/swap-not-atomic', 'warning', 'certain']],
  },
  'preflight-swap-unusable': {
    make: ['signals=catch:HUP'],
    replace: '/srv/app/server-2',
    mode: 0o644,
    command: 'preflight',
    options: { signal: 'HUP' },
    finds: [['preflight/swap-unusable', 'critical', 'certain']],
  },
  'reload-context-lost': {
    make: ['inherit-umask'],
    tree: true,
    command: 'inherit',
    finds: [['reload/context-lost', 'warning', 'certain'], ['reload/binary-replaced', 'info', 'certain']],
  },
  'reload-variables-lost': {
    // LANG and HOME: the recorder gives these and PATH.
    make: ['inherit-bare'],
    tree: true,
    command: 'inherit',
    finds: [['reload/variables-lost', 'info', 'certain'], ['reload/binary-replaced', 'info', 'certain']],
  },
  'reload-binary-replaced': {
    make: ['inherit-intended'],
    tree: true,
    command: 'inherit',
    finds: [['reload/binary-replaced', 'info', 'certain']],
  },
  'task-blocked-on-fd': {
    make: ['waits=2:convoy'],
    command: 'tasks',
    watch: '2s',
    finds: [['task/blocked-on-fd', 'warning', 'likely']],
  },
  'task-d-state': {
    server: 'stuck',
    command: 'tasks',
    watch: '2s',
    finds: [['task/d-state', 'warning', 'likely']],
  },
  'task-lock-cycle': {
    make: ['waits=2:cycle'],
    command: 'tasks',
    watch: '2s',
    finds: [['task/lock-cycle', 'critical', 'certain']],
  },
  'task-threadpool-starved': {
    node: 'fifos',
    command: 'tasks',
    preload: false,
    watch: '2s',
    finds: [['task/threadpool-starved', 'warning', 'likely'], ['task/blocked-on-fd', 'info', 'hint']],
  },
  'leak-server': {
    // 28 requests, each of which leaves an upload and a connection behind, a rotated log of 20 MiB, and 84 descriptors at most.
    server: 'leaking',
    finds: [['fd/near-limit', 'critical', 'likely'], ['fd/deleted-file', 'warning', 'certain'], ['socket/close-wait', 'warning', 'likely']],
  },
  'node-open-handle': {
    node: 'hung-up',
    finds: [['node/open-handle', 'warning', 'likely'], ...open(4)],
  },
  'node-handle-growth': {
    node: 'grows',
    watch: '12s',
    finds: [['node/handle-growth', 'warning', 'likely'], ...open(4)],
  },
  'node-pending-promise': {
    node: 'promises',
    watch: '6s',
    promises: true,
    finds: [['node/pending-promise', 'warning', 'likely'], ...open(3)],
  },
  'node-loop-blocked': {
    node: 'spins',
    preload: false,
    finds: [['node/loop-blocked', 'critical', 'certain'], ...open(1)],
  },
  'node-orphan-fd': {
    node: 'files',
    finds: [['node/orphan-fd', 'warning', 'hint'], ...open(2)],
  },
  'node-unconsumed-stream': {
    node: 'unread',
    finds: [['node/unconsumed-stream', 'warning', 'likely'], ...open(6)],
  },
  'node-file-handle': {
    node: 'lost',
    finds: [['node/file-handle', 'warning', 'certain'], ...open(2)],
  },
};

/** One per rule: a near miss, on which it must be silent, or `info` where the finding says so itself; and healthy servers. */
export const ok = {
  // 50 of 64: 78 %.
  'fd-near-limit': { make: ['rlimit=64:4096', 'files=47:cache/item-{}.json'], finds: [] },
  // A pool that is full after two seconds, and stays so.
  'fd-growth': { make: ['rlimit=64:4096', 'leak=8:kind=file:max=16', 'churn=20'], watch: '11s', finds: [['fd/growth', 'info', 'hint']] },
  // Another name is left, the name only looks so, another file took the name: no space to win.
  'fd-deleted-file': { make: ['deleted-linked=3:size=8388608', 'really-named-deleted=2', 'files=5:cache/item-{}.json'], finds: [] },
  // Announced by LISTEN_FDS.
  'fd-inherited': { make: ['inherit-intended'], finds: COMMON },
  'epoll-stale-target': { make: ['epoll-dup-healthy=3', 'epoll-healthy=10:churn=0', 'fork-shared-epoll'], finds: [] },
  'fd-in-flight': { make: ['in-flight=3'], finds: [['fd/in-flight', 'info', 'hint']] },
  // A thread that shares the table, as threads do.
  'fd-unshared-table': { make: ['established=3:active=1'], finds: [] },
  'fd-no-cloexec': { make: ['nocloexec=9'], finds: [] },
  // Four numbers of one thing, nine opens of one file.
  'fd-duplicates': { make: ['dup=3', 'same-file=9'], finds: [] },
  'fd-past-peak': { make: ['past-peak=400'], finds: [] },
  // Connections wait, and there is room for more.
  'listen-accept-queue-full': { make: ['tcp-listen-backlog=1:queue=3:max=7'], finds: [] },
  // A connection is accepted as soon as it is there.
  'listen-never-accepted': { make: ['established=5:active=1', 'tcp-listen=2'], command: 'listen', finds: [] },
  // As much as is allowed, and nobody waits: so Go asks.
  'listen-backlog-clipped': { make: ['tcp-listen=2:backlog=4096'], command: 'listen', finds: [] },
  // Workers of one program share a port so; and one socket that two processes hold was handed over.
  'listen-held-twice': { make: ['inherit-intended', 'reuseport=4'], command: 'listen', finds: COMMON },
  // They wait, and nobody is turned away.
  'listen-overflows': { make: ['tcp-listen-backlog=1:queue=3:max=7'], command: 'listen', finds: [['listen/never-accepted', 'warning', 'likely']] },
  // 10 of 16, and each of two destinations has them for itself.
  'socket-ephemeral-ports': { make: ['established=10', 'tcp-listen=1'], network: { 'ipv4/ip_local_port_range': '40000 40019', 'ipv4/ip_local_reserved_ports': '40000-40002' }, command: 'listen', options: { outbound: true }, finds: [] },
  'host-file-max': { make: ['established=2'], over: { '/proc/sys/fs/file-nr': '79000\t0\t100000\n' }, command: 'listen', options: { outbound: true }, finds: [] },
  // It was full once.
  'host-pids': { make: ['established=2'], cgroup: { 'pids/pids.current': '15\n', 'pids/pids.max': '20\n', 'pids/pids.events': 'max 7\n' }, command: 'listen', options: { outbound: true }, finds: [] },
  'host-conntrack': { make: ['established=2'], over: { '/proc/sys/net/netfilter/nf_conntrack_count': '50000\n', '/proc/sys/net/netfilter/nf_conntrack_max': '65536\n' }, command: 'listen', options: { outbound: true }, finds: [] },
  'socket-close-wait': { make: ['close-wait=4:eof=read', 'established=5:side=server'], finds: [['socket/close-wait', 'info', 'hint']] },
  'socket-closed-both-ways': { make: ['closed-both=3', 'established=5'], finds: [['socket/closed-both-ways', 'info', 'certain']] },
  'socket-never-connected': { make: ['udp=2', 'udp-connected=2', 'established=5', 'unix-listen=1'], finds: [] },
  'socket-unread-data': { make: ['unread=3:bytes=100'], finds: [['socket/unread-data', 'info', 'hint']] },
  // 78 %.
  'inotify-instances': { make: ['--uid=54321', 'inotify=100:watches=0'], command: 'inotify-limits', finds: [] },
  'inotify-watches': { make: ['inotify=2:watches=6'], userLimits: { max_inotify_watches: 16 }, command: 'inotify-limits', finds: [] },
  'inotify-demand': { make: ['inotify=5:watches=1'], command: 'inotify-limits', options: { needInstances: '1', needWatches: '1000' }, finds: [] },
  // Read to the end.
  'inotify-queue': { make: ['inotify-unread=100:read=1'], command: 'inotify', finds: [] },
  // Half of what fits: too few bytes for a full one, whatever the names were.
  'inotify-overflow': { make: ['inotify-unread=8000'], command: 'inotify', finds: [['inotify/queue', 'info', 'hint']] },
  // The directory is watched: a save by rename is seen there.
  'inotify-dead-watch': { make: ['inotify-replaced=2:held=1:on=directory'], command: 'inotify', finds: [] },
  'inotify-blind-filesystem': { make: ['inotify=2:watches=5'], command: 'inotify', finds: [] },
  'inotify-churn': { make: ['inotify-churn=900'], command: 'inotify', finds: [] },
  // A thread waits for it (sigwait), which is not seen in the mask of what is caught.
  'preflight-signal-kills': { make: ['signals=sigwait:HUP'], command: 'preflight', options: { signal: 'HUP' }, finds: [] },
  // Blocked in the main thread; another thread takes it.
  'preflight-signal-blocked': { make: ['signals=other-thread:HUP'], command: 'preflight', options: { signal: 'HUP' }, finds: [] },
  'preflight-binary-unresolvable': { server: 'nginxByPath', command: 'preflight', options: { signal: 'USR2' }, finds: [] },
  'preflight-no-headroom': { make: ['signals=catch:USR2', 'rlimit=32:32', 'files=18:cache/item-{}.json'], command: 'preflight', options: { signal: 'USR2' }, finds: [] },
  'preflight-swap-not-atomic': { make: ['signals=catch:HUP'], replace: '/srv/app/server-2', command: 'preflight', options: { signal: 'HUP' }, finds: [] },
  'preflight-swap-unusable': { make: ['signals=catch:HUP'], replace: '/srv/app/releases-2', command: 'preflight', options: { signal: 'HUP' }, finds: [] },
  // As it was, with more: what a hand-over announces.
  'reload-variables-lost': { make: ['inherit-intended'], tree: true, command: 'inherit', finds: [['reload/binary-replaced', 'info', 'certain']] },
  'reload-context-lost': { make: ['inherit-intended'], tree: true, command: 'inherit', finds: [['reload/binary-replaced', 'info', 'certain']] },
  // A fork of the same program.
  'reload-binary-replaced': { make: ['fork-shared-epoll'], tree: true, command: 'inherit', finds: [] },
  // Idle: at a pipe, and at a condition.
  'task-blocked-on-fd': { make: ['waits=2:read', 'waits=2:idle'], command: 'tasks', watch: '2s', finds: [] },
  'task-d-state': { make: ['files=3:cache/item-{}.json'], command: 'tasks', watch: '2s', finds: [] },
  'task-lock-cycle': { make: ['waits=2:idle'], command: 'tasks', watch: '2s', finds: [] },
  // One of four is blocked.
  'task-threadpool-starved': { node: 'fifo', command: 'tasks', preload: false, watch: '2s', finds: [['task/blocked-on-fd', 'info', 'hint']] },
  // Real servers with clients. nginx keeps its listeners open across exec: that is how it upgrades itself.
  nginx: { server: 'nginx', finds: COMMON },
  redis: { server: 'redis', finds: [] },
  node: { server: 'node', finds: [] },
  'node-open-handle': { node: 'pool', finds: [...open(5)] },
  'node-handle-growth': { node: 'churns', watch: '12s', finds: [...open(5)] },
  'node-pending-promise': { node: 'races', watch: '6s', promises: true, finds: [...open(3), ['node/pending-promise', 'info', 'hint'], ['node/pending-promise', 'info', 'hint']] },
  'node-loop-blocked': { node: 'works', preload: false, finds: [...open(2)] },
  'node-orphan-fd': { node: 'log', finds: [...open(3), ['node/orphan-fd', 'info', 'hint']] },
  'node-unconsumed-stream': { node: 'read', finds: [...open(5)] },
  'node-file-handle': { node: 'held', finds: [...open(2), ['node/file-handle', 'info', 'certain']] },
};
