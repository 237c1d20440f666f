import { expect, it } from 'vitest';
import { childrenOf, isAlive } from './support/kernel.ts';
import { runLoad, startLoad } from './support/load.ts';
import { describeNeeds, missing } from './support/need.ts';
import { startNginx } from './support/nginx.ts';
import { startNode } from './support/program.ts';
import { startRedis } from './support/redis.ts';
import { until } from './support/until.ts';

it('names what is missing', () => {
  expect(missing(['sh', 'no-such-program-anywhere'])).toEqual(['no-such-program-anywhere']);
});

it('until gives the answer, or says what it waited for', async () => {
  let asked = 0;
  expect(await until(() => (++asked > 2 ? `asked ${asked}` : undefined))).toBe('asked 3');
  await expect(until(() => false, { deadlineMs: 30, what: 'the impossible' })).rejects.toThrow('in vain for the impossible');
});

it('load is answered, and its errors are told', async () => {
  const { truth, stop } = await startNode('leak-server.mjs', ['count=0']);
  const good = await runLoad({ port: truth.port ?? 0, keepAlive: 2, fresh: 1, durationMs: 200 });
  expect(good.answered).toBeGreaterThan(3);
  await stop();
  const bad = await runLoad({ port: truth.port ?? 0, keepAlive: 1, fresh: 0, durationMs: 50 });
  expect(bad.answered).toBe(0);
  expect(bad.errors[0]).toContain('ECONNREFUSED');
});

describeNeeds(['nginx', 'setpriv'], 'nginx', () => {
  it('runs two workers, serves, reloads under load, and ends', async () => {
    const nginx = await startNginx();
    const before = nginx.workers();
    expect(before).toHaveLength(2);
    const load = startLoad({ port: nginx.port, durationMs: 20_000 });
    await until(() => load.answered() > 20, { what: 'answers' });
    await nginx.reload();
    expect(nginx.workers().some((pid) => before.includes(pid))).toBe(false);
    const { answered } = await load.stop();
    expect(answered).toBeGreaterThan(20);
    const all = [nginx.pid, ...nginx.workers()];
    await nginx.stop();
    await until(() => !all.some(isAlive), { what: 'the end of nginx' });
  });
});

describeNeeds(['redis-server', 'setpriv'], 'redis', () => {
  it('runs and ends', async () => {
    const redis = await startRedis();
    expect(isAlive(redis.pid)).toBe(true);
    expect(childrenOf(redis.pid)).toEqual([]);
    await redis.stop();
    expect(isAlive(redis.pid)).toBe(false);
  });
});
