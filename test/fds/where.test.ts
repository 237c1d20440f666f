import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { attributeNames, type FdRow } from '../../src/fds/attributes.ts';
import { parseNames, parseWhere } from '../../src/fds/where.ts';
import { UserError } from '../../src/kernel/user-error.ts';

const row: FdRow = {
  pid: 42,
  fd: 100,
  kind: 'socket',
  target: 'socket:[7]',
  cloexec: false,
  deleted: false,
  access: 'rw',
  key: 'tcp CLOSE_WAIT to 10.0.0.7:5432',
  description: 'it\'s "quoted" \\ back',
  state: 'CLOSE_WAIT',
  remotePort: 5432,
  path: '/var/tmp/a b.part',
};
const holds = (text: string): boolean => parseWhere(text)(row);
const refusal = (text: string): string => {
  try {
    parseWhere(text);
  } catch (error) {
    if (error instanceof UserError && error.exitCode === 2) return error.message;
    throw error;
  }
  throw new Error(`${text} was taken`);
};

describe('parseWhere', () => {
  it.each([
    ['kind=socket', true],
    ['kind=file', false],
    ['kind!=file', true],
    ['kind!=socket', false],
    ['fd=100', true],
    ['fd>99', true],
    ['fd>100', false],
    ['fd>=100', true],
    ['fd<101', true],
    ['fd<100', false],
    ['fd<=100', true],
    ['fd<=99.5', false],
    ['cloexec=false', true],
    ['cloexec=true', false],
    ['cloexec!=true', true],
    ['key~5432', true],
    ['key~CLOSE', true],
    ['key~close', false],
    ['state=CLOSE*', true],
    ['state=*WAIT', true],
    ['state=C*_*T', true],
    ['state=*', true],
    ['state=LISTEN*', false],
    ['state!=LISTEN*', true],
    ['state=CLOSE_WAIT*CLOSE_WAIT', false],
    ['path="/var/tmp/a b.part"', true],
    ["path='/var/tmp/a b.part'", true],
    ["path~'a b'", true],
    ['description~"\\"quoted\\" \\\\"', true],
    ['key=.*', false],
    ['kind=socket state=CLOSE_WAIT fd>50', true],
    ['kind=socket  state=LISTEN', false],
    ['', true],
    ['  ', true],
    ['bytes>0', false],
    ['bytes=', true],
    ['bytes!=5', true],
    ['bytes=*', true],
    ['name=', true],
    ['state=', false],
    ["path=''", false],
  ])('%s is %s', (text, expected) => {
    expect(holds(text)).toBe(expected);
  });

  it.each([
    ['kind', '--where:1:1: not a term: kind (use NAME=VALUE, NAME!=VALUE, NAME~TEXT, NAME>NUMBER)'],
    ['kind=socket stat=LISTEN', '--where:1:13: unknown attribute stat, did you mean state?'],
    ['Kind=socket', '--where:1:1: unknown attribute Kind, did you mean kind?'],
    ['zzzzzzzz=1', '--where:1:1: unknown attribute zzzzzzzz'],
    ['fd>many', '--where:1:1: fd>many: > compares numbers, and many is none'],
    ['kind=socket fd<', '--where:1:13: fd<: < compares numbers, and nothing is none'],
    ["fd>' '", '--where:1:1: fd> : > compares numbers, and   is none'],
    ['kind="socket', '--where:1:6: not a term: " (use NAME=VALUE, NAME!=VALUE, NAME~TEXT, NAME>NUMBER)'],
    ['=x', '--where:1:1: not a term: =x (use NAME=VALUE, NAME!=VALUE, NAME~TEXT, NAME>NUMBER)'],
    ['constructor=x', '--where:1:1: unknown attribute constructor'],
  ])('refuses %s', (text, message) => {
    expect(refusal(text)).toBe(message);
  });

  it('lists the attributes there are', () => {
    expect(() => parseWhere('x=1')).toThrow(expect.objectContaining({ hints: [`attributes: ${attributeNames.join(' ')}`] }));
  });

  it('matches a glob as a regular expression would', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 8 });
    fc.assert(
      fc.property(text, fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 6 }), (value, pattern) => {
        const expression = new RegExp(`^${pattern.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
        expect(parseWhere(`target=${pattern}`)({ ...row, target: value })).toBe(expression.test(value));
      }),
      { numRuns: 1000 },
    );
  });

  it('is not made slow by a pattern and a name that almost fit', () => {
    const test = parseWhere(`target=${'*a'.repeat(30)}*b`);
    const before = process.cpuUsage();
    expect(test({ ...row, target: 'a'.repeat(4096) })).toBe(false);
    expect(process.cpuUsage(before).user).toBeLessThan(1_000_000);
  });

  it('takes or refuses anything with words', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.tuple(fc.constantFrom(...attributeNames), fc.constantFrom('=', '~', '>', '!='), fc.string()).map((parts) => parts.join('')),
        ),
        (text) => {
          try {
            parseWhere(text)(row);
          } catch (error) {
            expect(error).toBeInstanceOf(UserError);
          }
        },
      ),
    );
  });
});

describe('parseNames', () => {
  it('takes names, and a minus only where it means descending', () => {
    expect(parseNames('--columns', 'fd, kind')).toEqual(['fd', 'kind']);
    expect(parseNames('--sort', '-bytes,fd', true)).toEqual(['-bytes', 'fd']);
    expect(() => parseNames('--columns', 'fd,-bytes')).toThrow('--columns:1:4: unknown attribute -bytes, did you mean bytes?');
  });

  it('names the column at fault', () => {
    expect(() => parseNames('--sort', 'fd,-byte', true)).toThrow('--sort:1:5: unknown attribute byte, did you mean bytes?');
    expect(() => parseNames('--columns', 'fd,,kind')).toThrow('--columns:1:4: a name is missing here');
  });
});
