import { nodeCrypto } from '@chancery/core';
import { systemClock, systemTimer } from '@chancery/core/ports';
import { Authenticator } from './authentication/authenticator.ts';
import { EventTail } from './event-stream/event-tail.ts';
import { type Handler, handlerOf } from './handler.ts';
import { accountOperations } from './handlers/accounts/account-operations.ts';
import { accountSessionOperations } from './handlers/accounts/account-session-operations.ts';
import { passkeyOperations } from './handlers/accounts/passkey-operations.ts';
import { secondFactorOperations } from './handlers/accounts/second-factor-operations.ts';
import { exportOperation, inspectionOperation } from './handlers/certificates/certificate-files.ts';
import { certificateOperations } from './handlers/certificates/certificate-operations.ts';
import type { HandlerContext } from './handlers/context.ts';
import { deliveryOperations } from './handlers/events/delivery-operations.ts';
import { eventOperations } from './handlers/events/event-operations.ts';
import { setAsideOperations } from './handlers/events/set-aside-operations.ts';
import { healthOperations } from './handlers/health/health-operations.ts';
import { Readiness, storageCheck } from './handlers/health/readiness.ts';
import { ocspOperations } from './handlers/pki/ocsp-operations.ts';
import { pkiOperations } from './handlers/pki/pki-operations.ts';
import { recordOperations } from './handlers/records/record-operations.ts';
import { passkeyLoginOperations } from './handlers/sessions/passkey-login-operations.ts';
import { sessionOperations } from './handlers/sessions/session-operations.ts';
import { challengeOperation, jwksOperation } from './handlers/well-known/well-known-operations.ts';
import type { HandlersOptions } from './handlers-options.ts';
import { Idempotency } from './idempotency/idempotency.ts';
import { FailedTokens } from './limits/failed-tokens.ts';
import { RateLimits } from './limits/rate-limits.ts';
import { StateStorage } from './limits/state-storage.ts';
import { descriptionOperation } from './openapi/description-operation.ts';
import { type OpenApiDocument, openApiDocument } from './openapi/open-api-document.ts';
import { checkHandlersOptions } from './options-check.ts';
import { RolePermissions } from './permissions/role-permissions.ts';
import { TrustedProxies } from './proxies/trusted-proxies.ts';
import { Dispatcher, type DispatcherParts } from './routing/dispatcher.ts';
import type { Operation } from './routing/operation.ts';
import { describeRoutes, type RouteDescription } from './routing/route-description.ts';
import { Cors } from './security/cors.ts';
import { securityHeaders } from './security/security-headers.ts';

/** The handlers of one resource each, and the router that joins them. */
export interface Handlers {
  /** All of the routes. */
  readonly router: Handler;
  readonly accounts: Handler;
  readonly sessions: Handler;
  readonly certificates: Handler;
  readonly records: Handler;
  readonly events: Handler;
  readonly pki: Handler;
  readonly acmeChallenge: Handler;
  readonly jwks: Handler;
  readonly health: Handler;
  readonly openApi: Handler;
  /** Every route, with who may use it. */
  readonly routes: readonly RouteDescription[];
  /** The OpenAPI 3.1 document. */
  readonly document: OpenApiDocument;
}

/**
 * Makes HTTP handlers of managers: fetch-style functions that any framework can mount, as `toNodeListener` does for node:http and Express.
 *
 * It does no I/O. Every route says who may use it, and what it does not let somebody do is denied.
 *
 * @throws {InvalidInputError} INVALID_ARGUMENT: an option is malformed or out of range
 *
 * @example
 * ```ts
 * const handlers = createHandlers({ storage, keyring, accounts, certificates, publicOrigin: 'https://app.example' });
 * createServer(toNodeListener(handlers.router)).listen(8080);
 * ```
 */
export function createHandlers(options: HandlersOptions): Handlers {
  checkHandlersOptions(options);
  const { basePath = '', publicOrigin, title = 'Chancery' } = options;
  const context = handlerContext(options);
  const resources = resourcesOf(options, context);
  const described = Object.values(resources).flat();
  const document: () => OpenApiDocument = lazy(() =>
    openApiDocument([...described, ...openApi], { basePath, publicOrigin, title }),
  );
  const openApi: Operation[] = [descriptionOperation(document)];
  const all = { ...resources, openApi };
  const parts = dispatcherParts(options, context);
  const handlerFor = (operations: readonly Operation[]) => handlerOf(new Dispatcher(parts, operations));
  const everything = Object.values(all).flat();
  return {
    router: handlerFor(everything),
    accounts: handlerFor(all.accounts),
    sessions: handlerFor(all.sessions),
    certificates: handlerFor(all.certificates),
    records: handlerFor(all.records),
    events: handlerFor(all.events),
    pki: handlerFor(all.pki),
    acmeChallenge: handlerFor(all.acmeChallenge),
    jwks: handlerFor(all.jwks),
    health: handlerFor(all.health),
    openApi: handlerFor(all.openApi),
    routes: describeRoutes(everything, basePath),
    get document() {
      return document();
    },
  };
}

function handlerContext(options: HandlersOptions): HandlerContext {
  const { storage, accounts, authority, certificates, vault, acme, events, publicOrigin, basePath = '' } = options;
  const { clock = systemClock, timer = systemTimer, registration = 'closed', authentication = 'strict' } = options;
  return {
    storage,
    accounts,
    authority,
    certificates,
    vault,
    acme,
    events,
    registration,
    clock,
    timer,
    readiness: { storage: storageCheck(storage), ...options.readiness },
    authenticator: new Authenticator({ accounts, mode: authentication, publicOrigin }),
    cookies: { basePath, publicOrigin },
  };
}

function resourcesOf({ basePath = '', eventPollMs = 1_000, logger }: HandlersOptions, context: HandlerContext) {
  const { accounts, authority, certificates, vault, acme, events, registration, clock, timer, authenticator } = context;
  const readiness = new Readiness({ checks: context.readiness, clock, timer, logger });
  const tail = events && new EventTail({ events, timer, pollMs: eventPollMs, logger });
  return {
    accounts: accounts
      ? [
          ...accountOperations(accounts, { basePath, registration }),
          ...accountSessionOperations(accounts),
          ...secondFactorOperations(accounts),
          ...(accounts.takesPasskeys ? passkeyOperations(accounts) : []),
        ]
      : [],
    sessions: accounts
      ? [
          ...sessionOperations(accounts, context),
          ...(accounts.takesPasskeys ? passkeyLoginOperations(accounts, context) : []),
        ]
      : [],
    certificates: certificates
      ? [
          ...certificateOperations(certificates, basePath),
          exportOperation(certificates),
          ...(authority ? [inspectionOperation(certificates, authority)] : []),
        ]
      : [],
    records: vault ? recordOperations(vault) : [],
    events:
      events && tail
        ? [
            ...eventOperations(events, tail, { authenticator, clock, timer }),
            ...deliveryOperations(events),
            ...setAsideOperations(events),
          ]
        : [],
    pki: authority ? [...pkiOperations(authority), ...ocspOperations(authority, clock)] : [],
    acmeChallenge: acme ? [challengeOperation(acme)] : [],
    jwks: accounts ? [jwksOperation(accounts)] : [],
    health: healthOperations(readiness),
  } satisfies Record<string, readonly Operation[]>;
}

function dispatcherParts(options: HandlersOptions, { authenticator, clock, timer }: HandlerContext): DispatcherParts {
  const { storage, keyring, crypto = nodeCrypto(), logger, observe, basePath = '', publicOrigin } = options;
  const { bodyLimit = 65_536, recordLimit = 16 * 1_048_576, bodyTimeoutMs = 30_000 } = options;
  const state = new StateStorage({ storage, keyring, crypto });
  const rateLimits = new RateLimits(state, crypto, options.rateLimits);
  return {
    basePath,
    authenticator,
    permissions: new RolePermissions(options.permissions),
    proxies: new TrustedProxies(options),
    rateLimits,
    failedTokens: new FailedTokens(rateLimits, clock),
    idempotency: new Idempotency(state, clock),
    cors: new Cors(options.cors),
    securityHeaders: securityHeaders(publicOrigin),
    bodies: { bodyLimit, recordLimit, bodyTimeoutMs, timer },
    clock,
    crypto,
    logger,
    observe,
  };
}

function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
