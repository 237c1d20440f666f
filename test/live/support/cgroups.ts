/** Processes in groups of a hierarchy that is made for the test, as systemd and engines of containers make them. */
import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { type Child, startChild } from './child.ts';
import { until } from './until.ts';

/** What no other test run calls its own. */
export const ownName = `${process.pid}-${Math.random().toString(36).slice(2, 6)}`;

/** Roots of hierarchies of which /proc/PID/cgroup tells units: v2, and the named one of v1. */
function roots(): string[] {
  return readFileSync('/proc/self/mounts', 'latin1')
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , type, options]) => type === 'cgroup2' || (type === 'cgroup' && options?.split(',').includes('name=systemd')))
    .map(([, path]) => path!);
}

const made: string[] = [];
let children: Child[] = [];

/** To be called behind each test, or behind all: ends the processes of `sleepIn`, and removes what was made, once whoever was moved there has ended. */
export async function endGroups(): Promise<void> {
  await Promise.all(children.map((child) => child.stop('SIGKILL')));
  children = [];
  for (const folder of made.splice(0).reverse()) await until(() => removed(folder), { what: `${folder} to be empty` });
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

/** `sleep` moved to the group of this path in every hierarchy. */
export async function sleepIn(path: string): Promise<number> {
  const child = await startChild('sleep', ['100']);
  children.push(child);
  moveTo(path, child.pid);
  expect(readFileSync(`/proc/${child.pid}/cgroup`, 'latin1')).toContain(path);
  return child.pid;
}

function writable(): boolean {
  try {
    for (const root of roots()) {
      const folder = join(root, `reloadctl-${ownName}`);
      mkdirSync(folder);
      rmdirSync(folder);
    }
    return roots().length > 0;
  } catch {
    return false;
  }
}

/** Whether groups can be made here. Throws where they must be, and says it else. */
export function needGroups(): boolean {
  const usable = writable();
  if (!usable && process.env.RELOADCTL_TEST_REQUIRE === 'all') throw new Error('needs a cgroup hierarchy to write to');
  if (!usable) process.stderr.write('skipped: needs a cgroup hierarchy to write to\n');
  return usable;
}

