import type { HandlersOptions } from './handlers-options.ts';
import { invalidOption, shown } from './invalid-option.ts';
import { requireOrigin } from './security/cors.ts';

const MINUTE_MS = 60_000;
const MIB = 1_048_576;

/** What the host gives, and a method by which each is known. */
const PARTS = {
  accounts: 'authenticate',
  authority: 'ocsp',
  certificates: 'renew',
  vault: 'retrieve',
  events: 'list',
  acme: 'http01Responder',
  clock: 'now',
  crypto: 'randomBytes',
  logger: 'error',
} as const;

/** @throws {InvalidInputError} INVALID_ARGUMENT: an option is malformed or out of range */
export function checkHandlersOptions(options: HandlersOptions): void {
  requireObject('createHandlers() options', options);
  requireObject('storage', options.storage);
  requireObject('keyring', options.keyring);
  if (options.publicOrigin !== undefined) requireOrigin('publicOrigin', options.publicOrigin);
  const { basePath = '', registration = 'closed', authentication = 'strict' } = options;
  if (typeof basePath !== 'string' || !/^(?:\/[A-Za-z0-9._~-]+)*$/.test(basePath)) {
    throw invalidOption(`basePath must be empty, or begin and not end with a slash, not ${shown(basePath)}`);
  }
  requireOneOf('registration', registration, ['open', 'closed']);
  requireOneOf('authentication', authentication, ['strict', 'offlineReads']);
  requireRange('bodyLimit', options.bodyLimit, 1_024, 16 * MIB);
  requireRange('recordLimit', options.recordLimit, 1, MIB * MIB);
  requireRange('bodyTimeoutMs', options.bodyTimeoutMs, 100, 10 * MINUTE_MS);
  requireRange('eventPollMs', options.eventPollMs, 10, MINUTE_MS);
  for (const name of ['observe', 'timer'] as const) {
    if (options[name] !== undefined && typeof options[name] !== 'function')
      throw invalidOption(`${name} must be a function`);
  }
  for (const [name, method] of Object.entries(PARTS)) {
    const part: unknown = options[name as keyof typeof PARTS];
    if (part !== undefined) requireMethod(name, part, method);
  }
  for (const name of ['readiness', 'permissions', 'cors', 'clientCertificateHeader'] as const) {
    if (options[name] !== undefined) requireObject(name, options[name]);
  }
  if (options.rateLimits !== undefined && options.rateLimits !== false) requireObject('rateLimits', options.rateLimits);
  if (options.trustedProxies !== undefined) requireList('trustedProxies', options.trustedProxies);
  for (const [name, check] of Object.entries(options.readiness ?? {})) {
    if (typeof check !== 'function') throw invalidOption(`readiness.${name} must be a function`);
  }
}

function requireObject(name: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) throw invalidOption(`${name} must be an object`);
}

function requireList(name: string, value: unknown): void {
  if (!Array.isArray(value)) throw invalidOption(`${name} must be a list, not ${shown(value)}`);
}

function requireMethod(name: string, part: unknown, method: string): void {
  requireObject(name, part);
  if (typeof (part as Record<string, unknown>)[method] !== 'function') {
    throw invalidOption(`${name} is none: it has no method ${method}()`);
  }
}

function requireOneOf(name: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) throw invalidOption(`${name} must be ${allowed.join(' or ')}, not ${shown(value)}`);
}

function requireRange(name: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && value >= least && value <= most)) return;
  throw invalidOption(`${name} must be a whole number from ${least} to ${most}, not ${shown(value)}`);
}
