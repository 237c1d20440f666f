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
