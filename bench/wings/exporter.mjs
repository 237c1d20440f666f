/** `exporter` as a fleet runs it: what one scrape costs with 300 processes on the host, and whether it grows with the number of scrapes. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Load } from '../load.mjs';
import { median } from '../measure.mjs';

const PROCESSES = 300;
/** As many as a small server has. */
const EACH = 20;
/** USER_HZ: /proc/PID/stat counts hundredths of a second. */
const TICK_MS = 10;
/** What comes first is compiled, and kept. */
const WARM = 100;
/** Beside them the memory is watched: it is a matter of collections, and not of how many processes each sees. */
const WATCHED_WITH = 30;

/** Of a process and all it started, those that have ended included. */
function cpuMs(pid) {
  let ticks = 0;
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const fields = readFileSync(`/proc/${name}/stat`, 'latin1').replace(/^.*\) /s, '').split(' ').map(Number);
      // proc_pid_stat(5): fields 4, 14 to 17.
      if (Number(name) === pid || fields[1] === pid) ticks += fields[11] + fields[12] + fields[13] + fields[14];
    } catch {
      // Gone meanwhile.
    }
  }
  return ticks * TICK_MS;
}

function residentMiB(pid) {
  return Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))[1]) / 1024;
}

/** Each scrape is a collection of its own: what was collected a moment ago is else given again. */
async function start(form) {
  const child = spawn(form[0], [...form.slice(1), 'exporter', '--listen', '127.0.0.1:0', '--interval', '1ms'], { stdio: ['ignore', 'ignore', 'pipe'] });
  for await (const line of createInterface({ input: child.stderr })) {
    const url = /http:\/\/\S+/.exec(line)?.[0];
    if (url) return { pid: child.pid, url, end: () => endOf(child) };
  }
  throw new Error('the exporter does not listen');
}

function endOf(child) {
  const ended = new Promise((resolve) => child.on('exit', resolve));
  child.kill();
  return ended;
}

async function scrape(url) {
  const response = await fetch(url);
  const text = await response.text();
  if (response.status !== 200) throw new Error(`the exporter answers ${response.status}`);
  return Number(/^reloadctl_collections_total (\d+)$/m.exec(text)[1]);
}

export async function benchExporter(stage) {
  const { checks, contestants, smoke } = stage;
  const load = new Load();
  const exporters = [];
  try {
    await load.addSleepers(PROCESSES, EACH);
    for (const [name, form] of Object.entries(contestants.forms)) exporters.push({ name, ...(await start(form)) });
    await scrapeInTurns(exporters, smoke ? 3 : WARM);
    const rounds = smoke ? 1 : 9;
    const each = smoke ? 6 : 20;
    const costs = new Map(exporters.map(({ name }) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const { name, pid, url } of exporters) {
        const [before, first] = [cpuMs(pid), await scrape(url)];
        let last = first;
        for (let number = 0; number < each; number++) last = await scrape(url);
        costs.get(name).push((cpuMs(pid) - before) / (last - first + 1));
      }
    }
    for (const { name } of exporters) checks.value(`exporter, ${PROCESSES} processes`, `${name}, CPU of one scrape`, median(costs.get(name)), 150, ' ms');
    await load.end();
    await load.addSleepers(WATCHED_WITH, EACH);
    await watchMemory(exporters, smoke, checks);
  } finally {
    await Promise.all(exporters.map(({ end }) => end()));
    await load.end();
  }
}

async function scrapeInTurns(exporters, times, look = () => undefined) {
  for (let number = 0; number < times; number++) {
    for (const exporter of exporters) {
      await scrape(exporter.url);
      look(exporter);
    }
  }
}

/** Collections of garbage make it go up and down: the least of the first tenth beside the least of the last. */
async function watchMemory(exporters, smoke, checks) {
  const scrapes = smoke ? 20 : 1000;
  const seen = new Map(exporters.map(({ name }) => [name, []]));
  await scrapeInTurns(exporters, scrapes, ({ name, pid }) => seen.get(name).push(residentMiB(pid)));
  const part = Math.ceil(scrapes / 10);
  for (const [name, sizes] of seen) {
    const [first, last] = [Math.min(...sizes.slice(0, part)), Math.min(...sizes.slice(-part))];
    checks.value(`exporter, ${scrapes} scrapes`, `${name}, memory after / before`, last / first, smoke ? undefined : 1.15);
    checks.value(`exporter, ${scrapes} scrapes`, `${name}, most memory`, Math.max(...sizes), undefined, ' MiB');
  }
}
