import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { configureDrill, type DrillOptions, filledUp, POLICY_OPTIONS, readDrillOptions } from '../../src/drill/options.ts';
import { UserError } from '../../src/kernel/user-error.ts';
import { readDrillPolicy } from '../../src/policy/index.ts';

function read(...args: string[]): DrillOptions {
  return readWith({}, ...args);
}

function readWith(policy: Readonly<Record<string, string>>, ...args: string[]): DrillOptions {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => undefined });
  configureDrill(command);
  command.parse(args, { from: 'user' });
  return readDrillOptions(command.args, filledUp(command.opts(), policy));
}

const HERE = ['--http', 'http://127.0.0.1:9/'];

describe('options of drill', () => {
  it.each<[string[], Partial<DrillOptions>]>([
    [[...HERE, '--pid', '42', '--signal', 'sighup'], { pid: '42', signal: 'HUP', mode: 'process', times: 10, rate: 100, pooledRate: 100, everyMs: undefined, command: [] }],
    [[...HERE, '--rate', '900', '--', 'nginx', '-s', 'reload'], { command: ['nginx', '-s', 'reload'], pooledRate: 200 }],
    [[...HERE, '--expect', 'GET /version contains {n}', '--', 'x'], { mode: 'config', expect: { what: 'answer', method: 'GET', where: '/version', must: { be: 'containing', text: '{n}' }, words: 'GET /version contains {n}' } }],
    [[...HERE, '--expect-header', 'X-Pid', '--', 'x'], { mode: 'process', header: 'x-pid' }],
    [[...HERE, '--change', '/a:b/c:k8s', '--expect-metric', 'm_total'], { mode: 'config', change: { file: '/a:b/c', manner: 'k8s', template: undefined } }],
    [[...HERE, '--change', '/a:b/c', '--with', 'v{n}', '--expect-metric', 'm_total'], { change: { file: '/a:b/c', manner: undefined, template: 'v{n}' } }],
    [['--tcp', '127.0.0.1:6379', '--send', 'PING\\r\\n', '--', 'x'], { tcp: '127.0.0.1:6379', send: 'PING\\r\\n' }],
    [['--tcp', 'x:1', '--expect', 'SEND GET a\\r\\n contains v{n}', '--', 'x'], { mode: 'config', expect: { what: 'said', send: 'GET a\\r\\n', must: { be: 'containing', text: 'v{n}' }, words: 'SEND GET a\\r\\n contains v{n}' } }],
    [['--tcp', 'x:1', '--expect', 'GET http://127.0.0.1:9/v changes', '--', 'x'], { mode: 'config', expect: { what: 'answer', method: 'GET', where: 'http://127.0.0.1:9/v', must: { be: 'changed' }, words: 'GET http://127.0.0.1:9/v changes' } }],
    [['--tcp', 'x:1', '--expect-metric', 'a', '--metrics', 'http://127.0.0.1:9/metrics', '--', 'x'], { mode: 'config', metrics: 'http://127.0.0.1:9/metrics' }],
  ])('%j', (args, options) => {
    expect(read(...args)).toMatchObject(options);
  });

  it.each<[string[], RegExp]>([
    [[], /needs something to ask/],
    [HERE, /needs a way to reload/],
    [[...HERE, '--tcp', 'x:1', '--', 'true'], /not both/],
    [[...HERE, '--url', 'http://x/', '--', 'true'], /the same option/],
    [[...HERE, '--signal', 'HUP'], /--signal needs --pid/],
    [[...HERE, '--pid', '4', '--signal', 'HUP', '--', 'true'], /one of --signal and a command/],
    [[...HERE, '--pid', '4', '--signal', 'HPU'], /no such signal, did you mean HUP/],
    [[...HERE, '--then', 'QUIT', '--', 'true'], /--then belongs to --signal/],
    [[...HERE, '--send', 'x', '--', 'true'], /--send belongs to --tcp/],
    [['--tcp', 'x:1', '--stream', '/x', '--', 'true'], /--stream belongs to --http/],
    [['--tcp', 'x:1', '--expect', 'GET / changes', '--', 'true'], /needs a whole URL, or SEND/],
    [['--tcp', 'x:1', '--expect-metric', 'a', '--', 'true'], /needs --metrics URL/],
    [['--tcp', 'x:1', '--expect-header', 'a', '--', 'true'], /needs --http/],
    [[...HERE, '--expect', 'SEND x changes', '--', 'true'], /SEND belongs to --tcp/],
    [[...HERE, '--rate', '1e9', '--', 'true'], /--rate: "1e9" is no whole number/],
    [[...HERE, '--rate', '0', '--pool', '0', '--', 'true'], /is no load/],
    [[...HERE, '--times', '100000', '--', 'true'], /too many, at most 1000/],
    [[...HERE, '--times', '0', '--', 'true'], /no whole number from 1 on/],
    [[...HERE, '--timeout', '5', '--', 'true'], /did you mean 5s/],
    [[...HERE, '--control', '1h', '--', 'true'], /longer than --max-time/],
    [[...HERE, '--change', '/etc/hostname:renmae', '--expect', 'GET / changes'], /did you mean rename/],
    [[...HERE, '--change', '/etc/hostname'], /needs to know what shows/],
    [[...HERE, '--with', 'x', '--', 'true'], /--with belongs to --change/],
    [[...HERE, '--expect', 'version', '--', 'true'], /is not understood/],
    [[...HERE, '--expect-metric', 'a b', '--', 'true'], /no name of a metric/],
    [[...HERE, '--expect-header', 'a b', '--', 'true'], /no name of a header/],
    [[...HERE, '--expect-header', 'a', '--expect-metric', 'b', '--', 'true'], /is enough/],
    [[...HERE, '--mode', 'proces', '--', 'true'], /did you mean process/],
    [[...HERE, '--method', 'GE T', '--', 'true'], /is no method/],
  ])('refuses %j', (args, words) => {
    expect(() => read(...args)).toThrow(UserError);
    expect(() => read(...args)).toThrow(words);
  });
});

describe('a policy', () => {
  const TEXT = 'version: 1\ndrill:\n  http: http://127.0.0.1:9/\n  times: 3\n  pooled_rate: 7\n  control: 2s\n  expect: GET /version changes\n';
  const read = (text: string) => readDrillPolicy(text, 'p.yaml', POLICY_OPTIONS);

  it('holds what is not said on the command line', () => {
    const { values } = read(TEXT);
    expect(readWith(values, '--times', '4', '--', 'x')).toMatchObject({ url: 'http://127.0.0.1:9/', times: 4, pooledRate: 7, controlMs: 2000, rate: 100, mode: 'config', expect: { where: '/version' } });
    // What is asked, and what shows a reload, are not mixed.
    expect(readWith(values, '--tcp', 'x:1', '--', 'x')).toMatchObject({ url: undefined, tcp: 'x:1', expect: undefined, times: 3 });
    expect(readWith(values, '--expect-header', 'X-Pid', '--', 'x')).toMatchObject({ url: 'http://127.0.0.1:9/', expect: { what: 'header' } });
  });

  it.each([
    ['drill:\n  tmies: 3\n', 'p.yaml:2:3: unknown key "tmies", did you mean times?'],
    ['drill:\n  signal: HUP\n', 'p.yaml:2:3: unknown key "signal"'],
    ['drill:\n  times: 0\n', 'p.yaml:2:10: times: "0" is no whole number from 1 on'],
    ['drill:\n  control: 3 parsecs\n', 'p.yaml:2:12: control'],
    ['drill: [1]\n', 'p.yaml:1:8: keys are expected here'],
  ])('%j is a mistake with its place', (text, message) => {
    expect(() => {
      const policy = read(text);
      try {
        readWith(policy.values, '--http', 'http://x/', '--', 'x');
      } catch (error) {
        policy.placed(error);
      }
    }).toThrow(message);
  });
});
