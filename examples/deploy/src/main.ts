import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { type Handler, toNodeListener } from '@chancery/http';
import { openApplication } from './open-application.ts';

const { application, settings, metrics, close } = await openApplication(process.env);
const { handler, mtlsHandler, scheduler, events } = application;

const ports: [Handler, number][] = [
  [handler, settings.port],
  [mtlsHandler, settings.mtlsPort],
];
if (metrics && settings.metricsPort !== undefined) ports.push([metrics.handler, settings.metricsPort]);
const servers = await Promise.all(ports.map(([answers, port]) => listen(createServer(toNodeListener(answers)), port)));
events.start();
scheduler.start();
console.log(`listening on ${settings.address}, ports ${ports.map(([, port]) => port).join(', ')}`);

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
