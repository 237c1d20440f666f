/** The quick way to the limit of descriptors of every process: it says what /proc says, or nothing. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { openLive } from '../../src/evidence/live.ts';
import type { Libc } from '../../src/evidence/native/libc.ts';
import { openFilesLimit } from '../../src/evidence/native/open-limit.ts';
import type { OpenFilesLimit } from '../../src/evidence/types.ts';
import { parseOpenFilesLimit } from '../../src/kernel/proc/limits.ts';
import { bundled, describeWith, holder, native, NOBODY } from './native/support.ts';

/** A C library whose prlimit64 writes down these two. */
function saying(soft: bigint, hard: bigint): Libc {
  const syscall = (...values: unknown[]): number => {
    const answer = values[4] as Buffer;
    answer.writeBigUInt64LE(soft, 0);
    answer.writeBigUInt64LE(hard, 8);
    return 0;
  };
  return { syscall } as unknown as Libc;
}

it.each<[bigint, bigint, OpenFilesLimit]>([
  [0n, 1n, { soft: 0, hard: 1 }],
  [1024n, 2n ** 32n - 1n, { soft: 1024, hard: 2 ** 32 - 1 }],
  [2n ** 32n, 2n ** 64n - 1n, { soft: 2 ** 32, hard: null }],
])('reads %i and %i', (soft, hard, limit) => {
  expect(openFilesLimit(saying(soft, hard), 1)).toEqual(limit);
});

it('has no answer where it is refused', () => {
  expect(openFilesLimit({ syscall: () => -1 } as unknown as Libc, 1)).toBeUndefined();
});

describeWith('openFilesLimit', ['native', 'python'], () => {
  it('says of another process what its limits file says', async () => {
    const { pid } = await holder('import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (123, 456)); say(1)');
    const limit = native().openFilesLimit?.(pid);
    expect(limit).toEqual({ soft: 123, hard: 456 });
    expect(limit).toEqual(parseOpenFilesLimit(readFileSync(`/proc/${pid}/limits`, 'latin1')));
  });

  it('is asked only when there are many, and none is there without native calls', () => {
    const answers = (live = openLive()): (OpenFilesLimit | undefined)[] => Array.from({ length: 1000 }, () => live.openFilesLimit?.(process.pid));
    const [first] = answers();
    expect(first).toBeUndefined();
    expect(answers().at(-1)).toEqual(parseOpenFilesLimit(readFileSync('/proc/self/limits', 'latin1')));
    expect(answers(openLive({ native: null })).at(-1)).toBeUndefined();
  });
});

describeWith('openFilesLimit elsewhere', ['native', 'root', 'nodeForNobody'], () => {
  const last = 'let last; for (let i = 0; i < 1000; i++) last = live.openFilesLimit(PID); console.log(JSON.stringify(last ?? null))';
  const run = (file: string, pid: number, before: string[], options: object = {}): unknown => {
    const body = `import { openLive } from ${JSON.stringify(file)}; const live = openLive(); ${last.replace('PID', String(pid))}`;
    const [program, ...args] = [...before, process.execPath, '--input-type=module', '-e', body];
    const { stdout, stderr } = spawnSync(program!, args, { encoding: 'utf8', cwd: '/', ...options });
    expect(stderr).toBe('');
    return JSON.parse(stdout) as unknown;
  };

  it('has no answer where pids of /proc are not ours, nor for whom it is refused', async () => {
    const file = await bundled(true, 'src/evidence/live.ts');
    expect(run(file, process.pid, [])).toMatchObject({ soft: expect.any(Number) as number });
    expect(run(file, process.pid, [], { uid: NOBODY, gid: NOBODY })).toBeNull();
    // The /proc it sees is that of the outer namespace, where 1 is another.
    expect(run(file, 1, ['unshare', '--pid', '--fork'])).toBeNull();
    expect(run(file, 1, ['unshare', '--pid', '--fork', '--mount-proc'])).toMatchObject({ soft: expect.any(Number) as number });
  });
});
