/** What was asked of `exporter`. */
import { parseDuration } from '../kernel/duration.ts';
import { UserError } from '../kernel/user-error.ts';
import { parseOtlpUrl } from './push.ts';
import type { Address } from './server.ts';

export interface ExporterOptions {
  listen?: Address;
  textfile?: string;
  otlp?: URL;
  once: boolean;
  intervalMs: number;
  mostServices: number;
  goroutines: boolean;
}

export const DEFAULT_ADDRESS = '127.0.0.1:9977';
const MOST_SERVICES = 1000;

/** Throws UserError. */
export function parseExporter(options: Record<string, unknown>): ExporterOptions {
  const { listen, textfile, otlp, interval, maxServices } = options;
  const once = Boolean(options.once);
  const isServer = listen !== undefined || (textfile === undefined && otlp === undefined && !once);
  if (once && listen !== undefined) throw new UserError('--once ends after one collection, and --listen waits for scrapers: leave one out');
  if (once && interval !== undefined) throw new UserError('--once ends after one collection: leave --interval out');
  if (typeof textfile === 'string' && !textfile.endsWith('.prom')) throw new UserError(`--textfile: ${textfile} does not end in .prom, and node_exporter reads nothing else`);
  return {
    ...(isServer && { listen: parseAddress(typeof listen === 'string' ? listen : DEFAULT_ADDRESS) }),
    ...(typeof textfile === 'string' && { textfile }),
    ...(typeof otlp === 'string' && { otlp: parseOtlpUrl(otlp) }),
    once,
    intervalMs: typeof interval === 'string' ? parseDuration('--interval', interval) : 30_000,
    mostServices: typeof maxServices === 'string' ? parseCount(maxServices) : 100,
    goroutines: Boolean(options.goroutines),
  };
}

function parseAddress(text: string): Address {
  const match = /^(?:(\[[0-9a-f:.]+\]|[^:\s]+)?:)?(\d{1,5})$/i.exec(text);
  const port = Number(match?.[2]);
  if (!match || port > 65535) throw new UserError(`--listen: ${text} is no address (use ${DEFAULT_ADDRESS}, :9977 or [::1]:9977)`);
  // A port alone is one of this host only: who wants the world says 0.0.0.0.
  return { host: match[1]?.replace(/^\[|\]$/g, '') ?? '127.0.0.1', port };
}

function parseCount(text: string): number {
  const count = /^\d+$/.test(text) ? Number(text) : 0;
  if (count < 1 || count > MOST_SERVICES) throw new UserError(`--max-services: ${text} is not a number from 1 to ${MOST_SERVICES}`);
  return count;
}
