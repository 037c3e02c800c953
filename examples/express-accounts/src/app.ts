import type { TLSSocket } from 'node:tls';
import {
  type AccountManager,
  AuthenticationError,
  ChanceryError,
  ConflictError,
  InvalidInputError,
  NotFoundError,
  PermissionError,
  type Principal,
  RateLimitError,
  type SenderProof,
} from '@chancery/core';
import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler } from 'express';

/** What the routes stand on. */
export interface AppOptions {
  readonly accounts: AccountManager;
  /** The origin that clients see. Never taken from a header: it is what DPoP proofs are for. */
  readonly origin: string;
}

/** Accounts, sessions and two guarded routes. */
export function createApp({ accounts, origin }: AppOptions): Express {
  const app = express();
  app.disable('x-powered-by');
  app.use(express.json({ limit: '16kb' }));

  /** What the client proves besides its token: a key by a DPoP header, or a certificate by its TLS connection. */
  const proof = (request: Request): { proof?: SenderProof } => {
    const { dpop } = request.headers;
    if (typeof dpop === 'string') return { proof: { dpop, method: request.method, url: origin + request.originalUrl } };
    const socket = request.socket as Partial<TLSSocket>;
    const certificate = socket.authorized ? socket.getPeerCertificate?.().raw : undefined;
    return certificate === undefined ? {} : { proof: { certificate, managed: true } };
  };

  const authenticated: RequestHandler = async (request, response, next) => {
    response.locals.principal = await accounts.authenticate(tokenOf(request), proof(request));
    next();
  };
  const requireRole =
    (role: string): RequestHandler =>
    (_, response, next) => {
      accounts.requireRole(response.locals.principal as Principal, role);
      next();
    };

  app.post('/accounts', async (request, response) => {
    // Named one by one: what a client sends must not choose its own roles.
    const { login, password, displayName } = fieldsOf(request);
    const account = await accounts.create({ login, password, ...(displayName && { displayName }) });
    response.status(201).json({ id: account.id, login: account.login });
  });

  app.post('/sessions', async (request, response) => {
    const { login, password, deviceToken } = fieldsOf(request);
    const { ip } = request;
    const userAgent = request.get('user-agent');
    const client = { ...(ip && { ip }), ...(userAgent && { userAgent }), ...(deviceToken && { deviceToken }) };
    response.json(await accounts.login({ login, password, ...client, ...proof(request) }));
  });

  app.post('/sessions/refresh', async (request, response) => {
    const { refreshToken } = fieldsOf(request);
    response.json(await accounts.refresh({ refreshToken, ...proof(request) }));
  });

  app.delete('/sessions/current', authenticated, async (request, response) => {
    await accounts.logout({ accessToken: tokenOf(request) });
    response.status(204).end();
  });

  app.get('/me', authenticated, (_, response) => {
    const { accountId, roles, boundTo } = response.locals.principal as Principal;
    response.json({ accountId, roles, boundTo });
  });

  app.get('/accounts', authenticated, requireRole('admin'), async (_, response) => {
    const { items } = await accounts.list({ limit: 100 });
    response.json(items.map(({ id, login, roles }) => ({ id, login, roles })));
  });

  app.get('/.well-known/jwks.json', async (_, response) => {
    response.set('cache-control', 'public, max-age=300').json(await accounts.jwks());
  });

  app.use(problem);
  return app;
}

function tokenOf(request: Request): string {
  return /^(?:Bearer|DPoP) (\S+)$/i.exec(request.get('authorization') ?? '')?.[1] ?? '';
}

/** The SDK checks each field, and names the one that is missing or malformed. */
function fieldsOf(
  request: Request,
): Record<'login' | 'password' | 'displayName' | 'deviceToken' | 'refreshToken', string> {
  return request.body ?? {};
}

const STATUS = [
  [InvalidInputError, 400],
  [AuthenticationError, 401],
  [PermissionError, 403],
  [NotFoundError, 404],
  [ConflictError, 409],
  [RateLimitError, 429],
] as const;

/** Every error of the SDK has a code, and nothing secret in its message (RFC 9457). */
const problem: ErrorRequestHandler = (error, _request, response, next) => {
  if (!(error instanceof ChanceryError)) {
    // Of the body parser: JSON that is none, or too much of it.
    return error.expose === true ? response.status(error.status).json({ status: error.status }) : next(error);
  }
  const status = STATUS.find(([family]) => error instanceof family)?.[1] ?? 503;
  if (status === 401) response.set('www-authenticate', 'Bearer, DPoP algs="ES256"');
  if (error.code === 'PROOF_NONCE_REQUIRED') response.set('dpop-nonce', String(error.facts.nonce));
  if (error instanceof RateLimitError) response.set('retry-after', String(Math.ceil(error.retryAfterMs / 1000)));
  const detail = status === 503 ? 'The service cannot answer at this moment' : error.message;
  response.status(status).type('application/problem+json').json({ status, code: error.code, detail });
};
