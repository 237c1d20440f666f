/** The processes that are looked at: started here, ended here. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const MANY_FDS = fileURLToPath(new URL('../fixtures/programs/many-fds.mjs', import.meta.url));
const MANY_WATCHES = fileURLToPath(new URL('../fixtures/programs/many-watches.mjs', import.meta.url));
const MANY_CONNECTIONS = fileURLToPath(new URL('../fixtures/programs/many_connections.py', import.meta.url));
const WANTED = 19_000;
/** What a Node program has open besides. */
const SPARE = 100;

/** As many descriptors as fit the hard limit, since Node raises its soft one to that. */
export function descriptorsPerProcess() {
  const hard = /Max open files\s+\d+\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1];
  return Math.min(WANTED, Number(hard ?? WANTED + SPARE) - SPARE);
}

/** Whoever started us may have left us descriptors of its own, and sh knows none above 9. */
const SLEEP = 'for fd in $(cd /proc/self/fd && echo *); do (( fd > 2 )) && eval "exec $fd>&-"; done; for (( left = $1; left > 0; left-- )); do exec {held}</dev/null; done; exec sleep 3600';

function isAsleep(pid) {
  return readFileSync(`/proc/${pid}/comm`, 'latin1') === 'sleep\n';
}

export class Load {
  #children = [];

  get pids() {
    return this.#children.map(({ pid }) => pid);
  }

  /** `count` processes with `descriptors` each: files, UDP sockets and TCP connections to themselves. */
  async addHolders(count, descriptors) {
    for (let number = 1; number <= count; number++) {
      // A loopback address each: UDP sockets on one would run out of ports.
      const before = this.#children.length;
      const args = [MANY_FDS, `count=${descriptors}`, `host=127.0.${1 + Math.floor(before / 250)}.${1 + (before % 250)}`];
      const child = this.#start(process.execPath, args, ['pipe', 'pipe', 'inherit']);
      await firstOutput(child);
    }
  }

  /** `count` processes with `sockets` TCP sockets each, connected in pairs. */
  async addConnections(count, sockets) {
    for (let number = 1; number <= count; number++) await firstOutput(this.#start('python3', [MANY_CONNECTIONS, String(sockets), `127.1.${number}.1`], ['pipe', 'pipe', 'inherit']));
  }

  /** A process with a watch on each directory below one, `most` at most. */
  async addWatcher(directory, most) {
    const child = this.#start(process.execPath, [MANY_WATCHES, directory, ...(most === undefined ? [] : [String(most)])], ['pipe', 'pipe', 'inherit']);
    await firstOutput(child);
  }

  /** `count` processes that do nothing, with /dev/null open `descriptors` times and three more. */
  async addSleepers(count, descriptors = 0) {
    for (let number = 0; number < count; number++) this.#start('bash', ['-c', SLEEP, 'bash', String(descriptors)], 'ignore');
    for (const { pid } of this.#children.slice(-count)) {
      if (pid === undefined) throw new Error('no bash');
      while (!isAsleep(pid)) await delay(20);
    }
  }

  #start(program, args, stdio) {
    const child = spawn(program, args, { stdio });
    this.#children.push(child);
    return child;
  }

  async end() {
    const ended = this.#children.map((child) => child.exitCode ?? child.signalCode ?? new Promise((resolve) => child.on('exit', resolve)));
    for (const child of this.#children) {
      if (child.stdin) child.stdin.end();
      else child.kill();
    }
    await Promise.all(ended);
    this.#children = [];
  }
}

function firstOutput(child) {
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('exit', (code) => reject(new Error(`${MANY_FDS} ended with ${code}`)));
    child.stdout.once('data', resolve).resume();
  });
}
