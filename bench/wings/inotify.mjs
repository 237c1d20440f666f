/** The inotify commands against a walk of the disk, inotify-info, find and a C loop of readlink and fdinfo. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Load } from '../load.mjs';
import { compile } from '../measure.mjs';

/** So many directories below `root`: ten to a package. */
function plant(root, count) {
  for (let number = 0; number < count; number++) mkdirSync(join(root, `package-${Math.floor(number / 10)}`, number % 10 === 0 ? '' : `source-${number % 10}`), { recursive: true });
}

/** The same with files, for the libraries that watch each of them. */
function plantFiles(root, directories, each) {
  plant(root, directories);
  for (let number = 0; number < directories; number++) {
    const directory = join(root, `package-${Math.floor(number / 10)}`, number % 10 === 0 ? '' : `source-${number % 10}`);
    for (let file = 0; file < each; file++) writeFileSync(join(directory, `${file}.js`), '');
  }
}

/** Watches to paths, on a disk that has more directories than are watched: who knows no handles must walk all of it. */
async function paths(stage, tree, watches) {
  const { checks } = stage;
  const load = new Load();
  try {
    await load.addWatcher(tree, watches);
    const [pid] = load.pids.map(String);
    const disk = stage.smoke ? tree : spawnSync('stat', ['-c', '%m', tree], { encoding: 'utf8' }).stdout.trim();
    const commands = stage.commandsOf(['inotify', pid], { find: [disk, '-xdev', '-type', 'd'], ...(!stage.smoke && { 'inotify-info': [pid] }) });
    const scenario = `inotify, ${watches} watches to paths`;
    const costs = await stage.run(commands, scenario, stage.smoke ? 2 : 5);
    for (const form of ['single', 'node', 'node24']) {
      // What a walk costs depends on the disk: of the peers the one made for the same question is the measure.
      const target = stage.smoke ? undefined : form === 'single' ? 0.1 : undefined;
      checks.ratio(scenario, costs, form, 'inotify-info', 'wallMs', target);
      checks.ratio(scenario, costs, form, 'find', 'wallMs', target);
      checks.ratio(scenario, costs, form, 'find', 'cpuMs');
    }
  } finally {
    await load.end();
  }
}

/** All processes of the machine, most of them without an instance. */
async function scan(stage, tree, floor) {
  const { checks, smoke } = stage;
  const [processes, holders, each, watchers, watches] = smoke ? [50, 2, 2000, 2, 50] : [400, 10, 6000, 40, 50];
  const load = new Load();
  try {
    await load.addSleepers(processes);
    await load.addHolders(holders, each);
    for (let number = 0; number < watchers; number++) await load.addWatcher(tree, watches);
    const commands = stage.commandsOf(['inotify-limits'], { 'inotify-info': ['-s'] });
    if (floor) commands.floor = [floor];
    const scenario = `inotify-limits, ${processes + holders + watchers} processes more with ${holders * each} descriptors`;
    const costs = await stage.run(commands, scenario);
    checks.ratio(scenario, costs, 'single', 'inotify-info', 'wallMs', 1.5);
    checks.ratio(scenario, costs, 'single', 'floor', 'wallMs', costs['inotify-info'] ? undefined : 3);
    checks.ratio(scenario, costs, 'node', 'floor', 'wallMs');
  } finally {
    await load.end();
  }
}

async function demand(stage, tree, directories) {
  const scenario = `inotify-limits --for, ${directories} directories`;
  const commands = stage.commandsOf(['inotify-limits', '--for', tree], { find: [tree, '-type', 'd'] });
  const costs = await stage.run(commands, scenario, stage.smoke ? 2 : 5);
  for (const form of ['single', 'node', 'node24']) stage.checks.ratio(scenario, costs, form, 'find', 'wallMs', stage.smoke ? undefined : 1);
}

/**
 * Where files count, each must be asked by stat(2), since a file of several names is one watch: the floor is a find that does that and
 * no more, not one that only lists.
 */
async function demandOfFiles(stage, tree, directories, each) {
  const scenario = `inotify-limits --for --library chokidar5, ${directories} directories and ${directories * each} files`;
  const args = ['inotify-limits', '--for', tree, '--library', 'chokidar5'];
  const costs = await stage.run(stage.commandsOf(args, { find: [tree, '-links', '+99999'] }), scenario, stage.smoke ? 2 : 5);
  for (const form of ['single', 'node', 'node24']) stage.checks.ratio(scenario, costs, form, 'find', 'wallMs', stage.smoke ? undefined : 1.5);
}

export async function benchInotify(stage) {
  const floor = compile('inotify-floor', stage.folder);
  const [watches, directories] = stage.smoke ? [2000, 5000] : [20_000, 200_000];
  const tree = join(stage.folder, 'tree');
  stage.say(`making ${directories} directories`);
  plant(tree, directories);
  await scan(stage, tree, floor);
  await paths(stage, tree, watches);
  await demand(stage, tree, directories);
  const withFiles = join(stage.folder, 'files');
  const [many, each] = stage.smoke ? [1000, 5] : [20_000, 5];
  plantFiles(withFiles, many, each);
  await demandOfFiles(stage, withFiles, many, each);
}
