/** Costs against targets, as a table. */
import { median, ratio } from './measure.mjs';

/** Collects lines: what was measured, as a ratio where that is possible, and whether it is within its target. */
export class Checks {
  #factor;
  #timeFactor;
  #rows = [];

  /**
   * @param factor how much worse than its target a ratio or a size may be
   * @param timeFactor the same for times of this machine at this moment, which somebody else's work makes longer
   */
  constructor(factor, timeFactor) {
    this.#factor = factor;
    this.#timeFactor = timeFactor;
  }

  /** `name` as part of `to`; no line when one of them was not there, no judgement without a target. */
  ratio(scenario, costs, name, to, what, target) {
    const value = ratio(costs, name, to, what);
    if (value !== undefined) this.value(scenario, `${name} / ${to}, ${WORDS[what]}`, value, target);
  }

  value(scenario, name, value, target, unit = '') {
    const limit = target === undefined ? undefined : target * (/^ m?s$/.test(unit) ? this.#timeFactor : this.#factor);
    this.#rows.push({
      scenario,
      name,
      value: `${value.toFixed(2)}${unit}`,
      target: target === undefined ? '' : `<= ${target}${unit}`,
      missed: limit !== undefined && value > limit,
    });
  }

  get missed() {
    return this.#rows.filter(({ missed }) => missed).length;
  }

  /** The same as a Markdown table. */
  toMarkdown() {
    const rows = this.#rows.map(({ scenario, name, value, target, missed }) => [scenario, name, value, `${target}${missed ? ' **missed**' : ''}`]);
    return [['load', 'what', 'measured', 'target'], ['---', '---', '---', '---'], ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
  }

  toString() {
    const columns = ['scenario', 'name', 'value', 'target'];
    const widths = columns.map((column) => Math.max(...this.#rows.map((row) => row[column].length)));
    const line = (row) => columns.map((column, index) => row[column].padEnd(widths[index])).join('  ');
    return this.#rows.map((row) => `${line(row)}${row.missed ? '  MISSED' : ''}`).join('\n');
  }
}

const WORDS = { cpuMs: 'CPU', wallMs: 'wall time', peakKiB: 'peak memory' };

/** The medians themselves: of this machine at this moment, to see what the ratios are of. */
export function medians(costs) {
  return Object.entries(costs).map(([name, each]) => {
    const of = (what) => median(each.map((cost) => cost[what])).toFixed(1);
    const peak = each[0]?.peakKiB === undefined ? '' : `, ${Math.round(Math.max(...each.map(({ peakKiB }) => peakKiB)) / 1024)} MiB`;
    return `  ${name.padEnd(14)} ${of('cpuMs')} ms CPU, ${of('wallMs')} ms wall${peak}`;
  }).join('\n');
}
