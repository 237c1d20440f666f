/** Processes of a given name. */
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type Child, startChild } from './child.ts';
import { until } from './until.ts';

/** Sleeps under this name (15 bytes at most, no slash); the kernel takes it from the path that is executed. */
export async function named(folder: string, name: string): Promise<Child> {
  const path = join(folder, name);
  symlinkSync('/bin/sleep', path);
  const child = await startChild(path, ['120']);
  await until(() => readFileSync(`/proc/${child.pid}/comm`, 'utf8') === `${name}\n`, { what: `a process named ${name}` });
  return child;
}
