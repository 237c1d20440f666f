/** Entry of the helper as a process of its own: dist/node-helper.cjs, or a case of the single file. */
import { ownProgram } from '../package-files.ts';
import { main } from './helper-program.ts';

main(ownProgram('node-helper'), process.argv.slice(2)).catch(() => {
  process.exitCode = 1;
});
