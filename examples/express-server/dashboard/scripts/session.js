import { learnTime } from './parts/time.js';

/** How long before its end a token is renewed. */
const MARGIN_MS = 30_000;

/** The access token lives in this variable alone; what a browser keeps is in cookies that no script can read. */
let session;
let refreshing;

/** Whoever is logged in: `{ accountId, login, permissions, … }`, or undefined. */
export const current = () => session?.principal;

/** Whether whoever is logged in may do something. */
export const may = (permission) => session?.principal.permissions.includes(permission) === true;

/**
 * Logs in.
 *
 * @param {string} [code] of an authenticator app, or a recovery code
 * @throws {Problem}
 */
export async function logIn(login, password, code) {
  // Apps show their codes in two groups.
  const plain = code?.replace(/\s/g, '');
  const secondFactor = plain && (/^\d{6}$/.test(plain) ? { totp: plain } : { recoveryCode: plain });
  await open(await post('/sessions', { login, password, ...(secondFactor && { secondFactor }), cookie: true }));
}

/** Takes up the session that the browser's cookies hold. @returns {Promise<boolean>} whether there is one */
export async function resume() {
  try {
    await refresh();
    return true;
  } catch (error) {
    if (error instanceof Problem && error.status < 500) return false;
    throw error;
  }
}

/** Ends the session, here and on the server. */
export async function logOut() {
  const token = session?.accessToken;
  session = undefined;
  if (token !== undefined) await fetch('/sessions/current', { method: 'DELETE', headers: authorization(token) });
}

/** A token with some time left. @throws {Problem} the session is over */
export async function accessToken({ fresh = false } = {}) {
  if (session === undefined) throw new Problem(401, { title: 'Nobody is logged in' });
  if (fresh || session.expiresAt - Date.now() < MARGIN_MS) await refresh();
  return session.accessToken;
}

/** One at a time, in all tabs: a refresh token that comes twice ends its session. */
function refresh() {
  refreshing ??= navigator.locks
    .request('chancery-refresh', async () => open(await post('/sessions/refresh', {})))
    .finally(() => {
      refreshing = undefined;
    });
  return refreshing;
}

async function open({ accessToken: token, expiresAt, issuedFor = Date.parse(expiresAt) - Date.now() }) {
  const known = session?.principal;
  // By the browser's own clock, whatever that says.
  session = { accessToken: token, expiresAt: Date.now() + issuedFor, principal: known };
  session.principal = known ?? (await whoAmI(token));
}

async function whoAmI(token) {
  const headers = authorization(token);
  const [principal, account] = await Promise.all([
    fetch('/sessions/current', { headers }).then(answer),
    fetch('/accounts/me', { headers }).then(answer),
  ]);
  return { ...principal, login: account.login };
}

async function post(path, body) {
  const headers = { 'content-type': 'application/json' };
  return answer(await fetch(path, { method: 'POST', headers, body: JSON.stringify(body) }));
}

const authorization = (token) => ({ authorization: `Bearer ${token}` });

/** Reads an answer of the server. @throws {Problem} */
export async function answer(response) {
  learnTime(response.headers);
  if (response.ok) return response.status === 204 ? undefined : response.json();
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json');
  throw new Problem(response.status, isProblem ? await response.json() : { title: response.statusText });
}

/** What the server answers when it does not do what it was asked (RFC 9457). */
export class Problem extends Error {
  constructor(status, body) {
    super(body.detail ?? body.title ?? `The server answered ${status}`);
    this.status = status;
    this.title = body.title || `The server answered ${status}`;
    this.code = body.code;
    this.body = body;
  }
}
