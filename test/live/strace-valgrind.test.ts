/** What valgrind --track-fds finds open at the end of a program, and what its log of strace does. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { StraceData } from '../../src/strace/data.ts';
import { startChild } from './support/child.ts';
import { describeNeeds } from './support/need.ts';
import { compile, ownFolder, reloadctl } from './support/program.ts';

/** Paths of what the program opened itself, '' for pipes and sockets: valgrind's own log takes a number, so those differ. */
function openIn(log: string): string[] {
  const blocks = [...log.matchAll(/Open (?:file descriptor|\w+ socket) \d+:(.*)\n==\d+==\s+(at|<inherited)/g)];
  return blocks.filter((block) => block[2] === 'at').map((block) => (block[1]!.trim().startsWith('/') ? block[1]!.trim() : '')).sort();
}

describeNeeds(['strace', 'valgrind', 'cc'], 'valgrind --track-fds', () => {
  it.each([['nothing', 0], ['leaks', 3], ['copies', 3], ['pairs', 2], ['mixed', 9]] as const)('finds the same left open: %s', async (program, count) => {
    const folder = ownFolder('valgrind');
    const binary = await compile('fd-ends.c');
    const [theirs, log] = [join(folder, 'valgrind'), join(folder, 'strace')];
    await (await startChild('valgrind', ['--track-fds=yes', `--log-file=${theirs}`, binary, program])).ended;
    await (await startChild('strace', ['-f', '-tt', '-y', '-o', log, binary, program])).ended;
    const lines = readFileSync(log, 'latin1').trimEnd().split('\n').length;
    const run = await reloadctl(['strace', log, '--at', `line:${lines - 1}`, '--json']);
    const { tables } = (JSON.parse(run.stdout) as { data: StraceData }).data;
    const ours = tables![0]!.fds.filter(({ how }) => how === 'opened').map(({ path }) => (path?.startsWith('/') ? path : ''));
    expect(ours.sort()).toEqual(openIn(readFileSync(theirs, 'latin1')));
    expect(ours).toHaveLength(count);
  }, 60_000);
});
