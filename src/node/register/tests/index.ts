/**
 * The preload of `assert --node`: notes which test makes each handle, and writes down what is there still when its file of tests is
 * through. Reads RELOADCTL_ASSERT, a folder; without it, does nothing.
 */
import fs from 'node:fs';
import module from 'node:module';
import path from 'node:path';
import process from 'node:process';
import timers from 'node:timers';
import { watchCreations } from '../creations.ts';
import { watchFiles } from '../files.ts';
import { listening } from '../made.ts';
import { watchPromises } from './promises.ts';
import { watchRunners } from './runners.ts';
import { letGo, type Survivor, survivors, trackAll } from './survivors.ts';

const KEY = Symbol.for('reloadctl.assert');
/** How long what was made may take to go, ms; and how often it is looked at. */
const GRACE_MS = Number(process.env.RELOADCTL_ASSERT_GRACE ?? 500);
const STEP_MS = 20;

function begin(folder: string): void {
  const { appendFileSync } = fs;
  const { setTimeout } = timers;
  const file = path.join(folder, `${process.pid}.ndjson`);
  const say = (record: object): void => {
    try {
      appendFileSync(file, `${JSON.stringify(record)}\n`, { mode: 0o600 });
    } catch {
      // The folder is gone: whoever asked has gone too.
    }
  };
  const told = new Set<string>();
  let judgedFiles = 0;
  const tell = (found: readonly Survivor[]): void => {
    judgedFiles++;
    say({ t: 'judged', pid: process.pid, runner: runners.name() ?? '', survivors: found.length });
    for (const one of found) {
      const key = JSON.stringify(one);
      if (!told.has(key)) say({ t: 'survivor', pid: process.pid, runner: runners.name() ?? '', ...one });
      told.add(key);
    }
  };
  const judge = async (): Promise<void> => {
    let found = survivors();
    for (let waited = 0; found.length > 0 && waited < GRACE_MS; waited += STEP_MS) {
      await new Promise<void>((resolve) => setTimeout(() => resolve(), STEP_MS));
      found = survivors();
    }
    tell(found);
    letGo(found.length > 0);
  };
  const runners = watchRunners(judge);
  listening.test = runners.test;
  trackAll();
  if (process.env.RELOADCTL_ASSERT_PROMISES === '1') watchPromises();
  watchCreations();
  watchFiles();
  module.syncBuiltinESMExports();
  // Ended by force before it was through: what is there now counts.
  process.once('exit', () => {
    if (runners.name() !== undefined && judgedFiles === 0) tell(survivors());
    else if (judgedFiles === 0) say({ t: 'ended', pid: process.pid });
  });
}

const folder = process.env.RELOADCTL_ASSERT;
if (folder !== undefined && folder !== '' && !(KEY in globalThis)) {
  Object.defineProperty(globalThis, KEY, { value: true, enumerable: false });
  begin(folder);
}
