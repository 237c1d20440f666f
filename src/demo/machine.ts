/** One line about the machine, for the head of the demo. */
import { availableParallelism, freemem, release, totalmem, type as systemName } from 'node:os';
import { ownProgram } from '../package-files.ts';
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

/** By systeminformation; by the runtime alone where that is not installed, fails or takes too long. */
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

/** Asked in a process that can be killed: a program that hangs would keep us from ending. */
async function askSystemInformation(patienceMs: number): Promise<Partial<Machine>> {
  const { execa } = await import('execa');
  const { file, args } = ownProgram('demo-machine');
  const { stdout } = await execa(file, args, {
    stdin: 'ignore',
    stderr: 'ignore',
    env: { PATH: '/usr/bin:/bin:/usr/sbin:/sbin', LC_ALL: 'C' },
    extendEnv: false,
    cancelSignal: AbortSignal.timeout(patienceMs),
    killSignal: 'SIGKILL',
    // Its own handler of signals would end us before ours has answered; this child ends soon without.
    cleanup: false,
    reject: false,
  });
  try {
    const answer = JSON.parse(stdout) as Partial<Machine>;
    return isSound(answer) ? answer : {};
  } catch {
    return {};
  }
}

function isSound({ os, memoryBytes, availableBytes }: Partial<Machine>): boolean {
  return typeof os === 'string' && os !== '' && [memoryBytes, availableBytes].every((value) => Number.isSafeInteger(value) && value! >= 0);
}

/** `Debian GNU/Linux 12, Linux 6.18.44, 2 CPUs, 23.5 GiB of memory (22.9 GiB available)`. */
export function machineLine({ os, kernel, cpus, memoryBytes, availableBytes }: Machine): string {
  return `${os}, Linux ${kernel}, ${plural('CPU', cpus)}, ${bytes(memoryBytes)} of memory (${bytes(availableBytes)} available)`;
}
