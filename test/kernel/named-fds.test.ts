import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openRedactor } from '../../src/evidence/redact.ts';
import { namedFds } from '../../src/kernel/named-fds.ts';

const named = (...args: string[]): number[] => namedFds(args.map((arg) => `${arg}\0`).join(''));
const KEY = Buffer.alloc(32, 7);

describe('descriptors a command line names', () => {
  it.each<[string[], number[]]>([
    [['uvicorn', '--fd', '3'], [3]],
    [['server', '--fd=3'], [3]],
    [['gunicorn', '-b', 'fd://5'], [5]],
    [['daemon', '--listen-fds', '3,4'], [3, 4]],
    [['dbus', 'unix:fd=9'], [9]],
    [['cat', '/dev/fd/7'], [7]],
    [['cat', '/proc/self/fd/7'], [7]],
    [['haproxy', '-x', 'sockfd@12'], []],
    [['haproxy', 'fd@12'], [12]],
    [['worker', '--inherit', '4'], [4]],
    [['sleep', '3'], []],
    [['app', '--port', '3', '--threads=4'], []],
    [['app', '--fd'], []],
    [['app', '--fd', 'auto'], []],
    [['app', '--handled=3'], []],
  ])('%j: %j', (args, expected) => {
    expect(named(...args)).toEqual(expected);
  });

  it('stay the same when the names are taken out of it', () => {
    const word = fc.constantFrom('fd', 'fds', 'listen', 'Sock', 'handle', 'inherit', 'acme', 'fdx', 'é', '-', '--', '_', '=', ':', '://', '@', '/dev/fd/', '/', '3', '4,5', '\0', ' ');
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), (words) => {
        const cmdline = words.join('');
        const redacted = openRedactor(KEY).value('readSlow', '/proc/7/cmdline', Buffer.from(cmdline).toString('latin1'));
        expect(namedFds(redacted)).toEqual(namedFds(Buffer.from(cmdline).toString('latin1')));
      }),
      { numRuns: 2000, examples: [[['/', 'fd', '=', '3']]] },
    );
  });

  it('are all that is left of numbers, but for those in the path of the program, as in the link of exe', () => {
    const redacted = openRedactor(KEY).value('readSlow', '/proc/7/cmdline', '/opt/acme2/run\0--token=12345\0--pin\x0042\0--fd\x003\0');
    expect(redacted).toMatch(/=0{5}\0--\w+\x0000\0--fd\x003\0$/);
    expect(redacted).toMatch(/^\/opt\/\w{4}2\/\w{3}\0/);
    expect(redacted).not.toMatch(/acme|token|12|4/);
  });
});
