import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fdList, fdOf, firstString, hasFlag, member, numberOf, splitArgs, unescaped, unnamed } from '../../src/strace/parse/args.ts';
import { addressOf, redactedAddress } from '../../src/strace/calls/addresses.ts';
import { frameName, isRuntime, parseFrame } from '../../src/strace/parse/stack.ts';

describe('arguments', () => {
  it('are cut at commas outside of strings, brackets and decorations', () => {
    expect(splitArgs('3</a, b>, "x, \\", y", {a=1, b=[2, 3]}, TCP:[1->2], 1<<21')).toEqual(['3</a, b>', '"x, \\", y"', '{a=1, b=[2, 3]}', 'TCP:[1->2]', '1<<21']);
    expect(splitArgs('')).toEqual([]);
  });

  it('are cut into what makes the text again', () => {
    fc.assert(fc.property(fc.string({ maxLength: 60 }), (text) => void expect(splitArgs(text).join(', ').replaceAll(', ', ',')).toBe(text.replaceAll(', ', ','))));
  });

  it.each([
    ['3', 3, undefined, false],
    ['3</a b>', 3, '/a b', false],
    ['fd=3</a>', 3, '/a', false],
    ['21</a>(deleted)', 21, '/a', true],
    ['21</a (deleted)>', 21, '/a', true],
    ['3</dev/null<char 1:3>>', 3, '/dev/null<char 1:3>', false],
    ['5<TCP:[1.2.3.4:5->6.7.8.9:1]>', 5, 'TCP:[1.2.3.4:5->6.7.8.9:1]', false],
    ['-1', -1, undefined, false],
  ])('descriptor %s', (text, fd, decoration, deleted) => {
    expect(fdOf(text)).toEqual({ fd, decoration, deleted });
  });

  it('hold lists of descriptors', () => {
    expect(fdList('[3<pipe:[5]>, 4]').map(({ fd }) => fd)).toEqual([3, 4]);
    expect(fdOf('AT_FDCWD').fd).toBeNaN();
  });

  it.each([
    ['O_RDONLY|O_CLOEXEC', true],
    ['0x80000', true],
    ['0x1|0x80000', true],
    ['0x80000 /* O_RDONLY|O_CLOEXEC */', true],
    ['0x80000 /* x */', false],
    ['O_RDONLY', false],
    ['0', false],
    ['524288', true],
  ])('flags %s', (flags, isSet) => {
    expect(hasFlag(flags, 'O_CLOEXEC', 0x80000)).toBe(isSet);
  });

  it('hold strings with escapes', () => {
    expect(unescaped('a\\nb\\0\\177\\x2f\\"\\\\')).toBe('a\nb\0\x7f/"\\');
    expect(firstString('AT_FDCWD, "/a\\"b", O_RDONLY')).toEqual({ value: '/a"b', end: 17 });
    expect(firstString('NULL')).toBeUndefined();
  });

  it('hold members and numbers', () => {
    expect(member('0, RLIMIT_NOFILE, NULL, {rlim_cur=8192*1024, rlim_max=RLIM64_INFINITY}', 'rlim_cur')).toBe('8192*1024');
    expect(numberOf('8192*1024')).toBe(8192 * 1024);
    expect(numberOf('RLIM64_INFINITY')).toBe(Infinity);
    expect(unnamed('flags=O_RDONLY')).toBe('O_RDONLY');
  });
});

describe('addresses', () => {
  it.each([
    ['3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("0.0.0.0")}, 16', '0.0.0.0:80'],
    ['3, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), inet_pton(AF_INET6, "::", &sin6_addr), sin6_scope_id=0}, 28', '[::]:80'],
    ['3, {sa_family=AF_UNIX, sun_path="/run/a"}, 110', '/run/a'],
    ['3, {sa_family=AF_UNIX, sun_path=@"a"}, 110', '@a'],
    ['3, NULL, NULL', undefined],
  ])('%s', (text, address) => {
    expect(addressOf(text)).toBe(address);
  });

  it('are shown without whose they are', () => {
    expect(['127.0.0.1:80', '0.0.0.0:80', '10.1.2.3:80', '8.8.8.8:53', '[2001:db8::1]:443', '/run/a'].map(redactedAddress)).toEqual([
      '127.0.0.1:80', '0.0.0.0:80', 'private:80', 'public:53', 'public:443', '/run/a',
    ]);
  });
});

it('frames of all versions', () => {
  const name = (text: string): string => frameName(parseFrame(text)!, text);
  expect(name('/usr/bin/app(leaky+0x19) [0x1139] main.c:8')).toBe('main.c:8');
  expect(name('/usr/bin/app(leaky+0x19) [0x1139]')).toBe('leaky (/usr/bin/app)');
  expect(name('/usr/bin/app() [0x1139]')).toBe('/usr/bin/app+0x1139');
  expect(parseFrame('ERROR')).toBeUndefined();
  expect(isRuntime(parseFrame('/usr/lib/x86_64-linux-gnu/libc.so.6(__open64+0x5a) [0xf5a3a]')!)).toBe(true);
  expect(isRuntime(parseFrame('/usr/lib/libcurl.so.4(x+0x5a) [0xf5a3a]')!)).toBe(false);
});
