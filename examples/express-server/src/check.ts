import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:https';
import { json } from 'node:stream/consumers';
import { ADMINISTRATOR } from './demo/accounts.ts';
import type { RunningServer } from './server.ts';

/**
 * Uses a server as its clients do: logs in, issues, looks at it, revokes, has the audit trail verified, and asks over HTTPS.
 *
 * @returns what was found, line by line
 * @throws {Error} when anything is not as it should be
 */
export async function checkServer(server: RunningServer): Promise<string[]> {
  const { origin, secrets } = server;
  const call = caller(origin);
  const { accessToken } = await call('POST', '/sessions', { login: ADMINISTRATOR, password: secrets.password });
  const asAdministrator = caller(origin, accessToken as string);

  const { total } = await asAdministrator('GET', '/dashboard/overview');
  assert(typeof total === 'number' && total > 0);
  const issued = await asAdministrator('POST', '/certificates', { subjectAltNames: ['checked.example'] });
  assert.equal(issued.status, 'valid');
  const revoked = await asAdministrator('POST', `/certificates/${issued.id}/revoke`, { reason: 'superseded' });
  assert.equal(revoked.status, 'revoked');
  const { valid, size } = await asAdministrator('GET', '/events/verification');
  assert.equal(valid, true);
  const page = await fetch(origin);
  assert.match(page.headers.get('content-security-policy') ?? '', /default-src 'none'/);
  const { status } = await askOverTls(server);
  assert.equal(status, 'ok');
  return [
    `${total} certificates, and one more: issued and revoked through the API.`,
    `${size} events in the audit trail, verified.`,
    'Ready, over HTTPS with a certificate of its own authority.',
  ];
}

type Answer = Readonly<Record<string, unknown>>;

function caller(origin: string, accessToken?: string) {
  return async (method: string, path: string, body?: object): Promise<Answer> => {
    const response = await fetch(origin + path, {
      method,
      headers: {
        ...(body && { 'content-type': 'application/json' }),
        ...(accessToken && { authorization: `Bearer ${accessToken}` }),
      },
      ...(body && { body: JSON.stringify(body) }),
    });
    const answer = (await response.json()) as Answer;
    assert(response.ok, `${method} ${path}: ${JSON.stringify(answer)}`);
    return answer;
  };
}

async function askOverTls({ tlsOrigin, authority }: RunningServer): Promise<Answer> {
  const ca = await authority.trustAnchorsPem();
  const [response] = await once(request(`${tlsOrigin}/readyz`, { ca, agent: false }).end(), 'response');
  return (await json(response)) as Answer;
}
