/** What `inotify-limits --for` says a tree needs, against the watches that real libraries make for it: to the watch. */
import { linkSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { LimitsData } from '../../src/inotify/limits/data.ts';
import { type Child, startChild } from './support/child.ts';
import { family, infoOf, linkOf, openFds } from './support/kernel.ts';
import { describeNeeds, findProgram } from './support/need.ts';
import { ownFolder, reloadctl } from './support/program.ts';
import { bunPath, nodeOf, OTHER_NODES } from './support/runtimes.ts';
import { until } from './support/until.ts';
import { fixtureOf, startPython } from './support/watching.ts';

function make(root: string, files: readonly string[], links: Record<string, string>): void {
  for (const path of files) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    writeFileSync(join(root, path), 'setInterval(() => {}, 1000)');
  }
  for (const [path, target] of Object.entries(links)) {
    mkdirSync(join(root, path, '..'), { recursive: true });
    symlinkSync(target, join(root, path));
  }
}

/** Links to what is in the tree, outside and nowhere, hard links, a FIFO, a socket, what nodemon leaves out. */
async function oddTree(): Promise<string> {
  const folder = ownFolder('odd');
  const files = ['t/main.js', 't/d1/f1', 't/d1/sub/f2', 't/d2/f3', 't/.hid/f', 't/.dot', 't/.git/HEAD', 't/coverage/f', 't/d2/coverage', 't/empty/.keep'];
  const outside = ['out/f', 'out/dir/1', 'out/dir/deep/2', 'out/dir/deep/x/3', 'out/other/4', 'far/5', 'far/under/6'];
  make(folder, [...files, ...outside], {
    't/in': 'd1/f1', 't/d1dir': 'd1', 't/broken': 'nowhere', 't/fifolink': 'fifo',
    't/f': '../out/f', 't/d2/f': '../../out/f', 't/dir': '../out/dir', 't/d2/dir': '../../out/dir', 't/deep': '../out/dir/deep', 't/.hidden': '../out/other',
    // Found only outside: to outside, and back.
    'out/dir/far': '../../far', 'out/dir/back': '../../t/d1', 'far/under/f': '../../out/dir/1',
  });
  linkSync(join(folder, 't/d1/f1'), join(folder, 't/d2/hard'));
  linkSync(join(folder, 'out/f'), join(folder, 't/d2/hard-out'));
  await (await startChild('mkfifo', [join(folder, 't/fifo')])).ended;
  await new Promise<void>((resolve) => createServer().listen(join(folder, 't/sock'), resolve).unref());
  return join(folder, 't');
}

/** As pnpm lays out packages: hard links of one store, links to packages beside each other. */
function pnpmTree(): string {
  const folder = ownFolder('pnpm');
  const names = Array.from({ length: 12 }, (_, number) => `p${number}`);
  make(folder, ['store/license', 'app/main.js', 'app/src/index.js', 'shared/package.json', 'shared/lib/index.js'], {});
  for (const [number, name] of names.entries()) {
    const own = `app/node_modules/.pnpm/${name}@1.0.0/node_modules`;
    make(folder, [`${own}/${name}/index.js`, `${own}/${name}/lib/a.js`], { [`app/node_modules/${name}`]: `.pnpm/${name}@1.0.0/node_modules/${name}` });
    linkSync(join(folder, 'store/license'), join(folder, own, name, 'LICENSE'));
    for (const other of names.slice(0, number)) make(folder, [], { [`${own}/${other}`]: `../../${other}@1.0.0/node_modules/${other}` });
    make(folder, [], { [`app/node_modules/.bin/${name}`]: `../${name}/index.js` });
  }
  make(folder, [], { 'app/node_modules/shared': '../../shared' });
  return join(folder, 'app');
}

async function needed(tree: string, library: string): Promise<number> {
  const { stdout } = await reloadctl(['inotify-limits', tree, '--library', library, '--json']);
  const [row] = (JSON.parse(stdout) as { data: LimitsData }).data.demand?.trees ?? [];
  expect(row?.complete).toBe(true);
  return row!.watches;
}

/** Of a process and its children. */
function watchesOf(pid: number): number {
  return family(pid).reduce((sum, one) => sum + ownWatches(one), 0);
}

function ownWatches(pid: number): number {
  try {
    const fds = openFds(pid).filter((fd) => linkOf(pid, fd).includes('inotify'));
    return fds.reduce((sum, fd) => sum + infoOf(pid, fd).split('\ninotify wd:').length - 1, 0);
  } catch {
    // Closed or ended meanwhile: the next look tells.
    return 0;
  }
}

/** Looks in a row that must agree. */
const SETTLED = 40;

/** The watches that a library makes, once it makes no more of them. */
async function made(child: Child): Promise<number> {
  let same = 0;
  let before = 0;
  await until(
    () => {
      const now = watchesOf(child.pid);
      same = now > 0 && now === before ? same + 1 : 0;
      before = now;
      return same === SETTLED;
    },
    { deadlineMs: 20_000, what: 'watches that stay' },
  );
  await child.stop('SIGTERM');
  return before;
}

const WATCH = 'require("node:fs").watch(process.argv[1], { recursive: true }); console.log("ready")';
const fsWatch = (program: string) => async (tree: string) => {
  const child = await startChild(program, ['-e', WATCH, tree], { cwd: '/' });
  await child.nextLine();
  return child;
};
const packaged = (name: string) => async (tree: string) => {
  const child = await startChild(process.execPath, [fixtureOf('watchers', name, 'watch.mjs'), tree]);
  await child.nextLine();
  return child;
};

type Library = [name: string, needs: string[], start: (tree: string) => Promise<Child>];

const LIBRARIES: Library[] = [
  ...['chokidar3', 'chokidar4', 'chokidar5', 'parcel'].map((name): Library => [name, ['watchers'], packaged(name)]),
  ['nodemon', ['watchers'], (tree) => startChild(process.execPath, [fixtureOf('watchers', 'node_modules/nodemon/bin/nodemon.js'), '--quiet', 'main.js'], { cwd: tree })],
  [`node${process.versions.node.split('.')[0]}`, [], fsWatch(process.execPath)],
  ...OTHER_NODES.filter((major) => !process.versions.node.startsWith(`${major}.`)).map((major): Library => [`node${major}`, [`node${major}`], (tree) => fsWatch(nodeOf(major))(tree)]),
  ['bun', ['bun'], (tree) => fsWatch(bunPath()!)(tree)],
  ...['watchdog', 'watchfiles'].map((name): Library => [name, ['python-watchers'], (tree) => startPython(name, tree)]),
  ['inotifywait', ['inotifywait'], (tree) => startChild(findProgram('inotifywait')!, ['-m', '-r', '-q', tree])],
];

for (const [name, needs, start] of LIBRARIES) {
  describeNeeds(needs, `watches of ${name} are as many as it is said to need`, () => {
    it('on a tree with links, hard links, a FIFO and a socket', async () => {
      const tree = await oddTree();
      expect(await needed(tree, name)).toBe(await made(await start(tree)));
    });

    it('on a tree as pnpm makes it', async () => {
      const tree = pnpmTree();
      expect(await needed(tree, name)).toBe(await made(await start(tree)));
    });
  });
}
