import { acmeProcesses } from '../../core/test/support/acme-processes.ts';
import { startRedis } from './support/redis-server.ts';

acmeProcesses(async () => {
  const server = await startRedis();
  return {
    module: { url: new URL('./support/storage-process.ts', import.meta.url).href, options: { url: server.url } },
    stop: () => server.stop(),
  };
});
