/** What servers of HTTP answer, wrong and right, as fixtures. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Measured } from '../../src/gate/model.ts';
import { planOf } from '../../src/gate/rule-table.ts';
import { endpointOf } from '../../src/gate/sources/endpoint.ts';
import { metricsSource } from '../../src/gate/sources/metrics.ts';
import { pprofSource } from '../../src/gate/sources/pprof.ts';
import { prometheusSource } from '../../src/gate/sources/prometheus.ts';
import { UserError } from '../../src/kernel/user-error.ts';
import { readGatePolicy } from '../../src/policy/index.ts';

type Answer = (url: URL, response: ServerResponse) => string | undefined;
let answer: Answer = () => '';
const asked: string[] = [];
const server = createServer((request, response) => {
  const url = new URL(request.url ?? '/', 'http://x');
  asked.push(`${url.pathname} ${url.searchParams.get('query') ?? ''}`);
  const text = answer(url, response);
  if (text !== undefined) response.end(text);
});
let base: string;
const now = () => 1_700_000_000_000;
const asking = { signal: new AbortController().signal, timeoutMs: 300 };
let time = 0;
const clock = { now: () => time, pause: async (ms: number) => void (time += ms) };

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://user:geheim@127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

const moduleOf = (text: string) => readGatePolicy(`modules:\n  - {name: web, ${text}}\n`, 'p.yaml').modules[0]!;

async function byPrometheus(respond: Answer, policy = 'qps_threshold: 500', path = ''): Promise<Measured> {
  answer = respond;
  asked.length = 0;
  const module = moduleOf(policy);
  const [rule] = planOf(module);
  return (await prometheusSource(await endpointOf('--prometheus', `${base}${path}`, {}), module, asking, now).measure([rule!])).get(rule!.name)!;
}

const vector = (...result: object[]) => JSON.stringify({ status: 'success', data: { resultType: 'vector', result } });
const point = (value: string, at = 1_700_000_000, metric: object = {}) => ({ metric, value: [at, value] });
const isFacts = (url: URL) => url.searchParams.get('query')!.startsWith('label_replace');
const facts = (values: Record<string, string>) => vector(...Object.entries(values).map(([name, value]) => point(value, 1_700_000_000, { reloadctl: name })));
const FRESH = { age: '3', requests: '1200.4', scrapes: '8' };
const told = (value: string, known: Record<string, string> = FRESH): Answer => (url) => (isFacts(url) ? facts(known) : vector(point(value)));

describe('the query API', () => {
  it('tells a value and how many requests it is of', async () => {
    expect(await byPrometheus(told('10'))).toEqual({ value: 10, samples: 1200, of: 'requests', windowMs: 120_000, source: expect.not.stringContaining('geheim') });
    expect(asked[0]).toBe('/api/v1/query sum(rate(http_requests_total{module="web"}[2m]))');
    expect(await byPrometheus((url) => (isFacts(url) ? vector() : JSON.stringify({ status: 'success', data: { resultType: 'scalar', result: [1_700_000_000, '7'] } })), undefined, '/prometheus/')).toMatchObject({ value: 7, samples: null });
    expect(asked[0]).toMatch(/^\/prometheus\/api\/v1\/query /);
  });

  it.each<[string, Answer, RegExp]>([
    ['NaN', told('NaN'), /^NaN: /],
    ['infinite', told('+Inf'), /^\+Inf is no measurement/],
    ['empty', (url) => (isFacts(url) ? vector() : vector()), /^empty: /],
    ['several series', (url) => (isFacts(url) ? facts(FRESH) : vector(point('1'), point('2'))), /^several series \(2\)/],
    ['stale: an old sample', told('1', { ...FRESH, age: '100' }), /^stale: the last sample is 1 min 40 s old/],
    ['stale: scraped no more', told('1', { requests: '5', scrapes: '8' }), /^stale: it was scraped within the window/],
    ['stale: an old answer', (url) => (isFacts(url) ? facts(FRESH) : vector(point('1', 1_699_999_000))), /^stale: the answer is of 16 min 40 s ago/],
    ['another clock', (url) => (isFacts(url) ? facts(FRESH) : vector(point('1', 1_700_001_000))), /its clock and ours differ/],
    ['a warning', () => JSON.stringify({ status: 'success', warnings: ['store down'], data: { resultType: 'vector', result: [point('1')] } }), /not whole \(store down\)/],
    ['a matrix', () => JSON.stringify({ status: 'success', data: { resultType: 'matrix', result: [] } }), /the answer is a matrix/],
    ['a histogram', () => vector({ metric: {}, histogram: [1, {}] }), /histogram_quantile/],
    ['no number', () => vector({ metric: {}, value: [1, 2] }), /not of the API/],
    ['an error', () => JSON.stringify({ status: 'error', errorType: 'execution', error: 'too many samples' }), /execution: too many samples/],
    ['a bad query of ours', (_, response) => void response.writeHead(400).end(JSON.stringify({ status: 'error', errorType: 'bad_data', error: 'x' })), /does not take the query/],
    ['HTML', () => '<html>', /not of the API of Prometheus/],
    ['404', (_, response) => void response.writeHead(404).end('no'), /it answers 404, .*is the path right/],
    ['401', (_, response) => void response.writeHead(401).end(), /wants to know who asks/],
    ['a redirect elsewhere', (_, response) => void response.writeHead(302, { location: 'http://example.org/' }).end(), /redirects to another host/],
    ['too much', () => 'x'.repeat(5 * 1024 * 1024), /longer than 4 MiB/],
    ['nothing at all', () => undefined, /did not answer in full within 300 ms/],
  ])('that answers %s has no data', async (_, respond, reason) => {
    const measured = await byPrometheus(respond);
    expect(measured).toMatchObject({ problem: expect.stringMatching(reason) });
    expect(JSON.stringify(measured)).not.toContain('geheim');
  });

  it('tells of a quantile beyond the histogram that it is at least that', async () => {
    const measured = await byPrometheus(told('1', { ...FRESH, beyond: '0.02' }), 'latency_threshold: 2s');
    expect(measured).toMatchObject({ value: 1000, isLeast: true, samples: 1200 });
  });

  it('that does not take a query of the policy is for who wrote it', async () => {
    const bad: Answer = (_, response) => void response.writeHead(400).end(JSON.stringify({ status: 'error', errorType: 'bad_data', error: 'parse error' }));
    await expect(byPrometheus(bad, 'qps_threshold: 1, queries: {qps: "sum("}')).rejects.toThrow(UserError);
    await expect(byPrometheus(bad, 'qps_threshold: 1, queries: {qps: "sum("}')).rejects.toThrow(/^p\.yaml:2:\d+: Prometheus does not take this query: bad_data: parse error/);
  });

  it('that is silent once is not asked for all other rules', async () => {
    answer = () => undefined;
    asked.length = 0;
    const module = moduleOf('qps_threshold: 1, error_rate_threshold: 1%, latency_threshold: 1s, gc_pause_threshold: 1s, fd_headroom_threshold: 1%, goroutine_growth_threshold: 1, accept_queue_threshold: 1');
    const measured = await prometheusSource(await endpointOf('--prometheus', base, {}), module, asking, now).measure(planOf(module));
    expect([...measured.values()].every((one) => 'problem' in one)).toBe(true);
    expect(asked).toHaveLength(4);
  });
});

describe('an endpoint', () => {
  it.each([['http://h:1/x', 'http://h:1'], ['localhost:9090', 'http://localhost:9090'], ['prometheus.example:9090/p', 'http://prometheus.example:9090'], ['[::1]:9090', 'http://[::1]:9090'], ['https://h', 'https://h']])('%s is asked at %s', async (text, origin) => {
    expect((await endpointOf('--x', text, {})).http.origin).toBe(origin);
  });

  it.each(['foo', 'ftp://u:geheim@h/', 'u:geheim@h:9090', '', 'http://'])('%j is none, and is not shown', async (text) => {
    await expect(endpointOf('--x', text, {})).rejects.toThrow(/^--x: a URL is needed, http:\/\/HOST:PORT or https:\/\/HOST$/);
  });
});

describe('the metrics of a module', () => {
  const measure = async (texts: string[], policy = 'qps_threshold: 500') => {
    answer = () => (texts.length > 1 ? texts.shift()! : texts[0]!);
    const module = moduleOf(`sample: 10s, ${policy}`);
    const [rule] = planOf(module);
    return (await metricsSource({ stable: await endpointOf('--metrics', base, {}) }, module, asking, clock).measure([rule!])).get(rule!.name)!;
  };
  const requests = (ok: number, failed?: number) => `http_requests_total{code="200"} ${ok}\n${failed === undefined ? '' : `http_requests_total{code="500"} ${failed}\n`}`;

  it('are counted from one look to the next', async () => {
    expect(await measure([requests(100), requests(1100)])).toMatchObject({ value: 100, samples: 1000, windowMs: 10_000 });
    expect(await measure([requests(0), requests(90, 10)], 'error_rate_threshold: 5%')).toMatchObject({ value: 0.1, samples: 100 });
  });

  it('that begin anew are looked at once more from there, but not for ever', async () => {
    expect(await measure([requests(5000), requests(10), requests(60)])).toMatchObject({ value: 5, samples: 50 });
    expect(await measure([requests(9), requests(8), requests(7), requests(6), requests(5)])).toMatchObject({ problem: expect.stringContaining('began anew at each of 3 looks') });
  });

  it('of other modules at the same place are not its own', async () => {
    const both = (a: number, b: number) => `http_requests_total{module="web"} ${a}\nhttp_requests_total{module="api"} ${b}\n`;
    expect(await measure([both(0, 0), both(10, 1000)])).toMatchObject({ samples: 10 });
  });

  it.each([
    [['x 1\n'], 'qps_threshold: 5', /^empty: no series http_requests_total/], [[requests(5)], 'error_rate_threshold: 5%', /^NaN/], [['http_requests_total 5\n', 'http_requests_total 9\n'], 'error_rate_threshold: 5%', /has no label code or status/],
    [['http_requests_total NaN\n'], 'qps_threshold: 5', /^NaN/], [['<html>'], 'qps_threshold: 5', /no text of metrics: line 1/], [['http_requests_total 5 1000\n'], 'qps_threshold: 5', /^stale: /],
    [['http_request_duration_seconds_bucket{le="1"} 5\n'], 'latency_threshold: 1s', /^NaN/], [['process_open_fds 5\n'], 'fd_headroom_threshold: 5%', /^empty/],
  ])('%j for %s are no data', async (texts, policy, reason) => {
    expect(await measure([...texts], policy)).toMatchObject({ problem: expect.stringMatching(reason) });
  });
});

describe('pprof of a module', () => {
  it('tells pauses, and goroutines by their lowest', async () => {
    const totals = [20, 10, 30, 12, 40, 90];
    answer = ({ pathname }) => (pathname === '/debug/pprof/heap' ? '# NumGC = 2\n# PauseNs = [1000000 3000000 0 0]\n# PauseEnd = [1 2 0 0]\n' : `goroutine profile: total ${totals.shift()}\n1 @ 0x1\n`);
    const module = moduleOf('gc_pause_threshold: 10ms, goroutine_growth_threshold: 5, sample: 50s');
    const measured = await pprofSource(await endpointOf('--pprof', base, {}), 50_000, asking, clock).measure(planOf(module));
    expect(measured.get('gc-pause')).toMatchObject({ value: 3, samples: 2, of: 'pauses' });
    // From 10 to 12, 30 s later.
    expect(measured.get('goroutine-growth')).toMatchObject({ value: 4, samples: 6 });
  });
});
