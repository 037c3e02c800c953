import { type Handlers, type Metrics, toNodeListener } from '@chancery/http';
import express, { type ErrorRequestHandler, type Express } from 'express';
import { requirePermission } from './dashboard/caller.ts';
import { dashboard } from './dashboard/dashboard.ts';
import type { Rolls } from './dashboard/rolls.ts';

/** What the routes stand on. */
export interface AppOptions {
  readonly handlers: Handlers;
  readonly metrics: Metrics;
  readonly rolls: Rolls;
  readonly vaultScript: string;
}

/** The dashboard, and the whole API behind it. */
export function createApp({ handlers, metrics, rolls, vaultScript }: AppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(dashboard({ rolls, router: handlers.router, vaultScript }));
  app.get('/metrics', requirePermission(handlers.router, 'metrics.read'), toNodeListener(metrics.handler));
  app.use(toNodeListener(handlers.router));
  app.use((_request, response) => {
    response
      .status(404)
      .type('application/problem+json')
      .json({ type: 'about:blank', title: 'Not Found', status: 404 });
  });
  app.use(failed);
  return app;
}

/** What goes wrong in a route is nobody's business but the log's. */
const failed: ErrorRequestHandler = (error, _request, response, next) => {
  if (response.headersSent) return next(error);
  const status = typeof error.status === 'number' && error.status < 500 ? error.status : 500;
  if (status === 500) console.error(error);
  const title = status === 500 ? 'Internal Server Error' : 'Bad Request';
  response.status(status).type('application/problem+json').json({ type: 'about:blank', title, status });
};
