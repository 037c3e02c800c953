import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { toNodeListener } from '@chancery/http';
import { openApplication } from './open-application.ts';

const { application, settings, close } = await openApplication(process.env);
const { handler, mtlsHandler, scheduler, events } = application;

const servers = await Promise.all([
  listen(createServer(toNodeListener(handler)), settings.port),
  listen(createServer(toNodeListener(mtlsHandler)), settings.mtlsPort),
]);
events.start();
scheduler.start();
console.log(`listening on ${settings.address}, ports ${settings.port} and ${settings.mtlsPort}`);

let stopping: Promise<void> | undefined;
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => (stopping ??= stop()));

/** Requests that have begun are answered; renewals that run are finished. */
async function stop(): Promise<void> {
  await Promise.all(
    servers.map(async (server) => {
      const closed = once(server, 'close');
      server.close();
      server.closeIdleConnections();
      await closed;
    }),
  );
  await scheduler.stop();
  await events.stop();
  await close();
}

async function listen(server: Server, port: number): Promise<Server> {
  server.listen(port, settings.address);
  await once(server, 'listening');
  return server;
}
