import { fileURLToPath } from 'node:url';
import type { Handler } from '@chancery/http';
import express, { Router } from 'express';
import { requirePermission } from './caller.ts';
import { overviewOf } from './overview.ts';
import { pageHeaders } from './page-headers.ts';
import type { Rolls } from './rolls.ts';

const PAGE = fileURLToPath(new URL('../../dashboard', import.meta.url));

/** What the dashboard stands on. */
export interface DashboardOptions {
  readonly rolls: Rolls;
  /** Says who asks. */
  readonly router: Handler;
  /** The vault's format for browsers. */
  readonly vaultScript: string;
}

/** The page, and the two answers that it needs beside the API. */
export function dashboard({ rolls, router, vaultScript }: DashboardOptions): Router {
  const routes = Router();
  routes.get('/', pageHeaders, (_request, response) =>
    response.sendFile('index.html', { root: PAGE, cacheControl: false }),
  );

  routes.get('/dashboard/overview', requirePermission(router, 'certificates.read'), async (_request, response) => {
    response.set('cache-control', 'no-store').json(overviewOf(await rolls.entries(), Date.now()));
  });
  routes.get('/dashboard/log', requirePermission(router, 'events.read'), async (_request, response) => {
    response.set('cache-control', 'no-store').json({ size: await rolls.logSize() });
  });

  routes.get('/dashboard/vault.js', pageHeaders, (_request, response) =>
    response.type('text/javascript').send(vaultScript),
  );
  routes.use('/dashboard', pageHeaders, express.static(PAGE, { index: false, redirect: false, cacheControl: false }));
  return routes;
}
