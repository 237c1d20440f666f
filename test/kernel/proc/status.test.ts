import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseStatus } from '../../../src/kernel/proc/status.ts';
import { nameBytes, neverThrows, unsigned } from './bytes.ts';

const SAMPLE = `Name:\tbash
Umask:\t0022
State:\tS (sleeping)
Tgid:\t4537
Ngid:\t0
Pid:\t4537
PPid:\t4536
TracerPid:\t0
Uid:\t1000\t0\t0\t0
Gid:\t0\t0\t0\t0
FDSize:\t256
Groups:\t${' '}
NStgid:\t4537\t12
NSpid:\t4537\t12
Kthread:\t0
VmPeak:\t    5004 kB
Threads:\t3
SigQ:\t0/96365
SigIgn:\t0000000000000000
SigCgt:\t8000000000014002
CapInh:\t0000000000000000
`;

describe('parseStatus', () => {
  it('reads a captured file', () => {
    expect(parseStatus(SAMPLE)).toEqual({
      name: 'bash',
      state: 'S',
      tgid: 4537,
      ppid: 4536,
      uid: 1000,
      euid: 0,
      savedUid: 0,
      fdSize: 256,
      threads: 3,
      nsPids: [4537, 12],
      sigCgt: 0x8000000000014002n,
    });
  });

  it('cannot be told another user by a name, which the kernel escapes', () => {
    expect(parseStatus(SAMPLE.replace('bash', 'x\\nUid:\\\\t1'))).toMatchObject({ name: 'x\nUid:\\t1', uid: 1000 });
    // Nor by a kernel that did not escape: the true line would come second, the false one has to be whole.
    expect(parseStatus(SAMPLE.replace('bash', 'x\nUid:'))).toBeNull();
  });

  it('keeps white space of a name', () => {
    expect(parseStatus(SAMPLE.replace('bash', '\t a '))?.name).toBe('\t a ');
  });

  it('reads a file without NSpid, as before Linux 4.1', () => {
    expect(parseStatus(SAMPLE.replace(/^NSpid.*\n/m, ''))?.nsPids).toEqual([]);
  });

  it.each(['Name', 'State', 'Tgid', 'PPid', 'Uid', 'FDSize', 'Threads', 'SigCgt'])('refuses a file without %s', (key) => {
    expect(parseStatus(SAMPLE.replace(new RegExp(`^${key}:.*\n`, 'm'), ''))).toBeNull();
  });

  it('does not trust a signal set that is cut off', () => {
    expect(parseStatus(SAMPLE.slice(0, SAMPLE.indexOf('14002')))).toBeNull();
  });

  it('reads its own process', () => {
    const status = parseStatus(readFileSync('/proc/self/status', 'latin1'));
    expect(status).toMatchObject({ tgid: process.pid, ppid: process.ppid, uid: process.getuid?.(), euid: process.geteuid?.() });
    // libuv and V8 always hold descriptors and threads.
    expect(status?.fdSize).toBeGreaterThan(0);
    expect(status?.threads).toBeGreaterThan(1);
  });

  it('refuses numbers that are none', () => {
    for (const key of ['Tgid', 'PPid', 'Uid', 'FDSize', 'Threads', 'NSpid', 'SigCgt']) {
      expect(parseStatus(SAMPLE.replace(new RegExp(`^${key}:.*\n`, 'm'), `${key}:\t-\n`))).toBeNull();
    }
  });

  it('sees which signals a process catches', async () => {
    const child = spawn('sh', ['-c', 'trap : USR2; echo ready; read line'], { stdio: ['pipe', 'pipe', 'ignore'] });
    try {
      await once(child.stdout, 'data');
      const caught = parseStatus(readFileSync(`/proc/${child.pid}/status`, 'latin1'))?.sigCgt ?? 0n;
      const bit = (signal: number): bigint => (caught >> BigInt(signal - 1)) & 1n;
      expect([bit(constants.signals.SIGUSR2), bit(constants.signals.SIGUSR1)]).toEqual([1n, 0n]);
    } finally {
      child.stdin.end();
      await once(child, 'exit');
    }
  });

  it('reads back what the kernel would print', () => {
    const model = fc.record({
      name: nameBytes(15),
      state: fc.constantFrom(...'RSDZTtXI'),
      tgid: unsigned(22),
      ppid: unsigned(22),
      uid: unsigned(32),
      euid: unsigned(32),
      savedUid: unsigned(32),
      fdSize: unsigned(30),
      threads: unsigned(22),
      nsPids: fc.array(unsigned(22), { maxLength: 3 }),
      sigCgt: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    });
    fc.assert(
      fc.property(model, (m) => {
        const name = m.name.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
        const text =
          `Name:\t${name}\nUmask:\t0022\nState:\t${m.state} (x)\nTgid:\t${m.tgid}\nPid:\t1\nPPid:\t${m.ppid}\n` +
          `Uid:\t${m.uid}\t${m.euid}\t${m.savedUid}\t0\n` +
          `FDSize:\t${m.fdSize}\nNSpid:${m.nsPids.map((pid) => `\t${pid}`).join('')}\nThreads:\t${m.threads}\n` +
          `SigCgt:\t${m.sigCgt.toString(16).padStart(16, '0')}\n`;
        expect(parseStatus(text)).toEqual(m);
      }),
    );
  });

  it('never throws', () => neverThrows(parseStatus, SAMPLE));
});
