/**
 * The two texts that Prometheus reads: its own format 0.0.4, which node_exporter wants of a textfile, too, and OpenMetrics 1.0.
 * They differ in the name of a counter's family and in the last line.
 */
import { visible } from '../render/index.ts';
import type { Family } from './families.ts';

export type Dialect = 'prometheus' | 'openmetrics';

export const CONTENT_TYPES: Readonly<Record<Dialect, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

export function toText(families: readonly Family[], dialect: Dialect): string {
  const parts: string[] = [];
  for (const { name, type, help, samples } of families) {
    if (samples.length === 0) continue;
    const counted = type === 'counter' ? `${name}_total` : name;
    const family = dialect === 'openmetrics' ? name : counted;
    parts.push(`# HELP ${family} ${escapeHelp(help)}\n# TYPE ${family} ${type}\n`);
    for (const { labels, value } of samples) parts.push(`${counted}${labelText(labels)} ${value}\n`);
  }
  if (dialect === 'openmetrics') parts.push('# EOF\n');
  return parts.join('');
}

/** What a scraper asks for: OpenMetrics only where it says so. */
export function dialectOf(accept: string | undefined): Dialect {
  return accept?.includes('application/openmetrics-text') ? 'openmetrics' : 'prometheus';
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels);
  return pairs.length === 0 ? '' : `{${pairs.map(([name, value]) => `${name}="${escapeLabel(value)}"`).join(',')}}`;
}

/** Control and direction marks as people see them in the other views; then what the format itself asks for. */
function escapeLabel(value: string): string {
  return visible(value).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function escapeHelp(help: string): string {
  return help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
