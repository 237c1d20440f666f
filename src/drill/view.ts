/** The drill in tables, below the findings. */
import type { Block, Cell } from '../render/index.ts';
import { bytes, count, duration, percent, plural } from '../report/words.ts';
import type { DrillData, ReloadRow, TrafficRow } from './data.ts';
import { timelineOf } from './timeline.ts';
import { codeWords } from './websockets.ts';

const MOST_ROWS = 40;
const ms = (value: number | null): string => (value === null ? '-' : duration(value));
const WORDS: Record<DrillData['outcome'], string> = { pass: 'PASS', fail: 'FAIL', invalid: 'INVALID', 'not-reloaded': 'NOT-RELOADED' };
/** Gaps that a client of this rate sees at least half of the time; measured with gaps of known length. */
const GAP_FACTOR = 3;

export function* viewOf(data: DrillData): Generator<Block> {
  const { outcome, why, reloads, control } = data;
  yield { type: 'blank' };
  yield { type: 'paragraph', text: `${WORDS[outcome]}: ${why}`, tone: outcome === 'pass' ? 'good' : outcome === 'fail' ? 'critical' : 'warning' };
  // Of a drill that was not begun there is no more to say.
  if (reloads.length === 0 && control.new.total + control.pooled.total === 0) return;
  yield { type: 'facts', items: [...statisticFacts(data), ['listener', listenerWords(data)], ['this client', clientWords(data)], ...clientFacts(data), ...visibleFacts(data)] };
  yield { type: 'blank' };
  yield trafficTable(data);
  if (reloads.length > 0) {
    yield { type: 'blank' };
    yield reloadTable(reloads);
    if (reloads.length > MOST_ROWS) yield { type: 'paragraph', text: `and ${reloads.length - MOST_ROWS} more (--json)` };
  }
  const lines = timelineOf(data);
  if (lines.length > 0) {
    yield { type: 'heading', text: 'timeline' };
    yield { type: 'preformatted', text: lines.join('\n') };
  }
  const { timeline } = data;
  if (timeline.ok.length > 1) yield { type: 'chart', title: 'slowest answer per 0.1 s', unit: 'ms', points: timeline.worstMs.map((value, i) => ({ atMs: i * timeline.sliceMs, value })) };
  yield* leftTable(data);
}

function statisticFacts({ statistics: { reloads, requests, claim } }: DrillData): [string, Cell][] {
  if (reloads.total === 0) return [];
  const range = ({ low, high }: { low: number; high: number }): string => `${rate(low)} to ${rate(high)}`;
  return [
    ['bad reloads', `${reloads.bad} of ${reloads.total}; 95 % interval ${range(reloads)}`],
    ['requests failed', `${count(requests.bad)} of ${count(requests.total)}; 95 % interval ${range(requests)}, if they were independent${claim.requestsMore > 0 ? `; for 99.99 % send ${count(claim.requestsMore)} more${requests.bad > 0 ? ' without a failure' : ''}` : ''}`],
  ];
}

/** Rates of failures are small: `0.034 %`. */
function rate(value: number): string {
  return value === 0 || value === 1 ? `${value * 100} %` : value < 0.001 ? `${Number((value * 100).toPrecision(2))} %` : percent(value);
}

function listenerWords({ listener, traffic, control, reloads }: DrillData): Cell {
  const gone = reloads.flatMap(({ index, destroyed }) => (destroyed ?? []).map((one) => ({ index, ...one })));
  const [first] = gone;
  const told = first ? `; the kernel destroyed ${first.address} ${ms(first.afterMs)} after reload ${first.index} began${gone.length > 1 ? `, and ${gone.length - 1} more` : ''}` : reloads.some(({ destroyed }) => destroyed !== null) ? '; the kernel destroyed none' : '';
  if (listener === 'kept') return { text: `KEPT: the same socket listened before and after every reload, so that there was no gap${told}`, tone: 'good' };
  const perMs = (traffic.new.total + control.new.total) / 1000;
  const gap = perMs > 0 ? GAP_FACTOR : 0;
  const unseen = `gaps under some ${gap} ms may be missed by asking alone`;
  return listener === 'changed' ? { text: `CHANGED: another socket listens${told}; ${unseen}`, tone: 'warning' } : `not known: who listens could not be read; ${unseen}`;
}

function clientWords({ client }: DrillData): Cell {
  const { fit, problems, slipP99Ms, lagP99Ms, lagMaxMs, achieved } = client;
  const numbers = `requests began at most ${ms(slipP99Ms)} late (p99), its loop stood still ${ms(lagP99Ms)} (p99), ${ms(lagMaxMs)} (max), ${percent(achieved)} of the load was sent`;
  return fit ? `fit: ${numbers}` : { text: `NOT FIT: ${problems.join('; ')}; ${numbers}`, tone: 'warning' };
}

/** What clients of other kinds would have seen. */
function clientFacts({ client, traffic: { pooled }, reloads, websockets }: DrillData): [string, Cell][] {
  const facts: [string, Cell][] = [];
  const { reconnects, mostReconnectsIn100Ms: most, reconnectsInControl } = client;
  if (pooled.failed + pooled.raced > 0) facts.push(['on kept connections', `a client that asks GET anew saw ${plural('failure', pooled.retrying.getFailed)}, one that sends POST ${pooled.retrying.postFailed}`]);
  if (reconnects > 0) {
    const worst = reloads.find(({ mostReconnectsIn100Ms }) => mostReconnectsIn100Ms === most);
    facts.push(['reconnects', `${count(reconnects)} of kept and held connections that the server had closed, at most ${count(most)} within 0.1 s${worst ? ` (reload ${worst.index})` : ''}; ${count(reconnectsInControl)} in the control window`]);
  }
  if (websockets) {
    const { asked, announced, cut, silent, away } = websockets;
    const back = away.maxMs === null ? '' : `; away for ${ms(away.p50Ms)} (p50), ${ms(away.maxMs)} (max)`;
    facts.push(['WebSockets', `of ${asked} held, ${announced} were closed with a close frame${announced > 0 ? ` (${codeWords(websockets)})` : ''}, ${cut} cut without one${silent > 0 ? `, ${silent} without an answer to a ping` : ''}${back}`]);
  }
  return facts;
}

function visibleFacts({ visible }: DrillData): [string, Cell][] {
  return visible ? [['seen after', `${ms(visible.p50Ms)} (p50), ${ms(visible.maxMs)} (max)${visible.notSeen > 0 ? `; ${visible.notSeen} not seen` : ''}${visible.wentBack > 0 ? `; went back ${visible.wentBack} times` : ''}`]] : [];
}

function trafficTable({ traffic, control, latency }: DrillData): Block {
  const row = (name: string, { total, failed, byClass, raced }: TrafficRow, before?: { total: number; failed: number }, times?: DrillData['latency']['new']): Cell[] => [
    name, count(total), failed > 0 ? { text: count(failed), tone: 'critical' } : 0, byClass.refused, byClass.reset, byClass.cut, byClass.timeout, byClass.status, byClass.wrongGeneration, raced,
    times ? `${ms(times.reloads.p99Ms)} / ${ms(times.reloads.maxMs)}` : '', times ? `${ms(times.control.p99Ms)} / ${ms(times.control.maxMs)}` : '', before ? `${before.failed} of ${count(before.total)}` : '',
  ];
  const rows = [row('new connections', traffic.new, control.new, latency.new), row('kept connections', traffic.pooled, control.pooled, latency.pooled)];
  if (traffic.stream.total + control.stream.total > 0) rows.push(row('streams', traffic.stream, control.stream));
  if (traffic.held.total > 0) rows.push(row('held', traffic.held));
  if (traffic.websocket.total > 0) rows.push(row('WebSockets', traffic.websocket));
  const right = (title: string) => ({ title, align: 'right' as const });
  return { type: 'table', columns: [{ title: 'TRAFFIC' }, ...['TOTAL', 'FAILED', 'REFUSED', 'RESET', 'CUT', 'LATE', 'ERROR', 'OLD', 'RACED', 'P99 / MAX', 'CONTROL', 'FAILED IN CONTROL'].map(right)], rows };
}

function reloadTable(reloads: readonly ReloadRow[]): Block {
  return {
    type: 'table',
    columns: [{ title: 'RELOAD', align: 'right' }, { title: 'HAPPENED' }, { title: 'FAILED', align: 'right' }, { title: 'SERVES AFTER', align: 'right' }, { title: 'OVER AFTER', align: 'right' }, { title: 'LISTENER' }, { title: 'WHAT SHOWS IT', flex: true, min: 24 }],
    rows: reloads.slice(0, MOST_ROWS).map(({ index, happened, failed, visibleMs, answersMs, tookMs, listener, problem, what, stayed }): Cell[] => {
      const sum = failed.new + failed.pooled;
      return [index, happened ? 'yes' : { text: 'no', tone: 'warning' }, sum > 0 ? { text: String(sum), tone: 'critical' } : sum, ms(visibleMs ?? answersMs), ms(tookMs), listener, `${problem ?? what}${stayed.length > 0 ? `; ${stayed.length} old ones stay` : ''}`];
    }),
  };
}

function* leftTable({ leftovers }: DrillData): Generator<Block> {
  const { fds, processes, threads, memoryBytes, slopes, groups, goroutineSites } = leftovers;
  if (fds.length < 2) return;
  yield { type: 'heading', text: 'left behind, at rest before the first reload and after each' };
  const line = (what: string, counts: readonly number[], slope: number, words = (value: number) => count(value)): Cell[] => [what, words(counts[0]!), words(counts.at(-1)!), `${slope > 0 ? '+' : ''}${slope < 0 ? '-' : ''}${words(Math.abs(slope))}`];
  yield {
    type: 'table',
    columns: [{ title: 'WHAT', flex: true, min: 20 }, { title: 'BEFORE', align: 'right' }, { title: 'AFTER', align: 'right' }, { title: 'PER RELOAD', align: 'right' }],
    rows: [
      line('descriptors', fds, slopes.fds), line('processes', processes, slopes.processes), line('threads', threads, slopes.threads), line('memory', memoryBytes, slopes.memoryBytes, (value) => bytes(Math.round(value))),
      ...goroutineSites.slice(0, 5).map(({ site, counts, slopePerReload }) => line(`goroutines made at ${site}`, counts, slopePerReload)),
      ...groups.slice(0, 10).map(({ kind, key, counts, slopePerReload }) => line(kind === key ? key : `${kind} ${key}`, counts, slopePerReload)),
    ],
  };
}
