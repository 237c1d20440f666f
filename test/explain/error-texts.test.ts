import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Limit, readError } from '../../src/explain/error-texts.ts';

const INSTANCES: Limit[] = ['instances', 'descriptors'];

describe('an error text', () => {
  it.each<[text: string, program: string | undefined, limits: Limit[]]>([
    ['fsnotify: initializing inotify: too many open files', 'fsnotify (Go)', INSTANCES],
    ['panic: fsnotify: too many open files', 'fsnotify (Go)', INSTANCES],
    ['fsnotify: "/srv/app": no space left on device', 'fsnotify (Go)', ['watches']],
    ['failed to create fsnotify watcher: too many open files', 'kubectl', INSTANCES],
    ["Error: EMFILE: too many open files, watch '/srv/app'", 'Node.js', INSTANCES],
    ["Error: ENOSPC: System limit for number of file watchers reached, watch '/srv/app'", 'Node.js', ['watches']],
    ["Error: ENOSPC: no space left on device, watch '/srv/app'", undefined, ['watches']],
    // As musl words it.
    ['accept: No file descriptors available', undefined, ['descriptors']],
    ['nginx: accept4() failed (24: No file descriptors available)', undefined, ['descriptors']],
    ['inotify_init: No file descriptors available', undefined, INSTANCES],
    ['fsnotify: initializing inotify: no file descriptors available', 'fsnotify (Go)', INSTANCES],
    ["Error: EMFILE: too many open files, open '/srv/app/x'", undefined, ['descriptors']],
    ["Error: ENOSPC: no space left on device, write", undefined, ['disk']],
    ['Failed to allocate directory watch: Too many open files', 'systemd', INSTANCES],
    ['Failed to add control inotify watch descriptor for control group /x: No space left on device', 'systemd', ['watches']],
    ['tail: inotify cannot be used, reverting to polling: Too many open files', 'tail', INSTANCES],
    ['tail: inotify resources exhausted', 'tail', ['watches']],
    ['Failed to watch /srv; upper limit on inotify watches reached!', 'inotifywait', ['watches']],
    ["Couldn't initialize inotify: Too many open files", 'inotifywait', INSTANCES],
    ['inotify-add-watch(/srv/app) -> No space left on device', 'watchman', ['watches']],
    ['The user limit on the total number of inotify watches was reached; increase the fs.inotify.max_user_watches sysctl', 'watchman', ['watches']],
    ['Visual Studio Code is unable to watch for file changes in this large workspace (error ENOSPC)', 'VS Code', ['watches']],
    ['The configured user limit (128) on the number of inotify instances has been reached, or the per-process limit on the number of open file descriptors has been reached.', '.NET', INSTANCES],
    ['java.io.IOException: User limit of inotify instances reached or too many open files', 'Java', INSTANCES],
    ['OSError: [Errno 28] inotify watch limit reached', 'watchdog (Python)', ['watches']],
    ['OS file watch limit reached. about ["/srv"]', 'notify (Rust)', ['watches']],
    ['inotify_init: too many open files', undefined, INSTANCES],
    ['inotify_add_watch /sys/fs/cgroup/cpu: no space left on device', undefined, ['watches']],
    ['accept4: too many open files; retrying in 1s', undefined, ['descriptors']],
    ['dial tcp 10.0.0.1:443: socket: too many open files', undefined, ['descriptors']],
    ['too many open files', undefined, ['descriptors', 'instances']],
    ['open /etc/passwd: too many open files in system', undefined, ['host-files']],
    ['No space left on device', undefined, ['disk', 'watches']],
    // What is watched, or who says it, is not the call that failed.
    ["ENOSPC: no space left on device, write '/srv/watch/data.db'", undefined, ['disk']],
    ['write /var/lib/watchtower/x: no space left on device', undefined, ['disk']],
    ["Error: EMFILE: too many open files, open '/app/node_modules/watchpack/lib/watchpack.js'", undefined, ['descriptors']],
    ['accept tcp [::]:8080: accept4: too many open files; service watch-api', undefined, ['descriptors']],
    ["OSError: [Errno 28] No space left on device: '/srv/watch/data.db'", undefined, ['disk', 'watches']],
    ["OSError: [Errno 24] Too many open files: '/srv/inotify/watch.py'", undefined, ['descriptors', 'instances']],
    ['open /root/go/pkg/mod/github.com/fsnotify/fsnotify@v1.7.0/go.mod: too many open files', undefined, ['descriptors']],
    ['2026/11/22 accept4() failed (24: Too many open files), server: watch.example.com', undefined, ['descriptors']],
    ['open() "/var/cache/nginx/watch/1" failed (24: Too many open files)', undefined, ['descriptors']],
    ['pwritev() "/var/cache/inotify/1" failed (28: No space left on device)', undefined, ['disk']],
    ["mkdir: cannot create directory ‘/srv/watch’: No space left on device", undefined, ['disk']],
    ["cp: error writing '/srv/watch/x': No space left on device", undefined, ['disk']],
    ['cat: write error: No space left on device', undefined, ['disk']],
    ['Error: listen EMFILE: too many open files 0.0.0.0:80', undefined, ['descriptors']],
    ['Error: spawn /usr/bin/watch EMFILE', undefined, ['descriptors']],
    ['fork/exec /bin/watch: too many open files', undefined, ['descriptors']],
    ["Error: EMFILE: too many open files, scandir '/srv/watch'\n    at FSWatcher.start (node:internal/fs/watchers:247:19)", undefined, ['descriptors']],
    ['Failed to watch *v1.Pod: Get "https://10.0.0.1/api": dial tcp 10.0.0.1:443: socket: too many open files', undefined, ['descriptors']],
    ['watch-api[42]: too many open files', undefined, ['descriptors', 'instances']],
    ['watch /srv/app: no space left on device', undefined, ['watches']],
    ['Error: watch ENOSPC', undefined, ['watches']],
    ['Error: watch /srv/app ENOSPC', undefined, ['watches']],
    ['failed to create watcher: too many open files', undefined, INSTANCES],
    ['failed to create watcher: no space left on device', undefined, ['watches', 'disk']],
    ['{"level":"error","msg":"fsnotify: too many open files","file":"/srv/watch/x"}', 'fsnotify (Go)', INSTANCES],
  ])('%s', (text, program, limits) => {
    const reading = readError(text);
    expect([reading?.program, reading?.limits]).toEqual([program, limits]);
  });

  it.each(['', 'connection refused', 'permission denied', 'watching 3 files'])('about no limit: %s', (text) => {
    expect(readError(text)).toBeUndefined();
  });

  it('may be anything', () => {
    fc.assert(
      fc.property(fc.string(), (noise) => {
        expect(readError(`${noise} ENFILE `)?.limits ?? []).not.toHaveLength(0);
        const reading = readError(noise);
        if (reading) expect(reading.limits.length).toBeGreaterThan(0);
      }),
    );
  });
});
