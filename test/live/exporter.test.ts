/** `exporter` on this host: scraped by a real Prometheus, checked by promtool, asked by many at once, refused where it must be. */
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { serviceOf } from '../../src/exporter/services.ts';
import { type Child, plainEnv, startChild } from './support/child.ts';
import { openFds } from './support/kernel.ts';
import { describeNeeds } from './support/need.ts';
import { ownFolder, PYTHON, reloadctl } from './support/program.ts';
import { startService } from './support/service.ts';
import { until } from './support/until.ts';

const PATIENCE = { timeout: 60_000 };
const BIN = join(import.meta.dirname, '../../bin/reloadctl.js');
const RULES = join(import.meta.dirname, '../../deploy/prometheus/reloadctl.rules.yml');
const DASHBOARD = join(import.meta.dirname, '../../deploy/grafana/reloadctl.json');
/** Opens files up to so many of 100, says so, and ends with its stdin. */
const HOLDER = 'import resource, sys\nresource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))\nheld = [open("/dev/null") for _ in range(int(sys.argv[1]) - 3)]\nprint("ready", flush=True)\nsys.stdin.read()';

/** A program of a name that no other has. @returns its label */
async function startHolder(dir: string, name: string, open: number): Promise<{ child: Child; service: string }> {
  // A second try of a test finds it there.
  rmSync(join(dir, name), { force: true });
  symlinkSync(PYTHON, join(dir, name));
  const child = await startChild(join(dir, name), ['-c', HOLDER, String(open)]);
  await child.nextLine();
  return { child, service: serviceOf(name, readFileSync(`/proc/${child.pid}/cgroup`, 'latin1')) };
}

async function startExporter(args: string[] = []): Promise<{ child: Child; url: string }> {
  const child = await startChild(process.execPath, [BIN, 'exporter', '--listen', '127.0.0.1:0', ...args]);
  const url = await until(() => /http:\/\/\S+/.exec(child.stderr())?.[0], { what: 'the exporter to listen' });
  return { child, url };
}

/** Value of a sample; undefined where there is none. */
function sampleOf(text: string, name: string, labels: Record<string, string> = {}): number | undefined {
  for (const line of text.split('\n')) {
    const match = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match?.[1] === name && Object.entries(labels).every(([key, value]) => match[2]?.includes(`${key}="${value}"`))) return Number(match[3]);
  }
  return undefined;
}

const textOf = async (url: string, accept = '*/*'): Promise<string> => (await fetch(url, { headers: { accept } })).text();

describeNeeds(['python3'], 'the exporter', () => {
  const dir = ownFolder('exporter');
  let exporter: { child: Child; url: string };
  let full: { child: Child; service: string };

  beforeAll(async () => {
    full = await startHolder(dir, 'rx-full', 95);
    exporter = await startExporter();
  });

  it('counts what a process has open, by kind and by its limit', PATIENCE, async () => {
    const text = await textOf(exporter.url);
    const { service } = full;
    if (service === 'rx-full') expect(sampleOf(text, 'reloadctl_process_open_fds', { service })).toBe(openFds(full.child.pid).length);
    expect(sampleOf(text, 'reloadctl_process_fd_limit_ratio', { service })).toBeGreaterThanOrEqual(0.95);
    expect(sampleOf(text, 'reloadctl_process_fds', { service, kind: 'device' })).toBeGreaterThanOrEqual(92);
    expect(sampleOf(text, 'reloadctl_findings', { id: 'fd/near-limit' })).toBeGreaterThanOrEqual(1);
    expect(text).not.toContain(String(full.child.pid));
  });

  it('is asked by many at once, collects once, and holds nothing afterwards', PATIENCE, async () => {
    const before = sampleOf(await textOf(exporter.url), 'reloadctl_collections_total')!;
    const fds = openFds(exporter.child.pid).length;
    const texts = await Promise.all(Array.from({ length: 30 }, () => textOf(exporter.url)));
    const counts = new Set(texts.map((text) => sampleOf(text, 'reloadctl_collections_total')!));
    // Some may come when the first answer is a second old.
    expect(counts.size).toBeLessThanOrEqual(2);
    expect(Math.max(...counts)).toBeLessThanOrEqual(before + 2);
    await until(() => openFds(exporter.child.pid).length <= fds, { what: 'connections to be closed' });
  });

  it('answers in the words of who asks, and other questions not', PATIENCE, async () => {
    const open = await fetch(exporter.url, { headers: { accept: 'application/openmetrics-text; version=1.0.0' } });
    expect(open.headers.get('content-type')).toContain('application/openmetrics-text');
    expect((await open.text()).endsWith('# EOF\n')).toBe(true);
    expect((await fetch(exporter.url, { method: 'POST' })).status).toBe(405);
    expect((await fetch(new URL('/etc/passwd', exporter.url))).status).toBe(404);
    expect((await fetch(exporter.url, { method: 'HEAD' })).status).toBe(200);
  });

  it('cannot listen where another does: exit 2, and how to see who', PATIENCE, async () => {
    const { host } = new URL(exporter.url);
    const { code, stderr } = await reloadctl(['exporter', '--listen', host]);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/is taken: another program listens there[\s\S]*reloadctl listen :\d+/)]);
  });

  it('keeps the number of series bounded', PATIENCE, async () => {
    const { stdout } = await reloadctl(['exporter', '--once', '--max-services', '1']);
    const services = new Set([...stdout.matchAll(/^reloadctl_processes\{service="([^"]*)"\}/gm)].map(([, name]) => name));
    expect(services.size).toBe(2);
    expect(services.has('other')).toBe(true);
  });

  it('writes a textfile whole, for others to read, and says when it cannot', PATIENCE, async () => {
    const file = join(dir, 'reloadctl.prom');
    const { code, stdout } = await reloadctl(['exporter', '--textfile', file, '--once']);
    expect([code, stdout]).toEqual([0, expect.stringContaining(' samples to ')]);
    expect(statSync(file).mode & 0o777).toBe(0o644);
    expect(readFileSync(file, 'utf8')).toContain('reloadctl_last_run_timestamp_seconds');
    const wrong = await reloadctl(['exporter', '--textfile', join(dir, 'none/reloadctl.prom'), '--once']);
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining('none/reloadctl.prom')]);
    mkdirSync(join(dir, 'folder.prom'));
    expect((await reloadctl(['exporter', '--textfile', join(dir, 'folder.prom'), '--once'])).code).toBe(2);
    expect(readdirSync(dir).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('ends by a signal, and its port is free', PATIENCE, async () => {
    const { child, url } = await startExporter();
    await textOf(url);
    await child.stop('SIGTERM');
    await expect(fetch(url)).rejects.toThrow();
    expect(child.stderr()).not.toMatch(/Error|at /);
  });

  afterAll(async () => {
    await exporter.child.stop('SIGTERM');
    await full.child.stop();
  });
});

describe('sent by OTLP', () => {
  let server: Server;
  let answers: number[];
  const bodies: { resourceMetrics: { scopeMetrics: { metrics: { name: string; sum?: object; gauge?: { dataPoints: object[] } }[] }[] }[] }[] = [];

  beforeAll(async () => {
    server = createServer(async (request: IncomingMessage, response) => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      if (request.url === '/v1/metrics') bodies.push(JSON.parse(Buffer.concat(parts).toString()));
      response.writeHead(answers.shift() ?? 200).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  it('is what is scraped, tried again while it is refused, and told once', PATIENCE, async () => {
    answers = [503, 503];
    const child = await startChild(process.execPath, [BIN, 'exporter', '--otlp', `http://127.0.0.1:${(server.address() as AddressInfo).port}`, '--interval', '20ms']);
    await until(() => child.stderr().includes('again: it works after 2 failures'), { deadlineMs: 30_000, what: 'it to be sent' });
    expect(child.stderr().match(/nothing is sent to .*it answers 503/g)).toHaveLength(1);
    const { metrics } = bodies.at(-1)!.resourceMetrics[0]!.scopeMetrics[0]!;
    expect(metrics.find(({ name }) => name === 'reloadctl_collections')?.sum).toMatchObject({ isMonotonic: true, aggregationTemporality: 2 });
    expect(metrics.find(({ name }) => name === 'reloadctl_processes')?.gauge?.dataPoints[0]).toMatchObject({ asDouble: expect.any(Number), attributes: [{ key: 'service', value: { stringValue: expect.any(String) } }] });
    await child.stop('SIGTERM');
  });

  afterAll(() => {
    server.close();
  });
});

describeNeeds(['root', 'python3'], 'the exporter without rights', () => {
  it('leaves out what it cannot see', PATIENCE, async () => {
    const { stdout } = await reloadctl(['exporter', '--once'], { uid: 65534 });
    expect(sampleOf(stdout, 'reloadctl_processes_unseen')).toBeGreaterThan(0);
    expect(sampleOf(stdout, 'reloadctl_host_open_files')).toBeGreaterThan(0);
    expect(sampleOf(stdout, 'reloadctl_scrape_ok')).toBe(0);
    expect(stdout).toMatch(/^reloadctl_coverage_gap\{source="kinds of descriptors",status="(?:denied|partial)"\} 1$/m);
  });
});

describeNeeds(['root', 'setpriv'], 'the exporter as root of a container', () => {
  /** What engines give it: it may list descriptors of others, and not look at them. */
  const contained = (...args: string[]) => spawnSync('setpriv', ['--bounding-set=-all,+dac_override', '--inh-caps=-all', process.execPath, BIN, ...args], { encoding: 'utf8', env: plainEnv() });

  it('says of what it may list and not see that it is unseen, and so does listen', PATIENCE, async () => {
    const other = await startChild('setpriv', ['--reuid=65534', '--clear-groups', '/bin/sleep', '120']);
    await until(() => readFileSync(`/proc/${other.pid}/comm`, 'utf8') === 'sleep\n', { what: 'the program of another user' });
    const { stdout } = contained('exporter', '--once');
    expect(sampleOf(stdout, 'reloadctl_processes_unseen')).toBeGreaterThan(0);
    expect(sampleOf(stdout, 'reloadctl_scrape_ok')).toBe(0);
    expect(sampleOf(stdout, 'reloadctl_coverage_gap', { source: 'kinds of descriptors' })).toBe(1);
    // Nothing found where not all was seen is no 0.
    expect(sampleOf(stdout, 'reloadctl_findings_by_severity', { severity: 'info' })).not.toBe(0);
    const { status, stdout: said } = contained('listen', String(other.pid));
    await other.stop();
    expect([status, said]).toEqual([3, expect.stringContaining('no listener seen')]);
  });
});

describeNeeds(['prometheus', 'promtool', 'python3'], 'a real Prometheus', () => {
  const dir = ownFolder('prometheus');

  it('takes the metrics and the rules as they are', PATIENCE, async () => {
    const { stdout } = await reloadctl(['exporter', '--once']);
    expect(spawnSync('promtool', ['check', 'metrics'], { input: stdout, encoding: 'utf8' })).toMatchObject({ status: 0, stdout: '' });
    expect(spawnSync('promtool', ['test', 'rules', RULES.replace('.rules.', '.rules.test.')], { encoding: 'utf8' })).toMatchObject({ status: 0 });
  });

  it('scrapes, and its alert fires for the process at its limit, not for the other', PATIENCE, async () => {
    const [full, fine] = await Promise.all([startHolder(dir, 'rx-at-limit', 97), startHolder(dir, 'rx-fine', 40)]);
    const exporter = await startExporter();
    // What takes minutes there takes none here.
    writeFileSync(join(dir, 'rules.yml'), readFileSync(RULES, 'utf8').replaceAll(/for: \w+/g, 'for: 0s'));
    writeFileSync(join(dir, 'prometheus.yml'), `global: {scrape_interval: 1s, evaluation_interval: 1s}\nrule_files: [rules.yml]\nscrape_configs:\n  - job_name: reloadctl\n    scrape_timeout: 1s\n    static_configs: [{targets: ['${new URL(exporter.url).host}']}]\n`);
    const prometheus = await startService('prometheus', dir, 'TERM', (port) => [`--config.file=${dir}/prometheus.yml`, `--storage.tsdb.path=${dir}/data`, `--web.listen-address=127.0.0.1:${port}`]);
    const alerts = await until(async () => {
      const response = await fetch(`http://127.0.0.1:${prometheus.port}/api/v1/alerts`);
      // Not ready yet.
      if (!response.ok) return undefined;
      const answer = (await response.json()) as { data: { alerts: { labels: Record<string, string>; state: string }[] } };
      const firing = answer.data.alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels);
      return firing.some(({ alertname, service }) => alertname === 'DescriptorsNearLimit' && service === full.service) ? firing : undefined;
    }, { deadlineMs: 50_000, what: 'the alert to fire' });
    if (fine.service !== full.service) expect(alerts.filter(({ service }) => service === fine.service)).toEqual([]);
    expect(alerts.filter(({ alertname }) => ['ReloadctlStale', 'ReloadctlDown'].includes(alertname!))).toEqual([]);
    const { panels } = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as { panels: { targets?: { expr: string }[] }[] };
    const answers = panels.flatMap(({ targets = [] }) => targets).map(async ({ expr }) => [expr, (await fetch(`http://127.0.0.1:${prometheus.port}/api/v1/query?query=${encodeURIComponent(expr.replaceAll('$instance', '.+'))}`)).status]);
    for (const answer of await Promise.all(answers)) expect(answer).toEqual([answer[0], 200]);
    await Promise.all([prometheus.stop(), exporter.child.stop('SIGTERM'), full.child.stop(), fine.child.stop()]);
  });
});
