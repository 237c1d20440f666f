import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KIND, newLine, RESULT } from '../../src/strace/parse/line.ts';
import { Names } from '../../src/strace/parse/names.ts';
import { Scanner } from '../../src/strace/parse/scan.ts';

function scan(text: string) {
  const scanner = new Scanner(new Names([]));
  const line = newLine();
  const buf = Buffer.from(text, 'latin1');
  scanner.scan(line, buf, text, 0, buf.length);
  return { ...line, nameText: scanner.names.text[line.name], args: text.slice(line.argsFrom, line.argsTo), errno: line.errnoFrom === 0 ? '' : text.slice(line.errnoFrom).split(' ')[0] };
}

describe('prefixes', () => {
  it.each([
    ['close(3) = 0', 0, NaN],
    ['794   close(3) = 0', 794, NaN],
    ['4194304 close(3) = 0', 4194304, NaN],
    ['[pid    79] close(3) = 0', 79, NaN],
    ['[pid 5<c\\74at>] close(3) = 0', 5, NaN],
    ['23120<cat> close(3) = 0', 23120, NaN],
    ['00:00:01 close(3) = 0', 0, 1e6],
    ['7 00:00:01.5 close(3) = 0', 7, 1.5e6],
    ['7 00:00:01.000002 close(3) = 0', 7, 1e6 + 2],
    ['7 00:00:01.000002123 close(3) = 0', 7, 1e6 + 2.123],
    ['7 1790000000.000002 close(3) = 0', 7, 1790000000e6 + 2],
    ['7 1790000000 close(3) = 0', 7, 1790000000e6],
    ['1790000000.000002 close(3) = 0', 0, 1790000000e6 + 2],
    ['7 00:00:01 (+     0.000028) close(3) = 0', 7, 1e6],
    ['7 00:00:01.000002 [   3] [00007f6b59e609f0] close(3) = 0', 7, 1e6 + 2],
    ['7 [unconfined_u:unconfined_r:unconfined_t] close(3) = 0', 7, NaN],
  ])('%s', (text, pid, time) => {
    const line = scan(text);
    expect(line).toMatchObject({ kind: KIND.call, pid, nameText: 'close', args: '3', value: 0 });
    expect(line.time).toBe(time);
  });

  it('takes the time since the line before', () => {
    expect(scan('     0.000074 close(3) = 0')).toMatchObject({ kind: KIND.call, relative: 74, value: 0 });
    expect(scan('7 00:00:01 (+     0.000028) close(3) = 0').relative).toBe(28);
  });
});

describe('ends of calls', () => {
  it.each([
    ['close(3)                          = 0', '3', 0],
    ['getpid()                          = 5', '', 5],
    ['openat(AT_FDCWD, "/a) = 7", O_RDONLY) = 3</a) = 7>', 'AT_FDCWD, "/a) = 7", O_RDONLY', 3],
    ['openat(AT_FDCWD, "/a", O_RDONLY) = 21</a>(deleted) <0.000012>', 'AT_FDCWD, "/a", O_RDONLY', 21],
    ['openat(AT_FDCWD, "/dev/null", O_RDWR) = 3</dev/null<char 1:3>> <1.000012>', 'AT_FDCWD, "/dev/null", O_RDWR', 3],
    ['wait4(5, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL) = 5', '5, [{WIFEXITED(s) && WEXITSTATUS(s) == 0}], 0, NULL', 5],
    ['fcntl(3, F_GETFL) = 0x802 (flags O_RDWR|O_NONBLOCK)', '3, F_GETFL', 0x802],
    ['poll([{fd=3, events=POLLIN}], 1, 5) = 1 ([{fd=3, revents=POLLIN}])', '[{fd=3, events=POLLIN}], 1, 5', 1],
    ['access("/a", R_OK) = -1 ENOENT (No such file or directory) <0.000009>', '"/a", R_OK', -1],
    ['openat(AT_FDCWD, "/a", 0) = -1 EMFILE (Too many open files) (INJECTED)', 'AT_FDCWD, "/a", 0', -1],
  ])('%s', (text, args, value) => {
    expect(scan(text)).toMatchObject({ kind: KIND.call, args, value, result: RESULT.number });
  });

  it('takes times of calls of any precision', () => {
    expect(scan('close(3) = 0 <0.000012>').duration).toBe(12);
    expect(scan('close(3) = 0 <12.500000>').duration).toBe(12.5e6);
    expect(scan('close(3) = 0 <0.000012345>').duration).toBeCloseTo(12.345);
    expect(scan('close(3) = 0 <2>').duration).toBe(2e6);
  });

  it('knows calls that did not return', () => {
    expect(scan('exit_group(0) = ?')).toMatchObject({ kind: KIND.call, result: RESULT.unknown });
    expect(scan('read(3, 0x7f, 1) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)')).toMatchObject({ kind: KIND.call, result: RESULT.unknown, errno: '' });
    expect(scan('restart_syscall(<... resuming interrupted clock_nanosleep ...>) = 0')).toMatchObject({ kind: KIND.call, value: 0 });
    expect(scan('pause( <detached ...>')).toMatchObject({ kind: KIND.call, result: RESULT.none });
    expect(scan('read(3, "x')).toMatchObject({ kind: KIND.cut });
  });

  it('reads errors', () => {
    expect(scan('close(3) = -1 EBADF (Bad file descriptor)').errno).toBe('EBADF');
    expect(scan('lseek(3, -5, SEEK_CUR) = -1').errno).toBe('');
  });
});

describe('halves, ends and messages', () => {
  it.each([
    ['7 read(3,  <unfinished ...>', KIND.unfinished],
    ['7 vfork( <unfinished ...>', KIND.unfinished],
    ['7 <... read resumed>"x", 1) = 1', KIND.resumed],
    ['7 <... select resumed> )      = 0 (Timeout)', KIND.resumed],
    ['7 <... pause resumed>) = ?', KIND.resumed],
    ['7 <... exit resumed> = ?', KIND.resumed],
    ['7 <... read resumed> <unfinished ...>', KIND.resumedUnfinished],
    ['7 --- SIGCHLD {si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=8} ---', KIND.signal],
    ['7 --- SIGCHLD (Child exited) @ 0 (0) ---', KIND.signal],
    ['7 +++ exited with 0 +++', KIND.exited],
    ['7 +++ killed by SIGSEGV (core dumped) +++', KIND.killed],
    ['7 +++ superseded by execve in pid 9 +++', KIND.superseded],
    [' > /usr/lib/libc.so.6(__open+0x5a) [0xf5a3a]', KIND.stack],
    [' | 00000  ff ff ff ff 00 40 00 00 ', KIND.dump],
    ['strace: Process 22994 attached', KIND.attached],
    ['/opt/bin/strace: Process 22994 attached', KIND.attached],
    ['Process 22994 attached (waiting for parent)', KIND.attached],
    ['strace: Process 22994 detached', KIND.message],
    ['strace: walk: cannot initialize libunwind', KIND.message],
    ['[ Process PID=5 runs in 32 bit mode. ]', KIND.message],
    ['% time     seconds  usecs/call     calls    errors syscall', KIND.summary],
    ['hello world', KIND.other],
    ['', KIND.empty],
  ])('%s', (text, kind) => {
    expect(scan(text).kind).toBe(kind);
  });

  it('reads what a half has', () => {
    expect(scan('7 <... select resumed> )      = 0 (Timeout)')).toMatchObject({ nameText: 'select', value: 0 });
    expect(scan('7 <... openat resumed>) = 5</a> <0.000001>')).toMatchObject({ nameText: 'openat', args: '', value: 5, duration: 1 });
  });
});

it('takes any bytes', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => void scan(Buffer.from(text).toString('latin1').replaceAll('\n', ' '))));
  const parts = fc.constantFrom('7 ', '[pid 7] ', '12:00:00.000001 ', 'close(', '3', '</a>', ', ', '"x', '"', ')', ' = ', '0', '-1 EBADF (x)', ' <0.000001>', ' <unfinished ...>', '<... close resumed>', '+++ ', ' > ', '\\', '<', '>');
  fc.assert(fc.property(fc.array(parts, { maxLength: 12 }), (words) => void scan(words.join(''))), { numRuns: 2000 });
});
