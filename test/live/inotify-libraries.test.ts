/** Real watching libraries: what they look like from outside, how many watches they have, and that nothing is held against them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { childrenOf, openFds, linkOf } from './support/kernel.ts';
import { describeNeeds, findProgram } from './support/need.ts';
import { bunPath, FSNOTIFY } from './support/runtimes.ts';
import { ownFolder } from './support/program.ts';
import { type Child, startChild } from './support/child.ts';
import { until } from './support/until.ts';
import { fixtureOf, lookAtInotify, type Seen } from './support/watching.ts';

const DIRECTORIES = 8;
const FILES = 5;

/** DIRECTORIES + 1 directories and FILES files. */
function tree(): string {
  const folder = ownFolder('tree');
  for (let number = 0; number < DIRECTORIES; number++) mkdirSync(join(folder, `d${number}`));
  for (let number = 0; number < FILES; number++) writeFileSync(join(folder, `d${number}`, 'index.js'), '');
  return folder;
}

function family(pid: number): number[] {
  try {
    return [pid, ...childrenOf(pid).flatMap(family)];
  } catch {
    return [];
  }
}

/** Waits until some process of the family has watches, and their number stays the same. */
async function settled(child: Child): Promise<Seen> {
  const hasInstance = (pid: number): boolean => {
    try {
      return openFds(pid).some((fd) => linkOf(pid, fd).includes('inotify'));
    } catch {
      // A descriptor that was closed meanwhile, or a child that ended: the next look tells.
      return false;
    }
  };
  const pid = await until(() => family(child.pid).find(hasInstance), { deadlineMs: 30_000, what: 'an inotify instance' });
  let before = -1;
  return until(async () => {
    const seen = await lookAtInotify(pid);
    const same = seen.data.watches.length > 0 && seen.data.watches.length === before;
    before = seen.data.watches.length;
    return same ? seen : undefined;
  }, { deadlineMs: 30_000, what: 'watches that stay' });
}

function judge({ data, findings }: Seen, library: RegExp, watches: number | undefined): void {
  expect(data.instances.map((instance) => instance.library ?? '').join()).toMatch(library);
  if (watches !== undefined) expect(data.watches).toHaveLength(watches);
  expect(data.watches.filter(({ state }) => state !== 'ok')).toEqual([]);
  expect(findings.filter(({ severity }) => severity !== 'info')).toEqual([]);
}

describeNeeds(['watchers'], 'libraries of npm', () => {
  it.each([
    ['chokidar3', /^chokidar 3\.6\.0$/, DIRECTORIES + 1 + FILES],
    ['chokidar4', /^chokidar 4\.0\.3$/, DIRECTORIES + 1 + FILES],
    ['chokidar5', /^chokidar 5\.0\.0$/, DIRECTORIES + 1 + FILES],
    ['parcel', /^@parcel\/watcher 2\.6\.0$/, DIRECTORIES + 1],
  ] as const)('%s', async (name, library, watches) => {
    const child = await startChild(process.execPath, [fixtureOf('watchers', name, 'watch.mjs'), tree()]);
    expect(await child.nextLine()).toBe('ready');
    judge(await settled(child), library, watches);
  });

  it('nodemon', async () => {
    const folder = tree();
    writeFileSync(join(folder, 'main.js'), 'setInterval(() => {}, 1000)');
    const child = await startChild(process.execPath, [fixtureOf('watchers', 'node_modules/nodemon/bin/nodemon.js'), '--quiet', 'main.js'], { cwd: folder });
    judge(await settled(child), /^nodemon 3\.1\.14$/, undefined);
  });

  it('tsx watch', async () => {
    const folder = tree();
    writeFileSync(join(folder, 'main.ts'), 'setInterval(() => {}, 1000)');
    const child = await startChild(process.execPath, [fixtureOf('watchers', 'node_modules/tsx/dist/cli.mjs'), 'watch', 'main.ts'], { cwd: folder });
    judge(await settled(child), /^tsx watch 4\.23\.15$/, undefined);
  });
});

describe('watchers of Node itself', () => {
  it('fs.watch', async () => {
    const child = await startChild(process.execPath, ['-e', 'require("node:fs").watch(process.argv[1]); console.log("ready")', tree()], { cwd: '/' });
    expect(await child.nextLine()).toBe('ready');
    judge(await settled(child), /^node fs\.watch$/, 1);
  });

  it('node --watch', async () => {
    const folder = tree();
    writeFileSync(join(folder, 'main.js'), 'setInterval(() => {}, 1000)');
    const child = await startChild(process.execPath, ['--watch', 'main.js'], { cwd: folder });
    judge(await settled(child), /^node --watch$/, undefined);
  });
});

describeNeeds(['inotifywait'], 'inotifywait', () => {
  it('watches each directory', async () => {
    const child = await startChild(findProgram('inotifywait')!, ['-m', '-r', '-q', tree()]);
    judge(await settled(child), /^inotifywait$/, DIRECTORIES + 1);
  });
});

describeNeeds(['fsnotify'], 'fsnotify of Go', () => {
  it('watches what it is given', async () => {
    const folder = tree();
    const child = await startChild(FSNOTIFY, [folder, join(folder, 'd0')]);
    expect(await child.nextLine()).toBe('ready');
    judge(await settled(child), /^fsnotify \(Go\)$/, 2);
  });
});

describeNeeds(['bun'], 'bun', () => {
  it('--watch', async () => {
    const folder = tree();
    writeFileSync(join(folder, 'main.js'), 'setInterval(() => {}, 1000)');
    const child = await startChild(bunPath()!, ['--watch', 'main.js'], { cwd: folder });
    judge(await settled(child), /^bun --watch$/, undefined);
  });
});
