/** CPU of one command run again and again in one process, in ms each, as JSON on stderr: what is left when all is loaded and compiled. */
import { createRequire } from 'node:module';

const TIMES = 8;
const { main } = createRequire(import.meta.url)('../dist/fds.cjs');

const costs = [];
for (let time = 0; time < TIMES; time++) {
  const before = process.cpuUsage();
  await main(process.argv.slice(2));
  const { user, system } = process.cpuUsage(before);
  costs.push((user + system) / 1000);
}
process.stderr.write(JSON.stringify(costs));
