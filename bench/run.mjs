// npm run bench [-- --smoke] [wing...]: reloadctl against its peers and the floor, in one run on one machine, as ratios.
// Whole processes are measured. Exit 1 when a target is missed; --smoke takes less than a minute on a machine with
// other work: it judges ratios by three times their targets, times by ten;
// --markdown prints the table for README. Names of wings (fds, memory, ...) choose among them.
import { mkdtempSync, rmSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Checks } from './checks.mjs';
import { findContestants } from './contestants.mjs';
import { openMeter } from './measure.mjs';
import { Stage } from './stage.mjs';
import { benchAssert } from './wings/assert.mjs';
import { benchDrill } from './wings/drill.mjs';
import { benchExporter } from './wings/exporter.mjs';
import { benchFds } from './wings/fds.mjs';
import { benchGoroutines } from './wings/goroutines.mjs';
import { benchInherit } from './wings/inherit.mjs';
import { benchInotify } from './wings/inotify.mjs';
import { benchListen } from './wings/listen.mjs';
import { benchMemory } from './wings/memory.mjs';
import { benchNode } from './wings/node.mjs';
import { benchRecording } from './wings/recording.mjs';
import { benchReport } from './wings/report.mjs';
import { benchStrace } from './wings/strace.mjs';

const WINGS = { fds: benchFds, inherit: benchInherit, inotify: benchInotify, listen: benchListen, goroutines: benchGoroutines, memory: benchMemory, strace: benchStrace, recording: benchRecording, node: benchNode, report: benchReport, exporter: benchExporter, assert: benchAssert, drill: benchDrill };

const smoke = process.argv.includes('--smoke');
const markdown = process.argv.includes('--markdown');
const named = process.argv.slice(2).filter((argument) => !argument.startsWith('--'));

function say(text) {
  process.stderr.write(`bench: ${text}\n`);
}

function machine() {
  const [{ model }] = cpus();
  return `${cpus().length} CPUs (${model.trim()}), Linux ${release()}, Node ${process.versions.node}`;
}

const folder = mkdtempSync(join(tmpdir(), 'reloadctl-bench-'));
try {
  const unknown = named.find((name) => !Object.hasOwn(WINGS, name));
  if (unknown) throw new Error(`no wing ${unknown}: there are ${Object.keys(WINGS).join(', ')}`);
  const meter = openMeter(folder);
  if (!meter) throw new Error('neither cc nor bash is there to measure with');
  const contestants = findContestants(folder, say);
  // The first run of a new Node keeps the code that it compiled: every later one is what users wait for.
  for (const start of Object.values(contestants.forms)) spawnSync(start[0], [...start.slice(1), 'fds', String(process.pid)], { stdio: 'ignore' });
  const checks = new Checks(smoke ? 3 : 1, smoke ? 10 : 1);
  const stage = new Stage({ meter, contestants, checks, folder, smoke, quiet: markdown, say });
  for (const [name, bench] of Object.entries(WINGS)) if (named.length === 0 || named.includes(name)) await bench(stage);
  process.stdout.write(`${markdown ? `${machine()}\n\n${checks.toMarkdown()}` : checks}\n`);
  if (checks.missed > 0) say(`${checks.missed} missed${smoke ? ' by far' : ''}`);
  process.exitCode = checks.missed > 0 ? 1 : 0;
} catch (error) {
  say(error.message);
  process.exitCode = 2;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
