/** `gate` on this host: a real Prometheus that scrapes a real exporter and a module, the metrics of the module itself, pprof, /proc. */
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileSchema } from '../schema/support.ts';
import type { GateData } from '../../src/gate/data.ts';
import { type Child, startChild } from './support/child.ts';
import { describeNeeds } from './support/need.ts';
import { ownFolder, reloadctl } from './support/program.ts';
import { type Service, startService } from './support/service.ts';
import { until } from './support/until.ts';

const PATIENCE = { timeout: 60_000 };
const BIN = join(import.meta.dirname, '../../bin/reloadctl.js');
const validate = compileSchema();
/** Failed requests of a hundred, and how long each takes. */
const HEALTHY = { failed: 0, seconds: 0.03 };

/** What Prometheus reckons with doubles: the same up to its last digits. */
const EXACTLY = (value: number) => expect.closeTo(value, 9);

/** A module that serves 100 requests whenever it is asked for its metrics: their number is known, whoever asks how often. */
class Module {
  failed = HEALTHY.failed;
  seconds = HEALTHY.seconds;
  #ok = 0;
  #failures = 0;
  #sum = 0;
  readonly #buckets = new Map([[0.05, 0], [0.25, 0], [1, 0]]);

  restart(): void {
    this.#ok = this.#failures = this.#sum = 0;
    for (const limit of this.#buckets.keys()) this.#buckets.set(limit, 0);
  }

  text(): string {
    this.#ok += 100 - this.failed;
    this.#failures += this.failed;
    this.#sum += 100;
    for (const [limit, count] of this.#buckets) if (this.seconds <= limit) this.#buckets.set(limit, count + 100);
    const buckets = [...this.#buckets].map(([limit, count]) => `http_request_duration_seconds_bucket{le="${limit}"} ${count}\n`).join('');
    return `# TYPE http_requests_total counter\nhttp_requests_total{code="200"} ${this.#ok}\n${this.#failures > 0 ? `http_requests_total{code="503"} ${this.#failures}\n` : ''}`
      + `# TYPE http_request_duration_seconds histogram\n${buckets}http_request_duration_seconds_bucket{le="+Inf"} ${this.#sum}\nhttp_request_duration_seconds_sum 1\nhttp_request_duration_seconds_count ${this.#sum}\n`
      + 'go_goroutines 12\nprocess_open_fds 20\nprocess_max_fds 100\ngo_gc_duration_seconds{quantile="0"} 0.0001\ngo_gc_duration_seconds{quantile="1"} 0.002\n';
  }
}

async function listening(answer: (path: string) => string | undefined): Promise<{ server: Server; port: number }> {
  const server = createServer((request, response) => {
    const text = answer(request.url ?? '/');
    response.writeHead(text === undefined ? 503 : 200).end(text ?? '');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as AddressInfo).port };
}

async function gate(dir: string, policy: string, ...args: string[]): Promise<{ code: number | null; data: GateData; stderr: string; coverage: { source: string; status: string; detail?: string }[]; findings: { id: string; title: string }[] }> {
  const file = join(dir, `policy-${Math.random().toString(36).slice(2)}.yaml`);
  writeFileSync(file, policy);
  const { code, stdout, stderr } = await reloadctl(['gate', '--policy', file, '--json', ...args], { env: { XDG_STATE_HOME: dir } });
  const report = (stdout === '' ? { data: {}, coverage: [], findings: [] } : JSON.parse(stdout)) as { data: GateData; coverage: { source: string; status: string }[]; findings: { id: string; title: string }[] };
  if (stdout !== '') {
    validate(report);
    expect(validate.errors).toBeNull();
  }
  return { code, stderr, ...report };
}

const rowsOf = ({ rules }: GateData): Record<string, [string, number | null]> => Object.fromEntries(rules.map(({ name, result, value }) => [name, [result, value]]));

describeNeeds(['prometheus'], 'a gate by a real Prometheus', () => {
  const dir = ownFolder('gate');
  const shop = new Module();
  const canary = new Module();
  let isUp = true;
  let servers: { server: Server; port: number }[];
  let exporter: Child;
  let prometheus: Service;
  let url: string;
  const GATE = 'gate: {window: 4s, stale: 15s}\n';

  const count = async (query: string): Promise<number> => {
    const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(query)}`);
    if (!response.ok) return 0;
    const { data } = (await response.json()) as { data: { result: { value: [number, string] }[] } };
    return Number(data.result[0]?.value[1] ?? 0);
  };

  beforeAll(async () => {
    servers = await Promise.all([listening(() => shop.text()), listening(() => canary.text()), listening(() => (isUp ? 'http_requests_total{code="200"} 5\n' : undefined))]);
    exporter = await startChild(process.execPath, [BIN, 'exporter', '--listen', '127.0.0.1:0']);
    const own = await until(() => /http:\/\/([^/]+)/.exec(exporter.stderr())?.[1], { what: 'the exporter to listen' });
    const target = (index: number, labels: string): string => `      - {targets: ['127.0.0.1:${servers[index]!.port}'], labels: {${labels}}}\n`;
    writeFileSync(join(dir, 'prometheus.yml'), `global: {scrape_interval: 200ms, scrape_timeout: 200ms}\nscrape_configs:\n  - job_name: modules\n    static_configs:\n${target(0, 'module: shop, track: stable')}${target(1, 'module: shop, track: canary')}${target(2, 'module: idle')}  - job_name: reloadctl\n    scrape_interval: 4s\n    scrape_timeout: 4s\n    static_configs: [{targets: ['${own}']}]\n`);
    prometheus = await startService('prometheus', dir, 'TERM', (port) => [`--config.file=${dir}/prometheus.yml`, `--storage.tsdb.path=${dir}/data`, `--web.listen-address=127.0.0.1:${port}`]);
    url = `http://127.0.0.1:${prometheus.port}`;
    await until(async () => (await count('count_over_time(go_goroutines{track="stable"}[60s])')) >= 16 && (await count('count(reloadctl_processes)')) > 0, { deadlineMs: 80_000, what: 'Prometheus to have scraped' });
  }, 100_000);

  afterAll(async () => {
    for (const { server } of servers) server.close().closeAllConnections();
    await Promise.all([prometheus.stop(), exporter.stop('SIGTERM')]);
  });

  it('is GO by the published form, with every value that there is', PATIENCE, async () => {
    const { code, data } = await gate(dir, `${GATE}modules: [{name: "shop", qps_threshold: 5000, error_rate_threshold: 0.005, cooldown_seconds: 300}]`, '--prometheus', url);
    expect(rowsOf(data)).toEqual({ cooldown: ['go', null], qps: ['go', expect.any(Number)], 'error-rate': ['go', EXACTLY(0)] });
    expect(data.rules.find(({ name }) => name === 'qps')).toMatchObject({ threshold: 5000, window: '4s', samplesOf: 'requests', result: 'go' });
    // 100 at each scrape of both, five times a second where the host has the time.
    expect(data.rules.find(({ name }) => name === 'qps')!.value).toBeGreaterThan(50);
    expect([code, data.decision]).toEqual([0, 'go']);
  });

  it('knows every rule, of the exporter too', PATIENCE, async () => {
    const service = `(${await serviceNames(url)})`;
    // A busy host takes seconds to tell of itself.
    const { data } = await until(async () => {
      const answer = await gate(dir, `gate: {window: 9s, stale: 30s}\nmodules:\n  - name: shop\n    service: '${service}'\n    latency_threshold: 50ms\n    gc_pause_threshold: 10ms\n    fd_headroom_threshold: 1%\n    inotify_headroom_threshold: 0\n    goroutine_growth_threshold: 10\n    accept_queue_threshold: 1\n    slo: 0.99\n    slo_window: 5s\n    error_budget_threshold: 0.5\n    canary: {error_rate_increase_threshold: 0.01, latency_increase_threshold: 10%}\n`, '--prometheus', url);
      // A Prometheus that has just begun, on a host that is busy, has not two scrapes of everything yet.
      return answer.data.rules.every(({ name, result }) => result === 'go' || name === 'goroutine-growth' || name === 'fd-headroom') ? answer : undefined;
    }, { deadlineMs: 40_000, what: 'all rules to be known' });
    const values = rowsOf(data);
    expect(values).toMatchObject({ latency: ['go', expect.any(Number)], 'gc-pause': ['go', EXACTLY(2)], 'fd-headroom': [expect.any(String), expect.any(Number)], 'goroutine-growth': [expect.any(String), expect.toBeOneOf([0, null])], 'error-budget': ['go', EXACTLY(1)], 'canary-error-rate': ['go', EXACTLY(0)], 'canary-latency': ['go', EXACTLY(0)] });
    expect(values['fd-headroom']![1]).toBeLessThanOrEqual(0.8);
    expect(values['inotify-headroom']).toEqual(['go', expect.any(Number)]);
    expect(values['accept-queue']![1]).toBeLessThanOrEqual(1);
    expect(data.rules.filter(({ result, reason }) => result === 'no-data' && !/goroutine/.test(reason ?? '')).map(({ name }) => name).filter((name) => name !== 'goroutine-growth')).toEqual([]);
  });

  it('says NO-GO of a module that fails, and of a canary that does worse', PATIENCE, async () => {
    canary.failed = 40;
    canary.seconds = 0.5;
    const policy = `${GATE}modules: [{name: shop, error_rate_threshold: 0.05, latency_threshold: 100ms, canary: {error_rate_increase_threshold: 0.1, latency_increase_threshold: 50%}}]`;
    const { code, data, findings } = await until(async () => {
      const answer = await gate(dir, policy, '--prometheus', url);
      return answer.data.rules.every(({ result }) => result === 'no-go') ? answer : undefined;
    }, { deadlineMs: 30_000, what: 'all rules to be broken' });
    expect([code, data.decision]).toEqual([1, 'no-go']);
    expect(findings.map(({ id }) => id).sort()).toEqual(['gate/canary-error-rate', 'gate/canary-latency', 'gate/error-rate', 'gate/latency']);
    expect(findings.find(({ id }) => id === 'gate/canary-latency')?.title).toMatch(/^NO-GO shop: canary-latency is .*%, allowed is below 50%/);
    Object.assign(canary, HEALTHY);
  });

  it('says NO-DATA where there is none: nothing counted, no series, several series, no longer scraped, nobody there', PATIENCE, async () => {
    const idle = await gate(dir, `${GATE}modules: [{name: idle, error_rate_threshold: 0.01}]`, '--prometheus', url);
    expect([idle.code, idle.data.rules[0]?.reason]).toEqual([3, 'NaN: nothing was counted (0 of 0)']);
    const none = await gate(dir, `${GATE}modules: [{name: nobody, qps_threshold: 100}]`, '--prometheus', url);
    expect([none.code, none.data.rules[0]?.reason]).toEqual([3, expect.stringMatching(/^empty: /)]);
    const several = await gate(dir, `${GATE}modules: [{name: shop, qps_threshold: 100, queries: {qps: 'rate(http_requests_total{module="$module"}[$window])'}}]`, '--prometheus', url);
    expect([several.code, several.data.rules[0]?.reason]).toEqual([3, expect.stringMatching(/^several series \(\d+\)/)]);
    isUp = false;
    const stale = await until(async () => {
      const answer = await gate(dir, `${GATE}modules: [{name: idle, qps_threshold: 100}]`, '--prometheus', url);
      return answer.data.rules[0]?.result === 'no-data' ? answer : undefined;
    }, { deadlineMs: 20_000, what: 'the module to be stale' });
    expect([stale.code, stale.data.rules[0]?.reason]).toEqual([3, expect.stringMatching(/^(stale: it was scraped within the window|empty)/)]);
    const gone = await gate(dir, 'modules: [{name: shop, qps_threshold: 100}]', '--prometheus', 'http://127.0.0.1:1');
    expect([gone.code, gone.data.decision, gone.coverage.find(({ status }) => status !== 'ok')?.detail]).toEqual([3, 'no-data', expect.stringContaining('connection refused')]);
  });

  it('proven over its threshold beats what is not known', PATIENCE, async () => {
    const { code, data } = await gate(dir, `${GATE}modules: [{name: shop, qps_threshold: 1, error_rate_threshold: 0.5, queries: {error_rate: 'vector(NaN)'}}]`, '--prometheus', url);
    expect([code, rowsOf(data)]).toEqual([1, { qps: ['no-go', expect.any(Number)], 'error-rate': ['no-data', null] }]);
  });

  it('names the place of a query that Prometheus does not take', PATIENCE, async () => {
    const { code, stderr } = await gate(dir, 'modules:\n  - name: shop\n    qps_threshold: 1\n    queries:\n      qps: sum(rate(x[5m])\n', '--prometheus', url);
    expect([code, stderr]).toEqual([2, expect.stringMatching(/policy-\w+\.yaml:5:12: Prometheus does not take this query: bad_data: .*parse error/)]);
  });
});

/** Services that the exporter tells of, as one pattern. */
async function serviceNames(url: string): Promise<string> {
  const response = await fetch(`${url}/api/v1/query?query=${encodeURIComponent('reloadctl_listen_queue')}`);
  const { data } = (await response.json()) as { data: { result: { metric: { service?: string } }[] } };
  return [...new Set(data.result.map(({ metric }) => (metric.service ?? '').replace(/[\\^$.*+?()[\]{}|']/g, '.')))].join('|');
}

describe('a gate by the metrics of the module itself', () => {
  const dir = ownFolder('gate-metrics');
  const module = new Module();
  let served: { server: Server; port: number };
  let url: string;
  const ask = (policy: string) => gate(dir, policy, '--metrics', url, '--sample', '100ms');

  beforeAll(async () => {
    served = await listening(() => module.text());
    url = `http://user:geheim@127.0.0.1:${served.port}/metrics?token=geheim`;
  });

  afterAll(() => {
    served.server.close();
  });

  it('scrapes twice, and tells no password', PATIENCE, async () => {
    const { code, data, coverage } = await ask('modules: [{name: web, qps_threshold: 100000, error_rate_threshold: 0.05, latency_threshold: 50ms, gc_pause_threshold: 3ms, fd_headroom_threshold: 80%, min_requests: 100}]');
    expect(rowsOf(data)).toEqual({ qps: ['go', expect.any(Number)], 'error-rate': ['go', 0], latency: ['go', expect.closeTo(49.5, 1)], 'gc-pause': ['go', EXACTLY(2)], 'fd-headroom': ['go', 0.8] });
    expect(data.rules.find(({ name }) => name === 'error-rate')).toMatchObject({ samples: 100, samplesOf: 'requests' });
    expect(code).toBe(0);
    expect(JSON.stringify([data, coverage])).not.toContain('geheim');
  });

  it('has few requests, and says whether that is enough', PATIENCE, async () => {
    const few = await ask('modules: [{name: web, error_rate_threshold: 0.005}]');
    expect([few.code, few.data.rules[0]?.reason]).toEqual([3, '100 of at least 200 requests: too few to say']);
    module.failed = 20;
    const many = await ask('modules: [{name: web, error_rate_threshold: 0.005}]');
    expect([many.code, many.data.rules[0]]).toEqual([1, expect.objectContaining({ result: 'no-go', value: 0.2, reason: expect.stringContaining('no chance') })]);
    module.failed = 0;
  });

  it('waits until GO', PATIENCE, async () => {
    module.failed = 50;
    const asking = gate(dir, 'modules: [{name: web, error_rate_threshold: 0.02}]', '--metrics', url, '--sample', '100ms', '--wait', '50s');
    const before = module.text().length;
    await until(() => module.text().length !== before, { what: 'it to be asked' });
    module.failed = 0;
    const { code, data } = await asking;
    expect([code, data.decision]).toEqual([0, 'go']);
  });
});

describe('a cool-down', () => {
  const dir = ownFolder('gate-cooldown');
  const POLICY = 'modules: [{name: web, cooldown_seconds: 300}, {name: api, cooldown: 5m}]';

  it('starts with a reload that was noted, and not with GO', PATIENCE, async () => {
    for (let time = 0; time < 2; time++) expect((await gate(dir, POLICY)).code).toBe(0);
    const noted = await gate(dir, POLICY, '--module', 'web', '--record');
    expect([noted.code, noted.data.recorded]).toEqual([0, { module: 'web', at: expect.any(String), file: join(dir, 'reloadctl/reloads.jsonl') }]);
    const { code, data } = await gate(dir, POLICY);
    expect([code, data.modules]).toEqual([1, [{ name: 'web', decision: 'no-go' }, { name: 'api', decision: 'go' }]]);
    expect(data.rules[0]).toMatchObject({ result: 'no-go', threshold: 300, reason: expect.stringContaining('to go') });
  });

  it('ends', PATIENCE, async () => {
    await gate(dir, 'modules: [{name: quick, cooldown: 1s}]', '--record');
    const { code, data } = await gate(dir, 'modules: [{name: quick, cooldown: 1s}]', '--wait', '30s');
    expect([code, data.decision]).toEqual([0, 'go']);
  });
});

describeNeeds(['root'], 'a gate by /proc', () => {
  const dir = ownFolder('gate-pid');

  it('looks at descriptors, inotify and queues of a process', PATIENCE, async () => {
    const served = await listening(() => '');
    const { data } = await gate(dir, 'modules: [{name: web, fd_headroom_threshold: 10%, inotify_headroom_threshold: 0, accept_queue_threshold: 0.5}]', '--pid', String(process.pid));
    expect(rowsOf(data)).toEqual({ 'fd-headroom': ['go', expect.any(Number)], 'inotify-headroom': ['go', expect.any(Number)], 'accept-queue': ['go', 0] });
    served.server.close();
  });

  it('of a process that is not there has no data', PATIENCE, async () => {
    const { code, data } = await gate(dir, 'modules: [{name: web, fd_headroom_threshold: 10%}]', '--pid', '4194303');
    expect([code, data.rules[0]?.reason]).toEqual([3, expect.stringContaining('no such process')]);
  });
});
