/** What opening sites are called. */
import { describe, expect, it } from 'vitest';
import { analyse } from './support/analyse.ts';

async function sitesOf(paths: readonly string[]): Promise<{ site: string; opened: number }[]> {
  const lines = paths.map((path, n) => `5 openat(AT_FDCWD, "${path}", O_RDONLY|O_CLOEXEC) = ${3 + n}\n`);
  const { data } = await analyse(`5 execve("/srv/app", ["app"], 0x7 /* 1 var */) = 0\n${lines.join('')}`);
  return data.sites.map(({ site, opened }) => ({ site, opened }));
}

describe('a function that opens in several ways', () => {
  it('has a site for each call, with a name of its own', async () => {
    const stack = ' > /srv/app(main+0x1f) [0x117f]\n';
    const calls = ['openat(AT_FDCWD, "/a", O_RDONLY) = 3', 'pipe([4, 5]) = 0', 'openat(AT_FDCWD, "/b", O_RDONLY) = 6', 'socket(AF_INET, SOCK_STREAM, IPPROTO_IP) = 7'];
    const { data } = await analyse(calls.map((call) => `5 ${call}\n${stack}`).join(''));
    expect(data.sites.map(({ site, opened }) => `${opened} ${site}`).sort()).toEqual(['1 socket in main (/srv/app)', '2 main (/srv/app)', '2 pipe in main (/srv/app)']);
  });
});

const numbers = (...from: number[]): number[] => from;

describe('a site of many paths', () => {
  it('keeps the digits of the folder that all of them are in', async () => {
    expect(await sitesOf(numbers(1, 2, 3).map((n) => `/usr/lib/x86_64-linux-gnu/work5b/up-${n}.tmp`))).toEqual([{ site: 'openat /usr/lib/x86_64-linux-gnu/work5b/up-*.tmp', opened: 3 }]);
  });

  it('has none for folders that differ, whichever path comes last', async () => {
    const paths = ['/tmp/job7/run1/a1', '/tmp/job7/run1/a2', '/tmp/job7/run2/a3', '/tmp/job7/run1/a4'];
    expect(await sitesOf(paths)).toEqual([{ site: 'openat /tmp/job7/run*/a*', opened: 4 }]);
    expect(await sitesOf([...paths, '/tmp/job8/run1/a5'])).toEqual([{ site: 'openat /tmp/job*/run*/a*', opened: 5 }]);
    expect(await sitesOf(['/tmp/job8/run1/a5', ...paths])).toEqual([{ site: 'openat /tmp/job*/run*/a*', opened: 5 }]);
  });

  it('is one for names that have more in common than digits', async () => {
    const paths = Array.from('abcdefghijkl', (letter) => `/srv/v2/up-${letter}${letter}.part`);
    expect(await sitesOf(paths)).toEqual([{ site: 'openat /srv/v2/up-*.part', opened: 12 }]);
  });
});
