/** `listen` against ss, on a host with very many connections; with sock_diag, and with /proc alone. */
import { Load } from '../load.mjs';

/** The hard limit of descriptors of one process is 20,000 in many a place. */
const EACH = 18_666;

export async function benchListen(stage) {
  const { checks, smoke } = stage;
  const [holders, each] = smoke ? [2, 3000] : [3, EACH];
  const load = new Load();
  try {
    await load.addConnections(holders, each);
    const own = stage.commandsOf(['listen'], { ss: ['-tanpe'] });
    const plain = Object.fromEntries(Object.entries(own).filter(([name]) => name !== 'ss').map(([name, command]) => [`${name}, /proc alone`, ['env', 'RELOADCTL_NO_NATIVE=1', ...command]]));
    const scenario = `listen, ${holders * each} TCP sockets`;
    const costs = await stage.run({ ...own, ...plain }, scenario, smoke ? 2 : 7);
    for (const form of ['single', 'node', 'node24']) {
      // Of few sockets a runtime's start is the most of it.
      checks.ratio(scenario, costs, form, 'ss', 'wallMs', smoke ? undefined : 0.5);
      checks.ratio(scenario, costs, `${form}, /proc alone`, 'ss', 'wallMs', smoke ? undefined : 2);
    }
  } finally {
    await load.end();
  }
}
