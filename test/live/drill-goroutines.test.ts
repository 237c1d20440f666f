/** What a drill counts of goroutines where memory may not be read: by the pprof listener of the server itself. */
import { expect, it } from 'vitest';
import { takeCensus } from '../../src/drill/census.ts';
import { Service } from '../../src/drill/generation.ts';
import { leftoversOf } from '../../src/drill/leftovers.ts';
import { openLive } from '../../src/evidence/index.ts';
import type { Evidence } from '../../src/evidence/types.ts';
import { contextWith } from '../strace/support/analyse.ts';
import { describeNeeds } from './support/need.ts';
import { LEAKING_LINE, startReloadServer } from './support/reload.ts';
import { until } from './support/until.ts';

/** As where ptrace is forbidden (Yama), and descriptors may be listed all the same. */
function withoutMemory(live: Evidence): Evidence {
  return new Proxy(live, {
    get(target, name) {
      const value: unknown = name === 'memory' ? undefined : Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

describeNeeds(['go'], 'a Go server whose memory may not be read', () => {
  it('its goroutines are counted through pprof, by the line that made them', async () => {
    const server = await startReloadServer('leak');
    const version = async (): Promise<number> => Number(await (await fetch(`${server.url}version`, { headers: { connection: 'close' } })).text());
    const evidence = withoutMemory(openLive());
    const context = { ...contextWith(), evidence };
    const service = await Service.open(evidence, Number(new URL(server.url).port), server.pid());
    const censuses = [await takeCensus(context, service.look(), service.ports)];
    for (const number of [2, 3, 4]) {
      process.kill(server.pid(), 'SIGHUP');
      await until(async () => (await version()) === number, { what: `reload ${number - 1}` });
      censuses.push(await takeCensus(context, service.look(), service.ports));
    }
    const { goroutineSites, groups } = leftoversOf({ censuses });
    expect(goroutineSites.find(({ site }) => site.endsWith(`main.go:${LEAKING_LINE}`))).toMatchObject({ counts: [0, 1, 2, 3], slopePerReload: 1 });
    expect(groups.some(({ kind }) => kind === 'goroutine')).toBe(true);
  });
});
