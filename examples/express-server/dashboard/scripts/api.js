import { accessToken, answer, Problem } from './session.js';

/** Codes that a fresh token helps with. */
const STALE = new Set(['TOKEN_EXPIRED', 'TOKEN_REVOKED', 'TOKEN_INVALID']);

/**
 * Sends a request as whoever is logged in.
 *
 * @param {string} path
 * @param {{ method?: string, body?: object, bytes?: BodyInit, headers?: Record<string, string>, signal?: AbortSignal }} [options]
 * @returns {Promise<Response>} of any status
 */
export async function send(path, { method = 'GET', body, bytes, headers, signal } = {}) {
  const attempt = async (fresh) =>
    fetch(path, {
      method,
      signal,
      headers: {
        authorization: `Bearer ${await accessToken({ fresh })}`,
        ...(body && { 'content-type': 'application/json' }),
        ...headers,
      },
      body: bytes ?? (body && JSON.stringify(body)),
    });
  const response = await attempt(false);
  if (response.status !== 401) return response;
  const { code } = await response
    .clone()
    .json()
    .catch(() => ({}));
  return STALE.has(code) ? attempt(true) : response;
}

/** Reads. @throws {Problem} */
export async function get(path, query, signal) {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined);
  const search = given.length > 0 ? `?${new URLSearchParams(given)}` : '';
  return answer(await send(path + search, { signal }));
}

/** Creates, by a key under which sending it again creates nothing more. @throws {Problem} */
export async function create(path, body, key) {
  return answer(await send(path, { method: 'POST', body, headers: { 'idempotency-key': key } }));
}

/** Asks for something to be done. @throws {Problem} */
export async function act(path, { method = 'POST', body } = {}) {
  return answer(await send(path, { method, body }));
}

export { Problem };
