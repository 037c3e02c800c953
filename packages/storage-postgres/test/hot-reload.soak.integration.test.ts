import { hotReload } from '../../core/test/support/hot-reload.ts';
import { PostgresServer } from './support/postgres-server.ts';
import { openStorage } from './support/storage-process.ts';

hotReload(async () => {
  const server = await PostgresServer.start();
  return {
    module: { url: new URL('./support/storage-process.ts', import.meta.url).href, options: { url: server.url } },
    open: openStorage,
    stop: () => server.stop(),
  };
});
