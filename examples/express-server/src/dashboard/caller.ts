import type { Handler } from '@chancery/http';
import type { Request, RequestHandler } from 'express';

/**
 * Lets in who has a permission, as the API itself would: it is asked who sends the request. Its answer, where that is a refusal, is given on.
 *
 * @param router the API
 * @param permission such as `certificates.read`
 */
export function requirePermission(router: Handler, permission: string): RequestHandler {
  return async (request, response, next) => {
    const answer = await whoAsks(router, request);
    const { permissions = [], ...problem } = (await answer.json()) as { permissions?: string[] };
    if (answer.ok && permissions.includes(permission)) return next();
    const status = answer.ok ? 403 : answer.status;
    const refusal = answer.ok
      ? { type: 'about:blank', title: 'Forbidden', status, code: 'PERMISSION_DENIED' }
      : problem;
    response.status(status).type('application/problem+json').json(refusal);
  };
}

function whoAsks(router: Handler, request: Request): Promise<Response> {
  const { authorization, cookie } = request.headers;
  const headers = { ...(authorization && { authorization }), ...(cookie && { cookie }) };
  const url = `${request.protocol}://localhost/sessions/current`;
  const remoteAddress = request.socket.remoteAddress ?? '';
  return router(new Request(url, { headers }), { remoteAddress, encrypted: request.secure });
}
