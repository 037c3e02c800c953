import { stoppedSequencers } from '../../core/test/support/stopped-sequencers.ts';
import { startRedis } from './support/redis-server.ts';
import { openStorage } from './support/storage-process.ts';

stoppedSequencers(async () => {
  const server = await startRedis();
  return {
    module: { url: new URL('./support/storage-process.ts', import.meta.url).href, options: { url: server.url } },
    open: openStorage,
    stop: () => server.stop(),
  };
});
