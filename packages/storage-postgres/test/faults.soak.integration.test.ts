import { cutConnections } from '../../core/test/support/cut-connections.ts';
import { stoppedProcesses } from '../../core/test/support/stopped-processes.ts';
import { PostgresServer } from './support/postgres-server.ts';
import { openStorage } from './support/storage-process.ts';

cutConnections(async () => {
  const server = await PostgresServer.start();
  return {
    port: server.port,
    open: (port) => openStorage({ url: server.url.replace(`:${server.port}`, `:${port}`), namespace: 'cut' }),
    stop: () => server.stop(),
  };
});

stoppedProcesses(async () => {
  const server = await PostgresServer.start();
  const options = { url: server.url, namespace: 'stopped' };
  return {
    module: { url: new URL('./support/storage-process.ts', import.meta.url).href, options },
    open: () => openStorage(options),
    stop: () => server.stop(),
  };
});
