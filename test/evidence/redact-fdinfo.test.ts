import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openRedactor } from '../../src/evidence/redact.ts';
import { recognise } from '../../src/kernel/kinds/index.ts';
import { parseFdInfo } from '../../src/kernel/proc/fdinfo.ts';

const BASE = 'pos:\t0\nflags:\t02000002\nmnt_id:\t17\nino:\t9\n';
const redact = (rest: string): string =>
  openRedactor(Buffer.alloc(32, 7))
    .value('readSlow', '/proc/7/fdinfo/5', BASE + rest)
    .slice(BASE.length);
const slotLine = (name: string, slot: number): string => `${String(slot).padStart(5)}: ${name}\n`;
const ring = (...names: string[]): string => {
  const files = names.map(slotLine).join('');
  return `SqMask:\t0x7\nCqHead:\t0\nCqTail:\t2\nUserFiles:\t${names.length}\n${files}UserBufs:\t1\n    0: 0x7f00aa/4096\nPollList:\n`;
};

describe('fdinfo on a redacted tape', () => {
  it('keeps what a ring is, and no name of its fixed files', () => {
    const text = redact(ring('/home/alice/secret\\040plan.txt', 'socket:[1717928]', '<none>', '/dev/null'));
    expect(text).not.toMatch(/alice|secret|plan/);
    expect(text).toMatch(/^ {4}0: \/home\/[a-z]{5}\/[a-z]{6}\\040[a-z]{4}\.txt$/m);
    for (const line of ['    1: socket:[1717928]', '    2: <none>', '    3: /dev/null', '    0: 0x7f00aa/4096', 'CqTail:\t2'])
      expect(text.split('\n')).toContain(line);
  });

  it('has no path of a program that BPF is attached to', () => {
    expect(redact('link_type:\tuprobe_multi\npath:\t/opt/acme/billing\ncnt:\t1\n')).toMatch(
      /^link_type:\tuprobe_multi\npath:\t\/opt\/[a-z]{4}\/[a-z]{7}\ncnt:\t1\n$/,
    );
  });

  it('shows as many fixed files as there were', () => {
    const name = fc.stringMatching(/^\/[A-Za-z0-9./_-]{0,30}$/);
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 12 }), (names) => {
        const count = (rest: string): unknown => {
          const link = 'anon_inode:[io_uring]';
          const detail = recognise({ link }).decode({
            link,
            info: parseFdInfo(BASE + rest)!,
            socket: () => undefined,
            isListening: () => false,
          });
          return (detail as { fixed?: string[] }).fixed?.length;
        };
        expect(count(redact(ring(...names)))).toBe(names.length);
      }),
    );
  });
});
