/** One line about the machine, for the head of the demo. */
import { createRequire } from 'node:module';
import { availableParallelism, freemem, release, totalmem, type as systemName } from 'node:os';
import { Worker } from 'node:worker_threads';
import { bytes, plural } from '../report/words.ts';

export interface Machine {
  /** `Debian GNU/Linux 12`. */
  os: string;
  kernel: string;
  cpus: number;
  memoryBytes: number;
  availableBytes: number;
}

/** It starts programs, and one of them (`hostname -f`) waits for a name server that may be dead. */
const PATIENCE_MS = 1500;

/**
 * Asked in a thread that can be ended: a program that hangs would keep us from ending. The path comes from where we are
 * installed, not from the working directory.
 */
const QUESTION = `
const { parentPort, workerData } = require('node:worker_threads');
const si = require(workerData);
Promise.all([si.osInfo(), si.mem()]).then(([os, memory]) => parentPort.postMessage({
  os: [os.distro, os.release].filter(Boolean).join(' '), memoryBytes: memory.total, availableBytes: memory.available,
}));
`;

/** By systeminformation; by Node alone where that is not installed, fails or takes too long. */
export async function readMachine(patienceMs = PATIENCE_MS): Promise<Machine> {
  const known: Machine = {
    os: systemName(),
    kernel: release(),
    cpus: availableParallelism(),
    memoryBytes: totalmem(),
    availableBytes: freemem(),
  };
  return { ...known, ...(await askSystemInformation(patienceMs)) };
}

async function askSystemInformation(patienceMs: number): Promise<Partial<Machine>> {
  const worker = openWorker();
  if (worker === undefined) return {};
  let timer: NodeJS.Timeout | undefined;
  const answer = await new Promise<Partial<Machine>>((resolve) => {
    timer = setTimeout(resolve, patienceMs, {});
    worker.once('message', resolve);
    worker.once('error', () => resolve({}));
    worker.once('exit', () => resolve({}));
  });
  clearTimeout(timer);
  await worker.terminate();
  return isSound(answer) ? answer : {};
}

/** Undefined where the package is not installed or no thread can be had. */
function openWorker(): Worker | undefined {
  try {
    const require = createRequire(import.meta.url);
    const workerData = require.resolve('systeminformation');
    return new Worker(QUESTION, {
      eval: true,
      workerData,
      env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C' },
      execArgv: [],
      stderr: true,
    });
  } catch {
    return undefined;
  }
}

function isSound({ os, memoryBytes, availableBytes }: Partial<Machine>): boolean {
  return typeof os === 'string' && os !== '' && [memoryBytes, availableBytes].every((value) => Number.isSafeInteger(value) && value! >= 0);
}

/** `Debian GNU/Linux 12, Linux 6.18.44, 2 CPUs, 23.5 GiB of memory (22.9 GiB available)`. */
export function machineLine({ os, kernel, cpus, memoryBytes, availableBytes }: Machine): string {
  return `${os}, Linux ${kernel}, ${plural('CPU', cpus)}, ${bytes(memoryBytes)} of memory (${bytes(availableBytes)} available)`;
}
