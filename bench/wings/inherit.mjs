/** `inherit` on two processes with many descriptors, against Node's own start. */
import { Load } from '../load.mjs';
import { median } from '../measure.mjs';

const DESCRIPTORS = 1000;

export async function benchInherit(stage) {
  const { checks, smoke } = stage;
  const load = new Load();
  try {
    await load.addHolders(2, smoke ? 200 : DESCRIPTORS);
    const commands = stage.commandsOf(['inherit', ...load.pids.map(String)], {});
    const scenario = `inherit, two processes of ${smoke ? 200 : DESCRIPTORS} descriptors`;
    const costs = await stage.run(commands, scenario, smoke ? 2 : 5);
    for (const form of ['single', 'node', 'node24']) {
      if (costs[form]) checks.value(scenario, `${form}, CPU`, median(costs[form].map(({ cpuMs }) => cpuMs)), smoke || form !== 'single' ? undefined : 150, ' ms');
    }
  } finally {
    await load.end();
  }
}
