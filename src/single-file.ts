/** Entry of the single file: the command line, or one of our own programs. */
import { main } from './cli.ts';
import { type OwnProgram, PROGRAM_FLAG } from './package-files.ts';

const programs: Record<OwnProgram, () => Promise<unknown>> = {
  'demo-server': () => import('./demo/server.ts'),
  'demo-machine': () => import('./demo/machine-program.ts'),
  'node-helper': () => import('./node/helper-main.ts'),
  probe: () => import('./inotify/probe/program.ts'),
};

const [flag, name] = process.argv.slice(2);
if (flag === PROGRAM_FLAG && Object.hasOwn(programs, name ?? '')) {
  // The programs find their arguments where they are as files of their own.
  process.argv.splice(2, 2);
  await programs[name as OwnProgram]();
} else {
  await main(process.argv.slice(2));
}
