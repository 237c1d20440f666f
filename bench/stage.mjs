/** What every wing of the bench is given: who competes, the meter, the floor, and where figures go. */
import { medians } from './checks.mjs';
import { interleave } from './measure.mjs';

export class Stage {
  /**
   * @param folder of this run, for what a scenario makes
   * @param smoke less load and fewer rounds
   * @param quiet medians are not printed
   */
  constructor({ meter, contestants, checks, folder, smoke, quiet, say }) {
    Object.assign(this, { meter, contestants, checks, folder, smoke, quiet, say });
    this.rounds = smoke ? 3 : 9;
  }

  /** The commands of one scenario, by contestant: `own` after each of our forms, `foreign` of the peers that are there. */
  commandsOf(own, foreign = {}) {
    const { forms, peers } = this.contestants;
    const ours = Object.entries(forms).map(([name, start]) => [name, [...start, ...own]]);
    const theirs = peers.filter((name) => foreign[name]).map((name) => [name, [name, ...foreign[name]]]);
    return Object.fromEntries([...ours, ...theirs]);
  }

  /** Runs them by turns. @throws when one of them failed: what failed was quick and says nothing */
  async run(commands, title, rounds = this.rounds) {
    const costs = await interleave(this.meter, commands, rounds);
    for (const [name, each] of Object.entries(costs)) {
      // 0 and 1 are answers of ours.
      const failed = each.find(({ exit }) => exit > 1);
      if (failed) throw new Error(`${title}: ${name} ended with ${failed.exit}`);
    }
    if (!this.quiet) process.stdout.write(`${title}\n${medians(costs)}\n\n`);
    return costs;
  }
}
