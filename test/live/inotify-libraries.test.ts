/** Real watching libraries: what they look like from outside, how many watches they have, and that nothing is held against them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { family, linkOf, openFds } from './support/kernel.ts';
import { describeNeeds, findProgram } from './support/need.ts';
import { bunPath, FSNOTIFY, nodeOf, OTHER_NODES } from './support/runtimes.ts';
import { ownFolder } from './support/program.ts';
import { type Child, startChild } from './support/child.ts';
import { until } from './support/until.ts';
import { fixtureOf, lookAtInotify, type Seen, startPython } from './support/watching.ts';

const DIRECTORIES = 8;
const FILES = 5;

/** DIRECTORIES + 1 directories and FILES files. */
function tree(): string {
  const folder = ownFolder('tree');
  for (let number = 0; number < DIRECTORIES; number++) mkdirSync(join(folder, `d${number}`));
  for (let number = 0; number < FILES; number++) writeFileSync(join(folder, `d${number}`, 'index.js'), '');
  return folder;
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
    judge(await settled(child), /^nodemon 3\.1\.14$/, DIRECTORIES + 1 + FILES + 1);
  });

  it('tsx watch', async () => {
    const folder = tree();
    writeFileSync(join(folder, 'main.ts'), 'setInterval(() => {}, 1000)');
    const child = await startChild(process.execPath, [fixtureOf('watchers', 'node_modules/tsx/dist/cli.mjs'), 'watch', 'main.ts'], { cwd: folder });
    judge(await settled(child), /^tsx watch 4\.23\.15$/, 1);
  });
});

/** fs.watch of a directory, a file or a whole tree. */
const WATCH = 'const [path, recursive] = process.argv.slice(1); require("node:fs").watch(path, { recursive: recursive === "recursive" }); console.log("ready")';

async function fsWatch(program: string, path: string, more: string[] = []): Promise<Seen> {
  const child = await startChild(program, ['-e', WATCH, path, ...more], { cwd: '/' });
  expect(await child.nextLine()).toBe('ready');
  return settled(child);
}

describe('watchers of Node itself', () => {
  it('fs.watch of a directory', async () => {
    judge(await fsWatch(process.execPath, tree()), /^node fs\.watch$/, 1);
  });

  it('fs.watch of a file', async () => {
    const path = join(tree(), 'd0/index.js');
    judge(await fsWatch(process.execPath, path), /^node fs\.watch$/, 1);
  });

  it('fs.watch of a tree', async () => {
    judge(await fsWatch(process.execPath, tree(), ['recursive']), /^node fs\.watch$/, DIRECTORIES + 1 + FILES);
  });

  it('node --watch', async () => {
    const folder = tree();
    writeFileSync(join(folder, 'main.js'), 'setInterval(() => {}, 1000)');
    const child = await startChild(process.execPath, ['--watch', 'main.js'], { cwd: folder });
    judge(await settled(child), /^node --watch$/, 1);
  });
});

for (const major of OTHER_NODES) {
  describeNeeds([`node${major}`], `watchers of Node ${major} itself`, () => {
    it('fs.watch of a tree: up to 24 files have watches of their own', async () => {
      judge(await fsWatch(nodeOf(major), tree(), ['recursive']), /^node fs\.watch$/, DIRECTORIES + 1 + (major < 26 ? FILES : 0));
    });

    it('--watch', async () => {
      const folder = tree();
      writeFileSync(join(folder, 'main.js'), 'setInterval(() => {}, 1000)');
      const child = await startChild(nodeOf(major), ['--watch', 'main.js'], { cwd: folder });
      judge(await settled(child), /^node --watch$/, 1);
    });
  });
}

describeNeeds(['watchers'], 'fs.watch beside an installed chokidar', () => {
  /** Another program may be in such a folder, and load nothing of it. */
  const beside = (path: string, more: string[] = []) => startChild(process.execPath, ['-e', WATCH, path, ...more], { cwd: fixtureOf('watchers', 'chokidar4') });

  it('is not called chokidar when a tree is watched as fs.watch does it', async () => {
    const child = await beside(tree(), ['recursive']);
    expect(await child.nextLine()).toBe('ready');
    judge(await settled(child), /^node fs\.watch$/, DIRECTORIES + 1 + FILES);
  });

  it('may be chokidar when it is one file, and is said so', async () => {
    const child = await beside(join(tree(), 'd0/index.js'));
    expect(await child.nextLine()).toBe('ready');
    judge(await settled(child), /^node fs\.watch \(perhaps under chokidar 4\.0\.3\)$/, 1);
  });
});

describeNeeds(['tail'], 'tail', () => {
  it.each([['-f', 1], ['-F', 2]] as const)('%s', async (option, watches) => {
    const child = await startChild(findProgram('tail')!, [option, join(tree(), 'd0/index.js')]);
    judge(await settled(child), /^tail -f$/, watches);
  });
});

describeNeeds(['inotifywait', 'inotifywatch'], 'inotify-tools', () => {
  it('watches what it is given', async () => {
    const child = await startChild(findProgram('inotifywait')!, ['-m', '-q', tree()]);
    judge(await settled(child), /^inotifywait$/, 1);
  });

  it('counts events of each directory', async () => {
    const child = await startChild(findProgram('inotifywatch')!, ['-r', tree()]);
    judge(await settled(child), /^inotifywatch$/, DIRECTORIES + 1);
  });

  it('watches each directory', async () => {
    const child = await startChild(findProgram('inotifywait')!, ['-m', '-r', '-q', tree()]);
    judge(await settled(child), /^inotifywait$/, DIRECTORIES + 1);
  });
});

describeNeeds(['python-watchers'], 'libraries of Python', () => {
  it.each([['watchdog', /^watchdog \(Python\)$/], ['watchfiles', /^watchfiles \(Python\)$/]] as const)('%s', async (name, library) => {
    const child = await startPython(name, tree());
    judge(await settled(child), library, DIRECTORIES + 1);
  });
});

describeNeeds(['fsnotify'], 'fsnotify of Go', () => {
  it('watches what it is given', async () => {
    const folder = tree();
    const child = await startChild(FSNOTIFY, [folder, join(folder, 'd0')]);
    expect(await child.nextLine()).toBe('ready');
    judge(await settled(child), /^fsnotify \(Go\)$/, 2);
  });

  it('watches each directory of a tree', async () => {
    const folder = tree();
    const child = await startChild(FSNOTIFY, [folder, ...Array.from({ length: DIRECTORIES }, (_, number) => join(folder, `d${number}`))]);
    expect(await child.nextLine()).toBe('ready');
    judge(await settled(child), /^fsnotify \(Go\)$/, DIRECTORIES + 1);
  });
});

describeNeeds(['bun'], 'bun', () => {
  it('--watch', async () => {
    const folder = tree();
    writeFileSync(join(folder, 'main.js'), 'setInterval(() => {}, 1000)');
    const child = await startChild(bunPath()!, ['--watch', 'main.js'], { cwd: folder });
    judge(await settled(child), /^bun --watch$/, 2);
  });

  it('fs.watch of a tree', async () => {
    judge(await fsWatch(bunPath()!, tree(), ['recursive']), /^bun fs\.watch$/, DIRECTORIES + 1);
  });
});
