/** Control groups made for a test: where systemd is not at work, a unit is no more than the path of one. */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach } from 'vitest';
import { until } from './until.ts';

const made: string[] = [];

/** Groups are removed when their processes have ended, which whoever started them sees to before. */
afterEach(async () => {
  for (const folder of made.splice(0).reverse()) await until(() => removed(folder), { what: `${folder} to be empty` });
});

/** Roots of hierarchies of which /proc/PID/cgroup tells units: v2, and the named one of v1. */
function roots(): string[] {
  return readFileSync('/proc/self/mounts', 'latin1')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , type, options]) => type === 'cgroup2' || (type === 'cgroup' && options?.split(',').includes('name=systemd')))
    .map(([, path]) => path!);
}

function removed(folder: string): boolean {
  try {
    rmdirSync(folder);
    return true;
  } catch {
    return false; // the kernel lets a process go from its group a moment after its end
  }
}

/** Makes the folders of `path` below `root` that are not there. */
function makeGroup(root: string, path: string): string {
  let folder = root;
  for (const part of path.split('/')) {
    folder = join(folder, part);
    try {
      mkdirSync(folder);
      made.push(folder);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  }
  return folder;
}

/** Puts a process into the group of this path in every hierarchy. */
export function moveTo(path: string, pid: number): void {
  for (const root of roots()) writeFileSync(join(makeGroup(root, path), 'cgroup.procs'), String(pid));
}

/** Whether groups can be made here. Throws where they must be, and says it else. */
export function needGroups(): boolean {
  const usable = writable(`reloadctl-probe-${process.pid}`);
  if (!usable && process.env.RELOADCTL_TEST_REQUIRE === 'all') throw new Error('needs a cgroup hierarchy to write to');
  if (!usable) process.stderr.write('skipped: needs a cgroup hierarchy to write to\n');
  return usable;
}

function writable(name: string): boolean {
  try {
    for (const root of roots()) {
      mkdirSync(join(root, name));
      rmdirSync(join(root, name));
    }
    return roots().length > 0;
  } catch {
    return false;
  }
}
