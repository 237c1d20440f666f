/** What threads passed by address, read back from the memory of a process that says what it put there. */
import { expect, it } from 'vitest';
import { openLive } from '../../src/evidence/index.ts';
import { startChild } from '../live/support/child.ts';
import { describeNeeds } from '../live/support/need.ts';
import { PYTHON } from '../live/support/program.ts';

const PROGRAM = `
import ctypes, json, os, struct, sys
kept = []
def at(content):
    kept.append(ctypes.create_string_buffer(content, len(content)))
    return str(ctypes.addressof(kept[-1]))
print(json.dumps({'path': at(b'/srv/caf\\xe9\\nx.fifo\\0rest'), 'empty': at(bytes(8)), 'polled': at(struct.pack('<ihhihhihh', 7, 1, 0, -1, 1, 0, 9, 4, 0)),
  'glibc': at(struct.pack('<IIiI', 2, 1, 4711, 1)), 'free': at(struct.pack('<IIiI', 0, 0, 0, 0)), 'word': at(struct.pack('<IIiI', 0x80001267, 0, 0, 0))}), flush=True)
sys.stdin.read()`;

describeNeeds(['python3'], 'what threads passed by address', () => {
  it('is read back, and what is not there is an errno', async () => {
    const child = await startChild(PYTHON, ['-c', PROGRAM]);
    const evidence = openLive();
    try {
      const at = JSON.parse(await child.nextLine()) as Record<'path' | 'empty' | 'polled' | 'glibc' | 'free' | 'word', string>;
      const paths = await evidence.tasks!.pathsAt(child.pid, [at.path, at.empty, '8', '18446744073709551615', '-1']);
      expect(paths.map(({ value, errno }) => value ?? errno)).toEqual(['/srv/caf\xe9\nx.fifo', 'ENODATA', 'EIO', 'EIO', 'EIO']);
      expect((await evidence.tasks!.polledAt(child.pid, [{ address: at.polled, count: 3 }, { address: at.polled, count: 1 }])).map(({ value }) => value)).toEqual([[7, 9], [7]]);
      const locks = await evidence.tasks!.locksAt(child.pid, [at.glibc, at.free, at.word]);
      expect(locks.map(({ value, errno }) => value?.owner ?? errno)).toEqual([4711, 'ENODATA', 0x1267]);
      expect(evidence.tasks!.tidsOf(child.pid).value).toEqual([child.pid]);
      expect((await evidence.tasks!.pathsAt(2 ** 22 + 1, ['8']))[0]?.errno).toBe('ESRCH');
    } finally {
      evidence.close();
      await child.stop();
    }
  });
});
