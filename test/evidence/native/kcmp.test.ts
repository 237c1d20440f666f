import { spawnSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { expect, it } from 'vitest';
import { codeOf, describeWith, holder, native } from './support.ts';

describeWith('sameDescription', ['native'], () => {
  it('tells one open from another open of the same file', () => {
    const first = openSync('/dev/null', 'r');
    const second = openSync('/dev/null', 'r');
    try {
      expect(native().sameDescription(process.pid, first, process.pid, first)).toBe(true);
      expect(native().sameDescription(process.pid, first, process.pid, second)).toBe(false);
    } finally {
      closeSync(first);
      closeSync(second);
    }
    expect(codeOf(() => native().sameDescription(process.pid, first, process.pid, 0))).toBe('EBADF');
  });

  it('throws ESRCH for a process that is gone', () => {
    const { pid } = spawnSync(process.execPath, ['--version']);
    expect(codeOf(() => native().sameDescription(pid, 0, process.pid, 0))).toBe('ESRCH');
  });
});

describeWith('sameDescription across descriptors and processes', ['native', 'python'], () => {
  it('sees through dup and fork', async () => {
    const { pid, ready } = await holder<{ child: number; original: number; copy: number; other: number }>(`
r, w = os.pipe(); d = os.dup(r); o = os.open('/dev/null', os.O_RDONLY)
child = os.fork()
if child == 0:
    os.close(0)
    os.read(r, 1); os._exit(0)
say({'child': child, 'original': r, 'copy': d, 'other': o})`);
    const { child, original, copy, other } = ready;
    try {
      expect(native().sameDescription(pid, original, pid, copy)).toBe(true);
      expect(native().sameDescription(pid, original, child, copy)).toBe(true);
      expect(native().sameDescription(pid, original, child, other)).toBe(false);
    } finally {
      process.kill(child, 'SIGKILL');
    }
  });
});

interface Epoll {
  epoll: number;
  number: number;
  copy: number;
  fine: number;
}

const REUSED = `
e = select.epoll(); r, w = os.pipe(); r2, w2 = os.pipe(); f, _ = os.pipe()
e.register(r, 1); e.register(f, 1)
d = os.dup(r); os.dup2(r2, r)
`;

describeWith('isEpollTarget', ['native', 'python'], () => {
  it('tells a number whose file was replaced while a dup keeps the registration', async () => {
    const { pid, ready } = await holder<Epoll>(`${REUSED}
say({'epoll': e.fileno(), 'number': r, 'copy': d, 'fine': f})`);
    const { epoll, number, copy, fine } = ready;
    expect(native().isEpollTarget(pid, fine, epoll, fine)).toBe(true);
    expect(native().isEpollTarget(pid, number, epoll, number)).toBe(false);
    expect(native().isEpollTarget(pid, copy, epoll, number)).toBe(true);
    expect(codeOf(() => native().isEpollTarget(pid, 999, epoll, number))).toBe('EBADF');
    expect(codeOf(() => native().isEpollTarget(pid, number, epoll, 999))).toBe('ENOENT');
    expect(codeOf(() => native().isEpollTarget(pid, number, fine, number))).toBe('EINVAL');
  });

  it('finds the living one of two registrations of one number', async () => {
    const { pid, ready } = await holder<Epoll>(`${REUSED}
e.register(r, 1)
say({'epoll': e.fileno(), 'number': r, 'copy': d, 'fine': f})`);
    const { epoll, number, copy, fine } = ready;
    expect(native().isEpollTarget(pid, number, epoll, number)).toBe(true);
    expect(native().isEpollTarget(pid, copy, epoll, number)).toBe(true);
    expect(native().isEpollTarget(pid, fine, epoll, number)).toBe(false);
  });
});
