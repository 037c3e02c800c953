import { cutConnections } from '../../core/test/support/cut-connections.ts';
import { stoppedProcesses } from '../../core/test/support/stopped-processes.ts';
import { startRedis } from './support/redis-server.ts';
import { openStorage } from './support/storage-process.ts';

cutConnections(async () => {
  const server = await startRedis();
  return {
    port: server.port,
    open: (port) => openStorage({ url: `redis://127.0.0.1:${port}`, namespace: 'cut' }),
    stop: () => server.stop(),
  };
});

stoppedProcesses(async () => {
  const server = await startRedis();
  const options = { url: server.url, namespace: 'stopped' };
  return {
    module: { url: new URL('./support/storage-process.ts', import.meta.url).href, options },
    open: () => openStorage(options),
    stop: () => server.stop(),
  };
});
