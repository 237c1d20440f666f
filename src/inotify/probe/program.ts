/** The program that tries things out: `program DIRECTORY [overflow]`. Tells lines of JSON (steps.ts) on its standard output. */
import { inputEnd, tellLine } from '../../effects/line-program.ts';
import { openLive } from '../../evidence/index.ts';
import { attempt } from './attempt.ts';

const [directory = '', overflow] = process.argv.slice(2);
const signal = inputEnd();
const evidence = openLive({ signal });
await attempt(directory, { overflow: overflow === 'overflow' }, { evidence, signal, tell: (step) => tellLine(JSON.stringify(step)) });
evidence.close();
