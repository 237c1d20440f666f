/** `report` on a process with very many descriptors: what it costs as a whole, its page, and a tape of it. */
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { descriptorsPerProcess, Load } from '../load.mjs';
import { median } from '../measure.mjs';

const MIB = 1024 * 1024;

/**
 * What a second of it costs, in parts of a core: of two times the longer less the shorter, so that start and end are out of it. It ends with
 * 3 or by a signal, which stage.run would take for a failure.
 */
async function partOfCore(stage, commandFor, target, scenario) {
  const load = new Load();
  try {
    await load.addHolders(1, 1000);
    const [short, long] = stage.smoke ? [2, 4] : [5, 65];
    const parts = [];
    for (let round = 0; round < (stage.smoke ? 1 : 3); round++) {
      const [less, more] = [await stage.meter(commandFor(load.pids[0], short)), await stage.meter(commandFor(load.pids[0], long))];
      parts.push((more.cpuMs - less.cpuMs) / (1000 * (long - short)));
    }
    stage.checks.value(scenario, 'part of a core', 100 * median(parts), stage.smoke ? undefined : target, ' %');
  } finally {
    await load.end();
  }
}

async function benchWatches(stage, start) {
  const live = (pid, seconds) => ['script', '-qefc', `stty cols 120 rows 40; TERM=xterm ${[...start, 'fds', pid, '--watch', `${seconds}s`, '--interval', '1s', '--tui'].join(' ')}`, '/dev/null'];
  await partOfCore(stage, live, 3, 'the live view of 1000 descriptors, once a second');
  const waiting = (pid, seconds) => ['timeout', '-s', 'TERM', String(seconds), ...start, 'record', String(pid), '--when', 'fds/soft > 2', '-o', join(stage.folder, 'when'), '-q'];
  await partOfCore(stage, waiting, 0.5, 'record --when, a minute');
}

export async function benchReport(stage) {
  const { checks, smoke, contestants, folder } = stage;
  const count = smoke ? 3000 : descriptorsPerProcess();
  const load = new Load();
  try {
    await load.addHolders(1, count);
    const [pid] = load.pids;
    const scenario = `report, ${count} descriptors`;
    const page = join(folder, 'report.html');
    const costs = { ...(await stage.run(stage.commandsOf(['report', String(pid)]), scenario, smoke ? 1 : 5)) };
    const [name, start] = Object.entries(contestants.forms)[0];
    const shared = await stage.run({ html: [...start, 'report', String(pid), '--format', `html=${page}`] }, `${scenario}, as a page with pseudonyms`, smoke ? 1 : 3);
    for (const [form, each] of Object.entries(costs)) {
      checks.value(scenario, `${form}: CPU`, median(each.map(({ cpuMs }) => cpuMs)) / 1000, 2, ' s');
      const peaks = each.flatMap(({ peakKiB }) => peakKiB ?? []);
      if (peaks.length > 0) checks.value(scenario, `${form}: memory`, Math.max(...peaks) / 1024, 150, ' MiB');
    }
    checks.value(scenario, `${name}: CPU of the page with pseudonyms`, median(shared.html.map(({ cpuMs }) => cpuMs)) / 1000, 2, ' s');
    const peaksOfPage = shared.html.flatMap(({ peakKiB }) => peakKiB ?? []);
    if (peaksOfPage.length > 0) checks.value(scenario, `${name}: memory of the page with pseudonyms`, Math.max(...peaksOfPage) / 1024, 150, ' MiB');
    await benchWatches(stage, start);
    const tape = join(folder, 'report.rctl');
    spawnSync(start[0], [...start.slice(1), 'record', String(pid), '-q', '-o', tape], { stdio: 'ignore' });
    // What other programs of the namespace hold open is on it, too.
    checks.value(scenario, 'a tape of it', statSync(tape).size / MIB, 5, ' MiB');
  } finally {
    await load.end();
  }
}
