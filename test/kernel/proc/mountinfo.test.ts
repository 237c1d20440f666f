import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseMountOptions } from '../../../src/kernel/proc/mountinfo.ts';
import { nameBytes, neverThrows } from './bytes.ts';

const SAMPLE = `22 27 0:21 / /proc rw,nosuid,relatime shared:5 - proc proc rw,hidepid=invisible
24 27 0:6 / /dev rw,relatime - devtmpfs devtmpfs rw,size=12334524k,nr_inodes=3083631,mode=755
26 24 0:24 / /dev/pts rw,relatime - devpts devpts rw,mode=600,ptmxmode=000
29 26 0:26 / /dev/pts ro,relatime shared:1 master:2 - devpts  rw,mode=620
30 27 0:27 / /mnt/with\\040space\\134x rw - tmpfs a\\040b rw
`;

describe('parseMountOptions', () => {
  it('reads captured lines', () => {
    expect(parseMountOptions(SAMPLE, '/proc')).toEqual({
      fsType: 'proc',
      superOptions: ['rw', 'hidepid=invisible'],
      options: ['rw', 'nosuid', 'relatime'],
    });
  });

  it('takes the mount on top, also one with an empty source', () => {
    expect(parseMountOptions(SAMPLE, '/dev/pts')).toEqual({
      fsType: 'devpts',
      superOptions: ['rw', 'mode=620'],
      options: ['ro', 'relatime'],
    });
  });

  it('does not take a source named - for the separator', () => {
    expect(parseMountOptions('30 27 0:27 / /a rw shared:1 - tmpfs - size=4k\n', '/a')?.fsType).toBe('tmpfs');
  });

  it('compares mount points unescaped', () => {
    expect(parseMountOptions(SAMPLE, '/mnt/with space\\x')?.fsType).toBe('tmpfs');
  });

  it('says so when nothing is mounted there or the line is cut off', () => {
    expect(parseMountOptions(SAMPLE, '/pro')).toBeNull();
    expect(parseMountOptions(SAMPLE.slice(0, SAMPLE.indexOf('=invisible')), '/proc')).toBeNull();
    expect(parseMountOptions('22 27 0:21 / /proc rw - proc\n', '/proc')).toBeNull();
  });

  it('reads this machine', () => {
    expect(parseMountOptions(readFileSync('/proc/self/mountinfo', 'latin1'), '/proc')?.fsType).toBe('proc');
  });

  it('reads back what the kernel would print', () => {
    const print = (text: string): string => text.replace(/[ \t\n\\#]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
    const word = fc.stringMatching(/^[a-z][a-z0-9_=.]{0,8}$/);
    const words = fc.array(word, { minLength: 1, maxLength: 4 });
    const path = nameBytes(20).map((name) => `/${name}`);
    fc.assert(
      fc.property(path, word, words, words, fc.array(word), nameBytes(8), (mountPoint, fsType, options, superOptions, tags, source) => {
        const optional = tags.map((tag) => ` ${tag}:1`).join('');
        const mount = `22 27 0:21 / ${print(mountPoint)} ${options.join(',')}${optional}`;
        const line = `${mount} - ${fsType} ${print(source)} ${superOptions.join(',')}\n`;
        expect(parseMountOptions(`1 1 0:1 / ${print(mountPoint)} rw - x x rw\n${line}`, mountPoint)).toEqual({
          fsType,
          superOptions,
          options,
        });
      }),
    );
  });

  it('never throws', () => neverThrows((text) => parseMountOptions(text, '/dev/pts'), SAMPLE));
});
