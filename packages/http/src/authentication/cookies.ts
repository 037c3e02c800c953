import type { LoginResult } from '@chancery/core';
import type { Incoming } from '../exchange/incoming.ts';
import { HttpProblem } from '../problems/http-problem.ts';

/** Holds the secret that the access token of a browser's session is bound to. */
export const BINDING_COOKIE = '__Host-chancery-binding';
/** Holds the refresh token of a browser's session. */
export const REFRESH_COOKIE = '__Secure-chancery-refresh';

const VALUE = /^[A-Za-z0-9\-._~+/=]{1,4096}$/;

/** The value of a cookie; undefined where there is none, or several of the name, of which one would be somebody else's. */
export function readCookie(incoming: Incoming, name: string): string | undefined {
  const header = incoming.header('cookie');
  if (header === undefined) return undefined;
  const found = header
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`));
  const value = found.length === 1 ? found[0]?.slice(name.length + 1) : undefined;
  return value !== undefined && VALUE.test(value) ? value : undefined;
}

/** Where the cookies of a session are sent. */
export interface CookieScope {
  /** The path of the routes, empty or with a leading slash. */
  readonly basePath: string;
  readonly publicOrigin: string | undefined;
}

/**
 * Refuses a request that sets or uses cookies of a session, unless a page of our own origin sends it. SameSite keeps other sites from sending
 * cookies; this also keeps them from logging a browser in under another account.
 *
 * @throws {HttpProblem} ORIGIN_REFUSED
 */
export function requireOwnOrigin(incoming: Incoming, { publicOrigin }: CookieScope): void {
  const site = incoming.header('sec-fetch-site');
  const isOwn = incoming.header('origin') === publicOrigin && (site === undefined || site === 'same-origin');
  if (publicOrigin !== undefined && isOwn) return;
  throw new HttpProblem('ORIGIN_REFUSED', 'Sessions in cookies are for pages of this server’s own origin');
}

/** The headers that put a session into a browser. */
export function sessionCookies(
  { refreshToken, refreshExpiresAt }: Pick<LoginResult, 'refreshToken' | 'refreshExpiresAt'>,
  bindingSecret: string,
  { basePath, now }: CookieScope & { readonly now: number },
): string[] {
  const age = Math.max(0, Math.floor((refreshExpiresAt.getTime() - now) / 1_000));
  return [...setBinding(bindingSecret, age), ...setRefresh(refreshToken, age, basePath)];
}

/** The headers that take a session out of a browser. */
export function clearedCookies({ basePath }: CookieScope): string[] {
  return [...setBinding('', 0), ...setRefresh('', 0, basePath)];
}

function setBinding(value: string, age: number): string[] {
  return ['set-cookie', `${BINDING_COOKIE}=${value}; Path=/; Max-Age=${age}; Secure; HttpOnly; SameSite=Strict`];
}

function setRefresh(value: string, age: number, basePath: string): string[] {
  const path = `${basePath}/sessions/refresh`;
  return ['set-cookie', `${REFRESH_COOKIE}=${value}; Path=${path}; Max-Age=${age}; Secure; HttpOnly; SameSite=Strict`];
}
