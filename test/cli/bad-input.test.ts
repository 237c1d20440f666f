/** What the user got wrong: what it was, where, what was meant; exit 2. What is not there: exit 3. */
import { describe, expect, it } from 'vitest';
import { startChild } from '../live/support/child.ts';
import { describeNeeds } from '../live/support/need.ts';
import { reloadctl, startFactory } from '../live/support/program.ts';
import { coverageOf, look } from './support/look.ts';

const SELF = String(process.pid);

describe('usage: exit 2, a message, nothing on stdout', () => {
  it.each<[string[], string | RegExp]>([
    [['fds'], /^reloadctl: fds needs a target\n {2}reloadctl fds <pid \|/],
    [['fds', ''], 'reloadctl: the target is empty\n'],
    [['fds', '0'], 'reloadctl: not a pid: 0 (1 to 4194304)\n'],
    [['fds', '-1'], 'reloadctl: not a pid: -1'],
    [['fds', '99999999999999999999'], 'reloadctl: not a pid: 99999999999999999999'],
    [['fds', ':0'], 'reloadctl: not a port: :0 (use :1 to :65535)\n'],
    [['fds', ':99999'], 'reloadctl: not a port'],
    [['fds', ':http'], 'reloadctl: not a port'],
    [['fds', SELF, '2'], "too many arguments for 'fds'"],
    [['fd', SELF], 'reloadctl: unknown command: fd\n  reloadctl fds\n'],
    [['12'], 'reloadctl: unknown command: 12\n  reloadctl fds 12\n'],
    [['my app'], `unknown command: my app\n  reloadctl fds 'my app'\n  reloadctl --help\n`],
    [['fdss', SELF], 'unknown command: fdss\n  reloadctl fds\n'],
    [['fds', SELF, '--lst'], /unknown option '--lst'\n\(Did you mean --list\?\)/],
    [['fds', SELF, '--were', 'kind=file'], '(Did you mean --where?)'],
    [['fds', SELF, '--format'], "option '--format <name[=file]>' argument missing"],
    [['fds', SELF, '--format', 'jsn'], /--format: unknown format jsn, did you mean json\?\n {2}formats: .*\bjson\b/],
    [['fds', SELF, '--format', 'json='], '--format json=: no file behind ='],
    [['fds', SELF, '--json', '--format', 'ndjson'], '2 formats want stdout (ndjson, json): give all but one a file, NAME=FILE'],
    [['fds', SELF, '--fail-on', 'warnig'], '--fail-on: warnig is not one of info, warning, critical, never; did you mean warning?'],
    [['fds', SELF, '--color', 'sometimes'], '--color: sometimes is not one of auto, always, never'],
    [['fds', SELF, '--where', 'kind=socket stat=LISTEN'], '--where:1:13: unknown attribute stat, did you mean state?'],
    [['fds', SELF, '--where', 'fd>many'], '--where:1:1: fd>many: > compares numbers, and many is none'],
    [['fds', SELF, '--where', 'fd=3 socket'], '--where:1:6: not a term: socket'],
    [['fds', SELF, '--sort', 'kind,-byte'], '--sort:1:7: unknown attribute byte, did you mean bytes?'],
    [['fds', SELF, '--columns', 'fd,taget'], '--columns:1:4: unknown attribute taget, did you mean target?'],
    [['fds', SELF, '--group-by', 'knd'], '--group-by:1:1: unknown attribute knd, did you mean kind?'],
    [['fds', SELF, '--columns', 'pid,,fd'], '--columns:1:5: a name is missing here'],
    [['fds', SELF, '--watch', '0'], /^reloadctl: --watch: 0 is no time at all\n$/],
    [['fds', SELF, '--watch', '0s'], '--watch: 0s is no time at all'],
    [['fds', SELF, '--watch', '30'], 'did you mean 30s?'],
    [['fds', SELF, '--watch', '61d', '--interval', '30d'], '--watch: 61d is too long (at most 24d)'],
    [['fds', SELF, '--per-event', 'true', '--event-timeout', '25d'], '--event-timeout: 25d is too long (at most 24d)'],
    [['fds', '/dev/zero'], 'pid file /dev/zero: is not a regular file'],
    [['fds', SELF, '--top'], `--top is about all processes: leave ${SELF} or --top out`],
    ...['--tree', '--list', '--threads', '--owners'].map((flag): [string[], string] => [['fds', '--top', flag], `--top and ${flag} exclude each other`]),
    ...[['--watch', '30s'], ['--where', 'fd=1'], ['--group-by', 'kind'], ['--sort', 'fd'], ['--columns', 'fd']].map(
      (words): [string[], string] => [['fds', '--top', ...words], `--top and ${words[0]} exclude each other`],
    ),
    [['record', SELF], 'record needs a file to write'],
    [['explain', 'fd/nonsense'], 'no finding fd/nonsense'],
    [[], 'Usage: reloadctl'],
  ])('%j', async (args, words) => {
    const run = await reloadctl(args);
    expect([run.code, run.stdout]).toEqual([2, '']);
    if (typeof words === 'string') expect(run.stderr).toContain(words);
    else expect(run.stderr).toMatch(words);
    expect(run.stderr).not.toMatch(/\n {4}at /);
  });

  it('a bad flag wins over a target that is not there', async () => {
    const run = await reloadctl(['fds', '4194304', '--where', 'nonsense']);
    expect(run.code).toBe(2);
  });
});

describe('help: exit 0, on stdout', () => {
  it.each([[['--help']], [['fds', '--help']], [['help', 'fds']], [['--version']]])('%j', async (args) => {
    const run = await reloadctl(args);
    expect([run.code, run.stderr]).toEqual([0, '']);
    expect(run.stdout.length).toBeGreaterThan(4);
  });

  it('says what each command does to the target', async () => {
    const { stdout } = await reloadctl(['fds', '--help']);
    expect(stdout).toMatch(/^effects: reads$/m);
  });
});

describe('nothing there to look at: exit 3', () => {
  it('a pid nobody has', async () => {
    const ended = await startChild('true', []);
    await ended.ended;
    const run = await reloadctl(['fds', String(ended.pid)]);
    expect([run.code, run.stdout]).toEqual([3, '']);
    const [message, hint] = run.stderr.split('\n');
    expect(message).toBe(`reloadctl: no such process: ${ended.pid}`);
    expect(hint).toBe('  it has ended, is in another pid namespace, or is hidden (hidepid)');
  });

  it.each([['4194304', 'no such process: 4194304'], ['no-such-name-anywhere', 'no process is called no-such-name-anywhere']])(
    'scripts get a report all the same: %s',
    async (spec, detail) => {
      const looked = await look([spec, '--list']);
      expect([looked.run.code, looked.report.verdict]).toEqual([3, 'inconclusive']);
      expect(looked.run.stderr).toContain(`reloadctl: ${detail}\n`);
      expect(looked.report.target).toEqual({ spec, label: spec, pids: [] });
      expect(coverageOf(looked, 'target')).toMatchObject({ status: 'absent', needed: true, detail });
      expect(looked.report.data).toEqual({ open: null, limit: { soft: null, hard: null }, processes: [], groups: [], fds: [] });
      expect(looked.findings).toEqual([]);
    },
  );

  it.skipIf(!isKernelThread())('a kernel thread', async () => {
    const looked = await look([2]);
    expect([looked.run.code, looked.report.verdict, looked.report.data.open]).toEqual([3, 'inconclusive', 0]);
    const detail = 'process 2 is a kernel thread: it has no descriptors';
    expect(coverageOf(looked, 'fd table')).toMatchObject({ status: 'unsupported', needed: true, detail });
  });
});

function isKernelThread(): boolean {
  try {
    process.kill(2, 0);
    return process.geteuid?.() === 0;
  } catch {
    return false;
  }
}

describeNeeds(['python3'], 'a zombie: exit 3', () => {
  it('says what it is and where to look', async () => {
    const { pid, truth, stop } = await startFactory(['zombie']);
    const zombie = truth.children[0]?.pid ?? -1;
    const looked = await look([zombie]);
    expect([looked.run.code, looked.report.verdict]).toEqual([3, 'inconclusive']);
    expect(coverageOf(looked, 'fd table')).toMatchObject({ status: 'absent', fix: `look at its parent: reloadctl fds ${pid}` });
    const text = await reloadctl(['fds', String(zombie)]);
    expect(text.stdout).toMatch(/^INCONCLUSIVE {2}could not look: fd table \(absent: process \d+ is a zombie/);
    await stop();
  });
});
