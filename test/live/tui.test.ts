/** The full-screen view in a real terminal: what it shows, and that the terminal is as it was, whatever ends it. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Child, startChild } from './support/child.ts';
import { describeNeeds } from './support/need.ts';
import { ownFolder, PYTHON, reloadctl } from './support/program.ts';
import { until } from './support/until.ts';

const BINARY = fileURLToPath(new URL('../../bin/reloadctl.js', import.meta.url));
const PATIENCE = { timeout: 180_000 };
const DEADLINE_MS = 60_000;
/** Opens one more each 200 ms; a file of it is named to take over a terminal. */
const GROWS = `
import os, select, sys
held = [open(sys.argv[1] + '/\\x1b[2J\\x1b]0;owned\\x07\\x1b[31mred', 'w')]
print('ready', flush=True)
while not select.select([sys.stdin], [], [], 0.2)[0]:
    if len(held) < 500: held.append(open('/dev/null'))
`;

let child: Child;
let socket: string;
let started = 0;

function tmux(...args: string[]): string {
  const { NODE_EXTRA_CA_CERTS: _slow, TMUX: _outer, NO_COLOR: _plain, FORCE_COLOR: _forced, ...env } = process.env;
  return execFileSync('tmux', ['-S', socket, '-f', '/dev/null', ...args], { encoding: 'utf8', env: { ...env, PS1: '$ ', ENV: '' } });
}

/** A terminal of that size with a shell in it. */
class Terminal {
  readonly name: string;

  constructor(columns: number, rows: number, env = '') {
    this.name = `terminal-${++started}`;
    tmux('new-session', '-d', '-s', this.name, '-x', String(columns), '-y', String(rows), `${env} /bin/sh`);
    tmux('set-option', '-t', this.name, 'window-size', 'manual');
  }

  type(line: string): void {
    tmux('send-keys', '-t', this.name, '-l', line);
    tmux('send-keys', '-t', this.name, 'Enter');
  }

  key(key: string): void {
    tmux('send-keys', '-t', this.name, key);
  }

  text(...more: string[]): string {
    return tmux('capture-pane', '-p', '-t', this.name, ...more);
  }

  resize(columns: number, rows: number): void {
    tmux('resize-window', '-t', this.name, '-x', String(columns), '-y', String(rows));
  }

  /** Is the other screen shown, and the cursor? */
  state(): string {
    return tmux('display-message', '-p', '-t', this.name, '#{alternate_on} #{cursor_flag}').trim();
  }

  until(what: string, condition: () => boolean): Promise<unknown> {
    return until(condition, { deadlineMs: DEADLINE_MS, what }).catch((error: Error) => Promise.reject(new Error(`${error.message}; it shows\n${this.text()}`)));
  }

  async watch(command = 'fds'): Promise<void> {
    this.type(`clear; ${process.execPath} ${BINARY} ${command} ${child.pid} --watch 10m --interval 200ms --tui; echo "ended $?"`);
    await this.until('the page', () => this.state() === '1 0' && this.text().includes('watched for') && this.text().includes('/dev/null'));
  }

  /** The watching process. */
  pid(): number {
    const shell = Number(tmux('display-message', '-p', '-t', this.name, '#{pane_pid}'));
    const children = readFileSync(`/proc/${shell}/task/${shell}/children`, 'latin1').trim().split(' ');
    return Number(children.find((pid) => readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('--tui')));
  }

  /** The shell reads lines and shows what is typed, on its own screen, with a cursor. */
  async isAsItWas(): Promise<void> {
    await this.until('the screen to be as it was', () => this.state() === '0 1');
    // What is typed before the shell has the terminal again is for whom it was taken from.
    let typedMs = Number.NEGATIVE_INFINITY;
    await this.until('the keys to be read by line', () => {
      if (performance.now() - typedMs > 3000) {
        this.type('stty -a | tr ";" "\\n" | grep -c -E "(^| )icanon|(^| )echo( |$)" | sed s/^/lines-/');
        typedMs = performance.now();
      }
      return /^lines-[12]$/m.test(this.text());
    });
    expect(this.text()).not.toMatch(/\[\?1049|\[\?25/);
  }
}

describeNeeds(['tmux', 'python3'], 'the full-screen view', () => {
  beforeAll(async () => {
    const folder = ownFolder('tui');
    socket = join(folder, 'tmux');
    child = await startChild(PYTHON, ['-c', GROWS, folder]);
    await child.nextLine();
    // As long as it has a session it stays: the last test of the file ends it.
    tmux('new-session', '-d', '-s', 'keeps', '/bin/sh');
  });

  afterAll(async () => {
    tmux('kill-server');
    await child.stop();
  });

  it('80x24: shows names as text, fits what it is given, and after Ctrl-C leaves the report behind', PATIENCE, async () => {
    const terminal = new Terminal(80, 24);
    await terminal.watch();
    // By name: fixed size of both, so that nothing wraps.
    expect(terminal.text()).toContain('\\x1b');
    expect(tmux('display-message', '-p', '-t', terminal.name, '#{pane_title}')).not.toContain('owned');
    for (const [columns, rows] of [[200, 60], [30, 6], [80, 24]] as const) {
      terminal.resize(columns, rows);
      const isTiny = columns < 40;
      await terminal.until(`a page of ${columns}x${rows}`, () => {
        const lines = terminal.text().split('\n');
        return isTiny ? lines[0]!.startsWith('needs a terminal of 40x8') : lines[0]!.includes('watched for') && lines[rows - 1]!.startsWith('q or Ctrl-C');
      });
    }
    terminal.key('C-c');
    await terminal.until('its end', () => terminal.text().includes('ended 130'));
    expect(terminal.text('-S', '-100')).toMatch(/open of soft limit/);
    await terminal.isAsItWas();
  });

  it('200x60: redraws only what changed, and is as it was after TERM, HUP, KILL, and Ctrl-Z with fg', PATIENCE, async () => {
    const terminal = new Terminal(200, 60);
    const raw = join(ownFolder('raw'), 'bytes');
    tmux('pipe-pane', '-t', terminal.name, '-O', `cat > ${raw}`);
    await terminal.watch('report');
    const open = (): number => Number(/^([\d,]+) open/m.exec(terminal.text())?.[1]?.replaceAll(',', ''));
    const before = { open: open(), bytes: readFileSync(raw).length };
    await terminal.until('it to go on', () => open() > before.open + 3);
    const since = readFileSync(raw, 'utf8').slice(before.bytes);
    expect(since).not.toMatch(/\x1b\[2?J/);
    // A page has some hundred letters in its first lines alone: of each only the lines that differ are written.
    const pages = since.split('\x1b[1;1H').length - 1;
    expect(since.match(/\x1b\[\d+;1H/g)!.length).toBeLessThan(8 * Math.max(1, pages));
    for (const [signal, ended] of [['SIGTERM', 'ended 143'], ['SIGHUP', 'ended 129'], ['SIGKILL', '']] as const) {
      if (terminal.state() === '0 1') await terminal.watch();
      process.kill(terminal.pid(), signal);
      // What the shell says of a kill it may say before somebody else has put its screen back.
      await terminal.until(`its end by ${signal}`, () => terminal.text('-S', '-100').includes(ended));
      await terminal.isAsItWas();
    }
    await terminal.watch();
    terminal.key('C-z');
    await terminal.until('the shell', () => terminal.state() === '0 1');
    terminal.type('fg');
    await terminal.until('the page again', () => terminal.state() === '1 0' && terminal.text().includes('watched for'));
    terminal.key('q');
    await terminal.isAsItWas();
  });

  it('has no colours with NO_COLOR, and refuses where there is nothing to draw on', PATIENCE, async () => {
    const terminal = new Terminal(80, 24, 'NO_COLOR=1');
    await terminal.watch();
    expect(terminal.text('-e')).not.toMatch(/\x1b\[[\d;]*[1-9][\d;]*m/);
    terminal.key('q');
    await terminal.isAsItWas();
    terminal.type(`TERM=dumb ${process.execPath} ${BINARY} fds ${child.pid} --watch 3s --tui; echo "ended $?"`);
    await terminal.until('its refusal', () => /TERM is dumb[\s\S]*ended 2/.test(terminal.text()));
    const refused = await Promise.all([['--watch', '3s', '--tui'], ['--tui']].map((args) => reloadctl(['fds', String(child.pid), ...args])));
    expect(refused.map(({ code }) => code)).toEqual([2, 2]);
    expect(refused[0]!.stderr).toMatch(/--tui needs a terminal, and stdout is none/);
  });
});
