import type { Clock, CryptoProvider, Logger, Principal } from '@chancery/core';
import type { Authenticator } from '../authentication/authenticator.ts';
import { notModified } from '../conditional/entity-tag.ts';
import type { Answer } from '../exchange/answer.ts';
import type { Connection } from '../exchange/connection.ts';
import { lasting, overConnection } from '../exchange/derived-incoming.ts';
import type { Incoming } from '../exchange/incoming.ts';
import type { Idempotency } from '../idempotency/idempotency.ts';
import type { FailedTokens } from '../limits/failed-tokens.ts';
import type { Charge, RateLimits } from '../limits/rate-limits.ts';
import type { RolePermissions } from '../permissions/role-permissions.ts';
import { HttpProblem } from '../problems/http-problem.ts';
import { isServerFault, problemAnswer } from '../problems/problem-answer.ts';
import { type TrustedProxies, unmapped } from '../proxies/trusted-proxies.ts';
import type { Cors } from '../security/cors.ts';
import type { Access } from './access.ts';
import { Call, type CallerParts } from './call.ts';
import type { Method, Operation } from './operation.ts';
import { type BodySettings, readParams, readQuery, readRequestBody } from './read-request.ts';
import { RequestIds } from './request-ids.ts';
import { templateOf } from './route-description.ts';
import { parameterNames, RouteTree } from './route-tree.ts';

/** What became of one request: for metrics and access logs. It names no resource and holds no secret. */
export interface Exchange {
  readonly requestId: string;
  /** The operationId; undefined where the path led to none. */
  readonly operation: string | undefined;
  /** The template of the path, `basePath` included, such as `/accounts/{accountId}`; undefined where the path led nowhere. */
  readonly route: string | undefined;
  readonly method: string;
  readonly status: number;
  /** Until the answer was made, in milliseconds; a stream goes on after that. */
  readonly durationMs: number;
  readonly accountId?: string;
  /** The code of the problem, where it was one. */
  readonly code?: string;
}

/** What a dispatcher works with. */
export interface DispatcherParts {
  readonly basePath: string;
  readonly authenticator: Authenticator;
  readonly permissions: RolePermissions;
  readonly proxies: TrustedProxies;
  readonly rateLimits: RateLimits;
  readonly failedTokens: FailedTokens;
  readonly idempotency: Idempotency;
  readonly cors: Cors;
  readonly securityHeaders: readonly string[];
  readonly bodies: BodySettings;
  readonly clock: Clock;
  readonly crypto: CryptoProvider;
  readonly logger: Logger | undefined;
  readonly observe: ((exchange: Exchange) => void) | undefined;
}

interface Route {
  readonly operation: Operation;
  readonly names: readonly string[];
}

/** What is found out about a request on its way. */
interface Progress {
  readonly requestId: string;
  /** What the rate limits tell. */
  extra: readonly string[];
  operation: Operation | undefined;
  principal: Principal | undefined;
}

const PRIVATE = ['cache-control', 'no-store'];

/** Takes requests to their operations: who sends them, whether they may, what they say, and what to answer whatever happens. */
export class Dispatcher {
  readonly #parts: DispatcherParts;
  readonly #tree = new RouteTree<Route>();
  readonly #requestIds: RequestIds;

  constructor(parts: DispatcherParts, operations: readonly Operation[]) {
    this.#parts = parts;
    this.#requestIds = new RequestIds(parts.crypto);
    for (const operation of operations) {
      this.#tree.add(operation, { operation, names: parameterNames(operation.path) });
    }
  }

  /** Whether a path leads to an operation. */
  leads(path: string): boolean {
    return this.#find(path) !== undefined;
  }

  /** The template of the path that a request leads to, whether or not there is an operation of its method. */
  routeOf({ method, path }: Pick<Incoming, 'method' | 'path'>): string | undefined {
    const methods = this.#find(path)?.methods;
    const [first] = methods?.values() ?? [];
    const route = methods?.get((method === 'HEAD' ? 'GET' : method) as Method) ?? first;
    return route && templateOf(this.#parts.basePath, route.operation);
  }

  /** Answers a request. It never rejects. */
  async dispatch(incoming: Incoming): Promise<Answer> {
    const { clock, observe } = this.#parts;
    const startedAt = observe === undefined ? 0 : clock.now();
    const requestId = this.#requestId(incoming);
    const progress: Progress = { requestId, extra: [], operation: undefined, principal: undefined };
    let answer: Answer;
    try {
      answer = await this.#answer(incoming, progress);
    } catch (error) {
      answer = this.#failure(error, incoming, progress);
    }
    const finished = this.#finished(answer, incoming, progress);
    if (observe !== undefined) this.#observed(finished, incoming, progress, clock.now() - startedAt);
    return finished;
  }

  /** What an observer throws is no failure of the request. */
  #observed(answer: Answer, incoming: Incoming, progress: Progress, durationMs: number): void {
    const { observe, logger, basePath } = this.#parts;
    try {
      observe?.(exchangeOf(answer, incoming, progress, { durationMs, basePath }));
    } catch (error) {
      logger?.error('The observer of requests failed', { requestId: progress.requestId, error });
    }
  }

  async #answer(peer: Incoming, progress: Progress): Promise<Answer> {
    const match = this.#find(peer.path);
    if (match === undefined) throw new HttpProblem('ROUTE_NOT_FOUND', 'There is nothing at this path');
    const { methods, values } = match;
    if (peer.method === 'OPTIONS') return this.#options(peer, methods);
    const route = methods.get((peer.method === 'HEAD' ? 'GET' : peer.method) as Method);
    if (route === undefined || (peer.method === 'HEAD' && route.operation.noHead === true)) {
      const allow = allowed(methods).join(', ');
      throw new HttpProblem('METHOD_NOT_ALLOWED', `This path takes ${allow}`, { headers: ['allow', allow] });
    }
    const { operation, names } = route;
    progress.operation = operation;

    const client = this.#parts.proxies.clientOf(peer);
    const incoming = client === peer.connection ? peer : overConnection(peer, client);
    const { kind } = operation.access;
    const principal = kind === 'public' ? undefined : await this.#sender(kind, incoming);
    progress.principal = principal;
    const charging = this.#charging(operation, client, principal);
    if (charging !== undefined) {
      const { headers, refusal } = await charging;
      progress.extra = headers;
      if (refusal !== undefined) throw refusal;
    }

    const { permissions, bodies } = this.#parts;
    const ip = addressOf(client);
    const { requestId } = progress;
    const { access } = operation;
    if (kind === 'permission') requirePermission({ access, permissions, incoming, requestId, ip, principal });
    requireKnownCondition(operation, incoming);
    const params = readParams(operation, names, values);
    const query = readQuery(operation, incoming);
    const read = readRequestBody(operation, incoming, bodies);
    const { value: body, bytes } = read instanceof Promise ? await read : read;

    const parts = { access, permissions, incoming, requestId, ip, principal, params, query, body };
    const key = operation.idempotent && incoming.header('idempotency-key');
    if (key === undefined) {
      const call = new Call(parts);
      return judged(operation, call, await operation.handle(call));
    }
    const isAtomic = operation.idempotent === 'atomic';
    const { path } = incoming;
    const request = { key, operationId: operation.id, isAtomic, sender: principal, ip, path, body: bytes };
    const run = async () => {
      const call = new Call({ ...parts, incoming: lasting(incoming) });
      return judged(operation, call, await operation.handle(call));
    };
    return this.#parts.idempotency.once(request, run);
  }

  #find(path: string) {
    const { basePath } = this.#parts;
    if (basePath === '') return this.#tree.find(path);
    return path.startsWith(`${basePath}/`) ? this.#tree.find(path.slice(basePath.length)) : undefined;
  }

  #options(incoming: Incoming, methods: ReadonlyMap<Method, Route>): Answer {
    const allow = allowed(methods);
    return { status: 204, headers: ['allow', allow.join(', '), ...this.#parts.cors.preflight(incoming, allow)] };
  }

  async #sender(kind: Access['kind'], incoming: Incoming): Promise<Principal | undefined> {
    let principal: Principal | undefined;
    try {
      principal = await this.#parts.authenticator.identify(incoming);
    } catch (error) {
      throw await this.#parts.failedTokens.judge(error, addressOf(incoming.connection));
    }
    if (principal !== undefined || kind === 'introduced') return principal;
    throw new HttpProblem('AUTHENTICATION_REQUIRED', 'This takes an Authorization header');
  }

  /** Charges a request to whom it counts for; undefined where it counts for nobody. */
  #charging(
    { rate, access }: Operation,
    client: Connection,
    principal: Principal | undefined,
  ): Promise<Charge> | undefined {
    const isIntroduction = access.kind === 'introduced' && principal === undefined;
    const kind = rate ?? (principal === undefined ? (isIntroduction ? 'address' : 'none') : 'account');
    if (kind === 'none') return undefined;
    const subject = kind === 'account' ? principal?.accountId : addressOf(client);
    return this.#parts.rateLimits.charge(kind, subject ?? 'unknown');
  }

  #requestId(incoming: Incoming): string {
    const given = this.#parts.proxies.isTrusted(incoming.connection) ? incoming.header('x-request-id') : undefined;
    return given !== undefined && /^[\w-]{1,64}$/.test(given) ? given : this.#requestIds.next();
  }

  #failure(error: unknown, incoming: Incoming, { requestId, operation }: Progress): Answer {
    if (isServerFault(error) && !incoming.signal.aborted) {
      this.#parts.logger?.error('A request failed', { requestId, operation: operation?.id, error });
    }
    return problemAnswer(error, requestId);
  }

  #finished(given: Answer, incoming: Incoming, { requestId, operation, extra }: Progress): Answer {
    const isRead = incoming.method === 'GET' || incoming.method === 'HEAD';
    const answer = isRead && operation?.tagged === true ? notModified(given, incoming) : given;
    const { securityHeaders, cors } = this.#parts;
    const caching = answer.headers.includes('cache-control') ? [] : PRIVATE;
    const own = cors.headers(incoming);
    const headers = [...answer.headers, ...caching, 'x-request-id', requestId, ...extra, ...securityHeaders, ...own];
    return { ...answer, headers };
  }
}

/** Before anything else of the request is read. @throws {PermissionError} PERMISSION_DENIED */
function requirePermission(caller: CallerParts): void {
  const call = new Call({ params: undefined, query: undefined, body: undefined, ...caller });
  if (!call.isHolder) throw call.denied();
}

/** What belongs to somebody is not told of before it was asked whose it is. */
function judged(operation: Operation, call: Call, answer: Answer): Answer {
  if (call.isJudged) return answer;
  throw new TypeError(`operation ${operation.id} answered without having asked whose the resource is`);
}

/** A condition that nobody judges must not look as if it had held. */
function requireKnownCondition({ method, conditional = [] }: Operation, incoming: Incoming): void {
  if (method === 'GET') return;
  for (const name of ['if-match', 'if-none-match'] as const) {
    if (incoming.header(name) === undefined || conditional.includes(name)) continue;
    throw new HttpProblem('HEADER_INVALID', `This operation takes no ${name}`);
  }
}

function allowed(methods: ReadonlyMap<Method, Route>): string[] {
  const get = methods.get('GET');
  const head = get !== undefined && get.operation.noHead !== true ? ['HEAD'] : [];
  return [...methods.keys(), ...head, 'OPTIONS'];
}

function addressOf({ remoteAddress }: Connection): string | undefined {
  return remoteAddress === undefined ? undefined : unmapped(remoteAddress);
}

function exchangeOf(
  { status, errorCode }: Answer,
  { method }: Incoming,
  { requestId, operation, principal }: Progress,
  { durationMs, basePath }: { readonly durationMs: number; readonly basePath: string },
): Exchange {
  return {
    requestId,
    operation: operation?.id,
    route: operation && templateOf(basePath, operation),
    method,
    status,
    durationMs,
    ...(principal && { accountId: principal.accountId }),
    ...(errorCode !== undefined && { code: errorCode }),
  };
}
