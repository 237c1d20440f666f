/** Stacks of -k: each open is its frame's, whichever way through the log it is read. */
import { expect, it } from 'vitest';
import { analyse } from './support/analyse.ts';

const STYLES: [name: string, head: (n: number) => string][] = [
  ['-k', () => ''],
  ['-f', () => '5 '],
  ['-tt', (n) => `12:00:00.${String(n).padStart(6, '0')} `],
  ['-f -ttt', (n) => `5 1790000000.${String(n).padStart(6, '0')} `],
  ['-f -t', () => '5 12:00:00 '],
  ['-r', () => '     0.000012 '],
];

it.each(STYLES)('of the same path in two functions are two sites (%s)', async (_name, head) => {
  let n = 0;
  const line = (text: string): string => `${head(n++)}${text}`;
  const frames = (name: string): string[] => [' > /usr/lib/x86_64-linux-gnu/libc.so.6(__open64+0x5a) [0xf5a3a]', ` > /opt/app(${name}+0x13) [0x1139]`, ' > /opt/app(main+0x20) [0x1160]'];
  const turns = Array.from({ length: 20 }, (_, turn) => {
    const isLeak = turn % 5 === 2;
    const fd = 3 + Math.floor((turn + 2) / 5);
    const open = [line(`openat(AT_FDCWD, "/etc/hostname", O_RDONLY|O_CLOEXEC) = ${fd}`), ...frames(isLeak ? 'leaky' : 'good')];
    return isLeak ? open : [...open, line(`close(${fd}) = 0`), ...frames('good')];
  });
  const log = [line('execve("/opt/app", ["app"], 0x7 /* 1 var */) = 0'), ' > /usr/lib/ld-linux-x86-64.so.2(_start+0x0) [0x1]', ...turns.flat()].join('\n');
  const { data } = await analyse(`${log}\n`);
  expect(data.sites.map(({ site, opened, closed, open }) => [site, opened, closed, open])).toEqual([['leaky (/opt/app)', 4, 0, 4], ['good (/opt/app)', 16, 16, 0]]);
  expect(data.sites[0]!.frames).toEqual(['leaky (/opt/app)', 'main (/opt/app)']);
});

/** Twenty opens, each with these frames. */
async function sitesOf(call: (fd: number) => string, ...frames: string[]): Promise<[site: string, opened: number][]> {
  const lines = Array.from({ length: 20 }, (_, n) => [call(3 + n), ...frames.map((frame) => ` > ${frame} [0x1139]`)]);
  const { data } = await analyse(`${['execve("/opt/app", ["app"], 0x7 /* 1 var */) = 0', ...lines.flat()].join('\n')}\n`);
  return data.sites.map(({ site, opened }) => [site, opened]);
}
const opening = (fd: number): string => `openat(AT_FDCWD, "/etc/hosts", O_RDONLY|O_CLOEXEC) = ${fd}`;

it('are named by the program, not by what its language brings', async () => {
  const go = ['internal/runtime/syscall/linux.Syscall6+0xe', 'syscall.openat+0x8e', 'internal/poll.open+0x1', 'os.OpenFile+0x3e', 'net/http.(*Server).Serve+0x3', 'main.leak+0x47', 'runtime.main+0x2d5', 'runtime.goexit.abi0+0x1'];
  expect(await sitesOf(opening, ...go.map((name) => `/opt/app(${name})`))).toEqual([['main.leak (/opt/app)', 20]]);
  expect(await sitesOf(opening, '/opt/app(syscall.openat+0x8e)', '/opt/app(example.com/net/os.Open+0x1)', '/opt/app(main.main+0x1)')).toEqual([['example.com/net/os.Open (/opt/app)', 20]]);
  const cpp = ['/usr/lib/libc.so.6(__open64+0x5a)', '/usr/lib/x86_64-linux-gnu/libstdc++.so.6.0.30(std::__basic_file<char>::open(char const*, std::_Ios_Openmode, int)+0x1)', '/opt/app(std::basic_ifstream<char>::open(char const*)+0x2)', '/opt/app(keepLeak(int)+0xf5)'];
  expect(await sitesOf(opening, ...cpp)).toEqual([['keepLeak(int) (/opt/app)', 20]]);
  const rust = ['<std::sys::fs::unix::File>::open_c+0x47', '<&std::fs::File as std::io::Read>::read+0x1', 'core::ops::function::FnOnce::call_once+0x2', 'std::fs::OpenOptions::_open+0x5f', 'app::bad+0x3d', 'app::main+0x99'];
  expect(await sitesOf(opening, '/usr/lib/libc.so.6(open64+0x5a)', ...rust.map((name) => `/opt/app(${name})`))).toEqual([['app::bad (/opt/app)', 20]]);
});

it('of an interpreter tell less than what was opened', async () => {
  for (const file of ['/usr/lib/libpython3.11.so.1.0(os_open+0x1)', '/usr/bin/node(uv__fs_work+0x1)']) {
    expect(await sitesOf(opening, '/usr/lib/libc.so.6(__open64+0x5a)', file)).toEqual([['openat /etc/hosts', 20]]);
  }
});

it('of two calls in one function are two sites', async () => {
  const call = (fd: number): string => (fd % 2 === 0 ? `socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = ${fd}` : `accept4(0, NULL, NULL, 0) = ${fd}`);
  expect((await sitesOf(call, '/opt/app(serve+0x1)')).toSorted()).toEqual([['serve (/opt/app)', 10], ['socket in serve (/opt/app)', 10]]);
});
