/** A private redis: own port, nothing saved. */
import { ownFolder } from './program.ts';
import { type Service, startService } from './service.ts';

/** Starts it; needs `redis-server` and `setpriv`. Stopped after the tests of the file. */
export function startRedis(): Promise<Service> {
  const dir = ownFolder('redis');
  return startService('redis-server', dir, 'TERM', (port) => {
    return ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--daemonize', 'no', '--dir', dir];
  });
}
