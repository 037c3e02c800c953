import type { Clock, CryptoProvider, Logger, Principal } from '@chancery/core';
import type { Authenticator } from '../authentication/authenticator.ts';
import { notModified } from '../conditional/entity-tag.ts';
import type { Answer } from '../exchange/answer.ts';
import type { Connection } from '../exchange/connection.ts';
import { lasting, overConnection } from '../exchange/derived-incoming.ts';
import type { Incoming } from '../exchange/incoming.ts';
import type { Idempotency } from '../idempotency/idempotency.ts';
import type { FailedTokens } from '../limits/failed-tokens.ts';
import type { RateLimits } from '../limits/rate-limits.ts';
import type { RolePermissions } from '../permissions/role-permissions.ts';
import { HttpProblem } from '../problems/http-problem.ts';
import { isServerFault, problemAnswer } from '../problems/problem-answer.ts';
import { type TrustedProxies, unmapped } from '../proxies/trusted-proxies.ts';
import type { Cors } from '../security/cors.ts';
import { Call } from './call.ts';
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
  readonly extra: string[];
  operation?: Operation;
  principal?: Principal;
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
    const progress: Progress = { requestId: this.#requestId(incoming), extra: [] };
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
    const principal = await this.#sender(operation, incoming);
    if (principal !== undefined) progress.principal = principal;
    await this.#charge(operation, client, progress);

    const call = {
      access: operation.access,
      permissions: this.#parts.permissions,
      incoming,
      requestId: progress.requestId,
      ip: addressOf(client),
      principal,
    };
    this.#requirePermission(operation, call);
    requireKnownCondition(operation, incoming);
    const params = readParams(operation, names, values);
    const query = readQuery(operation, incoming);
    const { value: body, bytes } = await readRequestBody(operation, incoming, this.#parts.bodies);

    const run = async (given: Incoming) => {
      const use = new Call({ ...call, incoming: given, params, query, body });
      const answer = await operation.handle(use);
      if (use.isJudged) return answer;
      throw new TypeError(`operation ${operation.id} answered without having asked whose the resource is`);
    };
    const key = operation.idempotent && incoming.header('idempotency-key');
    if (key === undefined) return run(incoming);
    const { ip } = call;
    const isAtomic = operation.idempotent === 'atomic';
    const request = {
      key,
      operationId: operation.id,
      isAtomic,
      sender: principal,
      ip,
      path: incoming.path,
      body: bytes,
    };
    return this.#parts.idempotency.once(request, () => run(lasting(incoming)));
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

  async #sender({ access: { kind } }: Operation, incoming: Incoming): Promise<Principal | undefined> {
    if (kind === 'public') return undefined;
    const principal = await this.#identified(incoming);
    if (principal !== undefined || kind === 'introduced') return principal;
    throw new HttpProblem('AUTHENTICATION_REQUIRED', 'This takes an Authorization header');
  }

  async #identified(incoming: Incoming): Promise<Principal | undefined> {
    try {
      return await this.#parts.authenticator.identify(incoming);
    } catch (error) {
      throw await this.#parts.failedTokens.judge(error, addressOf(incoming.connection));
    }
  }

  async #charge({ rate, access }: Operation, client: Connection, { principal, extra }: Progress): Promise<void> {
    const isIntroduction = access.kind === 'introduced' && principal === undefined;
    const kind = rate ?? (principal === undefined ? (isIntroduction ? 'address' : 'none') : 'account');
    if (kind === 'none') return;
    const subject = kind === 'account' ? principal?.accountId : addressOf(client);
    const { headers, refusal } = await this.#parts.rateLimits.charge(kind, subject ?? 'unknown');
    extra.push(...headers);
    if (refusal !== undefined) throw refusal;
  }

  #requirePermission(
    { access }: Operation,
    call: Omit<ConstructorParameters<typeof Call>[0], 'params' | 'query' | 'body'>,
  ): void {
    if (access.kind !== 'permission') return;
    const use = new Call({ ...call, params: undefined, query: undefined, body: undefined });
    if (!use.isHolder) throw use.denied();
  }

  #requestId(incoming: Incoming): string {
    const given = incoming.header('x-request-id');
    if (given !== undefined && this.#parts.proxies.isTrusted(incoming.connection) && /^[\w-]{1,64}$/.test(given))
      return given;
    return this.#requestIds.next();
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
    return {
      ...answer,
      headers: [
        ...answer.headers,
        ...caching,
        'x-request-id',
        requestId,
        ...extra,
        ...securityHeaders,
        ...cors.headers(incoming),
      ],
    };
  }
}

/** A condition that nobody judges must not look as if it had held. */
function requireKnownCondition({ method, conditional = [] }: Operation, { header }: Incoming): void {
  if (method === 'GET') return;
  for (const name of ['if-match', 'if-none-match'] as const) {
    if (header(name) === undefined || conditional.includes(name)) continue;
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
