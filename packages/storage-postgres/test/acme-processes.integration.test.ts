import { acmeProcesses } from '../../core/test/support/acme-processes.ts';
import { PostgresServer } from './support/postgres-server.ts';

acmeProcesses(async () => {
  const server = await PostgresServer.start();
  return {
    module: { url: new URL('./support/storage-process.ts', import.meta.url).href, options: { url: server.url } },
    stop: () => server.stop(),
  };
});
