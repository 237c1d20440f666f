import { readFileSync } from 'node:fs';
import { availableParallelism, release, totalmem, type } from 'node:os';
import { describe, expect, it } from 'vitest';
import { machineLine, readMachine } from '../../src/demo/machine.ts';

describe('readMachine', () => {
  it('names the distribution and the memory', async () => {
    const machine = await readMachine(20_000);
    expect(machine).toMatchObject({ kernel: release(), cpus: availableParallelism(), memoryBytes: totalmem() });
    const release_ = readFileSync('/etc/os-release', 'utf8');
    expect(machine.os).toContain(/^ID="?(\w)/m.exec(release_) ? /^NAME="?([\w/ ]+?)"?$/m.exec(release_)![1]!.split(' ')[0] : type());
    expect(machine.availableBytes).toBeGreaterThan(0);
    expect(machine.availableBytes).toBeLessThanOrEqual(machine.memoryBytes);
  });

  it('does with what Node knows when there is no time', async () => {
    expect(await readMachine(0)).toMatchObject({ os: type(), kernel: release(), memoryBytes: totalmem() });
  });
});

describe('machineLine', () => {
  it('is one line', () => {
    expect(machineLine({ os: 'Alpine Linux 3.20', kernel: '6.6', cpus: 1, memoryBytes: 1024 ** 3, availableBytes: 512 * 1024 ** 2 })).toBe(
      'Alpine Linux 3.20, Linux 6.6, 1 CPU, 1.0 GiB of memory (512.0 MiB available)',
    );
  });
});
