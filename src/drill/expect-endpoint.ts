/** Where is asked what shows a reload. */
import { UserError } from '../kernel/user-error.ts';
import type { DrillOptions } from './options.ts';
import { firstThatAnswers } from './load/probe.ts';
import { endpointsOf, unescaped } from './load/resolve.ts';
import type { Endpoint } from './load/types.ts';

/**
 * @param refuse throws for an address that must not be asked
 * @throws UserError; exit 3 when nobody answers there
 */
export async function expectEndpoint(options: DrillOptions, endpoint: Endpoint, refuse: (endpoints: readonly Endpoint[]) => void): Promise<Endpoint> {
  const { expect, metrics, timeoutMs } = options;
  const at = async (option: string, url: string, method: string): Promise<Endpoint> => {
    const endpoints = await endpointsOf(option, url, { ...options, method });
    refuse(endpoints);
    const found = await firstThatAnswers(endpoints, timeoutMs);
    const status = found.http?.firstStatus ?? 0;
    if (status >= 400) throw new UserError(`${option}: ${found.label} answers ${status}`, { exitCode: 3 });
    return found;
  };
  switch (expect?.what) {
    case 'metric':
      return at('--metrics', metrics ?? new URL('/metrics', options.url!.includes('://') ? options.url : `http://${options.url}`).href, 'GET');
    case 'answer':
      return expect.where.startsWith('/') ? { ...endpoint, http: { ...endpoint.http!, method: expect.method, path: expect.where } } : at('--expect', expect.where, expect.method);
    case 'said':
      return { ...endpoint, send: Buffer.from(unescaped(expect.send), 'latin1') };
    default:
      return endpoint;
  }
}
