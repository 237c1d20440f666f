import { shapeOf } from '../../kernel/shape.ts';
import { type Finding, fingerprint, type RuleDefinition } from '../../report/index.ts';
import { plural } from '../../report/words.ts';
import type { RunEvent, SurvivorEvent } from '../model.ts';

export const TEST_LEAK = 'node/test-leak';

/** What it is called, and what closes it. */
const KINDS: Record<string, { name: string; closing: string }> = {
  'tcp-server': { name: 'a server', closing: 'server.close() and wait for it' },
  'tcp-socket': { name: 'a connection', closing: 'socket.destroy(), or end() and wait for close' },
  'udp-socket': { name: 'a datagram socket', closing: 'socket.close()' },
  'child-process': { name: 'a child process', closing: 'child.kill() and wait for exit' },
  worker: { name: 'a worker thread', closing: 'await worker.terminate()' },
  'fs-watcher': { name: 'a file watcher', closing: 'watcher.close()' },
  'stat-watcher': { name: 'a file watcher (watchFile)', closing: 'fs.unwatchFile(path, listener)' },
  'timer-interval': { name: 'an interval', closing: 'clearInterval(timer)' },
  'file-descriptor': { name: 'a descriptor', closing: 'fs.closeSync(fd)' },
  'file-handle': { name: 'a FileHandle', closing: 'await handle.close()' },
  promise: { name: 'a promise that never settles', closing: 'resolve or reject it in every way out, or give what it waits for a time limit' },
  'file-stream': { name: 'a file stream that nobody read to its end', closing: 'stream.destroy(), or read it to its end' },
};

/** What a test made, and what was there still when its file was through. */
export const testLeak: RuleDefinition<RunEvent> = {
  id: TEST_LEAK,
  create() {
    const groups = new Map<string, SurvivorEvent[]>();
    return {
      observe(event) {
        if (event.type !== 'survivor') return;
        const key = `${event.kind}\0${event.site}\0${event.test ?? ''}`;
        groups.set(key, [...(groups.get(key) ?? []), event]);
      },
      finish: () => [...groups.values()].map(findingOf),
    };
  },
};

function findingOf(events: readonly SurvivorEvent[]): Finding {
  const { kind, detail, site, test, isLoading, pid, runner } = events[0]!;
  const { name, closing } = KINDS[kind]!;
  const what = events.length > 1 ? plural(`${name.replace(/^an? /, '')}`, events.length, `times ${name}`) : name;
  // What a file makes as it is loaded may be meant for all that comes after it in the process.
  const isOwn = test !== undefined && !isLoading;
  return {
    id: TEST_LEAK,
    severity: isOwn ? 'critical' : 'info',
    confidence: isOwn ? (kind === 'promise' ? 'likely' : 'certain') : 'hint',
    because: isOwn ? 'it was made while this test ran, and was open still after the hooks of its file and a moment more' : 'it was made while the file was loaded, and was open still after its tests',
    title: `${test === undefined ? 'no test' : `test ${JSON.stringify(test)}`} leaves ${what}${kind === 'promise' ? '' : ' open'}${detail === '' ? '' : ` (${detail})`}, made at ${site}`,
    subject: { kind: 'test', key: `${test ?? ''} ${kind}`.trim(), pid },
    evidence: [
      { name: 'site', value: site, source: `${runner} in process ${pid}` },
      ...(test === undefined ? [] : [{ name: 'test', value: test, source: runner }]),
      { name: 'kind', value: kind, source: `${runner} in process ${pid}` },
    ],
    remedy: [{ text: `close it in the test or in a hook behind it: ${closing}`, risk: 'none' }],
    // Lines move: the test and the kind stay.
    fingerprint: fingerprint(TEST_LEAK, kind, test ?? '', shapeOf(site.replace(/:\d+(:\d+)?$/, ''))),
  };
}
