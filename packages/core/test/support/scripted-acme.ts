import { createPublicKey, verify } from 'node:crypto';
import { toBase64Url } from '../../src/encoding/base64.ts';
import { fromUtf8, utf8 } from '../../src/encoding/bytes.ts';
import type { AcmeFetch, AcmeFetchResponse, AcmeIdentifier, Http01Responder, PrivateKey } from '../../src/index.ts';
import { nodeCrypto } from '../../src/index.ts';
import type { Clock } from '../../src/ports/clock.ts';
import { parseCsr } from '../../src/x509/csr/csr.ts';
import { encodeSubjectAltName } from '../../src/x509/extensions/alternative-names.ts';
import type { GeneralName } from '../../src/x509/name/general-name.ts';
import { testCertificate } from './test-ca.ts';
import { testKey } from './test-keys.ts';

const ORIGIN = 'https://acme.test';
const DAY = 86_400_000;

/** One request as the server got it. */
export interface ScriptedRequest {
  readonly method: string;
  /** Its path, such as `/order/1`. */
  readonly path: string;
  /** What was signed; undefined for plain requests and POST-as-GET. */
  readonly payload: Record<string, unknown> | undefined;
  readonly body: string | undefined;
}

/** What an interceptor answers instead of the server. */
export interface ScriptedAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Text is sent as it is, anything else as JSON. */
  readonly body?: unknown;
}

interface Order {
  status: string;
  readonly identifiers: readonly AcmeIdentifier[];
  readonly account: string;
  readonly replaces: unknown;
  readonly profile: unknown;
  readonly notAfter: unknown;
  chain?: string;
}

/**
 * An ACME server in memory that does as a test says. It keeps accounts, orders and nonces and checks every signature, so that it answers a client
 * as a server would; what it lacks of a server is told by Pebble's tests.
 */
export class ScriptedAcme {
  readonly directory = `${ORIGIN}/directory`;
  readonly requests: ScriptedRequest[] = [];
  readonly orders: Order[] = [];
  /** Thumbprint-like text of each account's key, by its number. */
  readonly accounts: string[] = [];
  /** Answers instead of the server, when it gives something. What it throws is a connection that breaks. */
  intercept: (request: ScriptedRequest) => ScriptedAnswer | undefined | Promise<ScriptedAnswer | undefined> = () =>
    undefined;
  /** Where http-01 is looked for; without it every challenge is taken for solved. */
  responder: Http01Responder | undefined;
  /** What the directory says besides. */
  meta: Record<string, unknown> = {};
  renewalInfo = false;
  /** When its certificates end, in epoch milliseconds. Default: in 90 days. */
  validUntil: number | undefined;
  /** Whether accounts have a list of their orders. */
  listsOrders = false;
  /** Whether an order that is open is given again for the same names, profile and end. */
  reusesOrders = false;
  challengeTypes: readonly string[] = ['http-01', 'quantum-01'];
  #nonces = new Set<string>();
  #nonce = 0;
  readonly #clock: Clock;
  readonly #signingKey: Promise<PrivateKey> = testKey('ECDSA-P384');

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  readonly fetch: AcmeFetch = async (url, { method, body }) => {
    const path = url.slice(ORIGIN.length);
    const jws =
      body === undefined ? undefined : (JSON.parse(body) as Record<'protected' | 'payload' | 'signature', string>);
    const payload =
      jws === undefined || jws.payload === ''
        ? undefined
        : (JSON.parse(decode(jws.payload)) as Record<string, unknown>);
    const request: ScriptedRequest = { method, path, payload, body };
    this.requests.push(request);
    const answer = (await this.intercept(request)) ?? (await this.#answer(request, url, jws));
    return this.#respond(answer);
  };

  /** How often a path was asked for. */
  count(path: string | RegExp): number {
    return this.requests.filter((each) => (typeof path === 'string' ? each.path === path : path.test(each.path)))
      .length;
  }

  problem(type: string, status = 400, more: object = {}): ScriptedAnswer {
    return {
      status,
      headers: { 'content-type': 'application/problem+json' },
      body: { type: `urn:ietf:params:acme:error:${type}`, detail: `because of ${type}`, ...more },
    };
  }

  async #answer(
    request: ScriptedRequest,
    url: string,
    jws: Record<'protected' | 'payload' | 'signature', string> | undefined,
  ): Promise<ScriptedAnswer> {
    const { path, method } = request;
    if (path === '/directory') return { body: this.#directory() };
    if (path === '/nonce') return { status: 200 };
    if (path.startsWith('/renewal-info/')) return { body: this.#renewalInfo() };
    if (method !== 'POST' || jws === undefined) return { status: 405, body: '' };
    const header = JSON.parse(decode(jws.protected)) as Record<string, unknown>;
    if (!this.#nonces.delete(String(header.nonce))) return this.problem('badNonce');
    if (header.url !== url) return this.problem('malformed');
    const { kid, jwk } = header as { kid?: string; jwk?: object };
    const held = kid === undefined ? JSON.stringify(jwk) : this.accounts[Number(kid.split('/').at(-1)) - 1];
    if (held === undefined) return this.problem('accountDoesNotExist');
    if (!isSigned(jws, JSON.parse(held) as object))
      return this.problem('malformed', 400, { detail: 'JWS verification error' });
    return this.#resource(request, held, kid);
  }

  async #resource(
    { path, payload: given }: ScriptedRequest,
    key: string,
    kid: string | undefined,
  ): Promise<ScriptedAnswer> {
    const payload = given ?? {};
    const isEmpty = given !== undefined && Object.keys(given).length === 0;
    const [, kind = '', text = ''] = path.split('/');
    const number = Number(text);
    switch (kind) {
      case 'new-account':
        return this.#newAccount(key, payload);
      case 'account':
        if (isEmpty) return this.problem('malformed', 400, { detail: 'an update without a change' });
        return { body: this.#account(number) };
      case 'account-orders':
        return { body: { orders: this.orders.map((_, at) => `${ORIGIN}/order/${at + 1}`) } };
      case 'key-change': {
        const inner = JSON.parse(decode(String(payload.protected))) as { jwk: object };
        this.accounts[Number(kid?.split('/').at(-1)) - 1] = JSON.stringify(inner.jwk);
        return { body: {} };
      }
      case 'new-order':
        return this.#newOrder(payload, kid as string);
      case 'order':
        return this.orders[number - 1] === undefined ? this.problem('malformed', 404) : { body: this.#order(number) };
      case 'authorization':
        return { body: await this.#authorization(text) };
      case 'challenge':
        return this.#answerChallenge(text, key);
      case 'finalize':
        return this.#finalize(number, String(payload.csr));
      case 'certificate':
        return {
          headers: { 'content-type': 'application/pem-certificate-chain' },
          body: this.orders[number - 1]?.chain,
        };
      case 'revoke':
        return { status: 200, body: '' };
      default:
        return this.problem('malformed', 404);
    }
  }

  #directory(): object {
    const at = (path: string) => `${ORIGIN}/${path}`;
    return {
      newNonce: at('nonce'),
      newAccount: at('new-account'),
      newOrder: at('new-order'),
      revokeCert: at('revoke'),
      keyChange: at('key-change'),
      ...(this.renewalInfo && { renewalInfo: at('renewal-info') }),
      aNewThing: { that: 'nobody knows' },
      meta: { termsOfService: at('terms'), ...this.meta },
    };
  }

  #renewalInfo(): object {
    const now = this.#clock.now();
    const suggestedWindow = { start: new Date(now + DAY).toISOString(), end: new Date(now + 2 * DAY).toISOString() };
    return { suggestedWindow, explanationURL: 'https://acme.test/why' };
  }

  #newAccount(key: string, payload: Record<string, unknown>): ScriptedAnswer {
    const known = this.accounts.indexOf(key);
    if (known < 0 && payload.onlyReturnExisting === true) return this.problem('accountDoesNotExist');
    const number = known < 0 ? this.accounts.push(key) : known + 1;
    return {
      status: known < 0 ? 201 : 200,
      headers: { location: `${ORIGIN}/account/${number}` },
      body: this.#account(number),
    };
  }

  #account(number: number): object {
    return { status: 'valid', ...(this.listsOrders && { orders: `${ORIGIN}/account-orders/${number}` }) };
  }

  #newOrder(payload: Record<string, unknown>, account: string): ScriptedAnswer {
    const identifiers = payload.identifiers as AcmeIdentifier[];
    const { replaces, profile, notAfter } = payload;
    const open = this.orders.findIndex(
      (order) =>
        ['pending', 'ready'].includes(order.status) &&
        JSON.stringify(order.identifiers) === JSON.stringify(identifiers) &&
        order.profile === profile &&
        order.notAfter === notAfter,
    );
    const number =
      this.reusesOrders && open >= 0
        ? open + 1
        : this.orders.push({ status: 'pending', identifiers, account, replaces, profile, notAfter });
    return { status: 201, headers: { location: `${ORIGIN}/order/${number}` }, body: this.#order(number) };
  }

  #order(number: number): object {
    const { status, identifiers, chain, replaces } = this.orders[number - 1] as Order;
    return {
      status,
      identifiers,
      authorizations: identifiers.map((_, at) => `${ORIGIN}/authorization/${number}-${at}`),
      finalize: `${ORIGIN}/finalize/${number}`,
      ...(chain !== undefined && { certificate: `${ORIGIN}/certificate/${number}` }),
      ...(replaces !== undefined && { replaces }),
    };
  }

  readonly #solved = new Set<string>();

  async #authorization(text: string): Promise<object> {
    const [number = '', at = ''] = text.split('-');
    const { type, value } = (this.orders[Number(number) - 1] as Order).identifiers[Number(at)] as AcmeIdentifier;
    const status = this.#solved.has(text) ? 'valid' : 'pending';
    const challenges = this.challengeTypes.map((each) => ({
      type: each,
      url: `${ORIGIN}/challenge/${text}`,
      status,
      // A type to come may have no token at all.
      ...(each !== 'quantum-01' && { token: tokenOf(text) }),
    }));
    const isWildcard = value.startsWith('*.');
    return {
      status,
      identifier: { type, value: value.replace(/^\*\./, '') },
      challenges,
      ...(isWildcard && { wildcard: true }),
    };
  }

  async #answerChallenge(text: string, key: string): Promise<ScriptedAnswer> {
    const [number = '', at = ''] = text.split('-');
    const order = this.orders[Number(number) - 1] as Order;
    const token = tokenOf(text);
    const expected = `${token}.${await thumbprint(key)}`;
    const found =
      this.responder === undefined ? expected : await this.responder(token, order.identifiers[Number(at)]?.value);
    const url = `${ORIGIN}/challenge/${text}`;
    if (found === expected) this.#solved.add(text);
    else order.status = 'invalid';
    const isReady = order.identifiers.every((_, index) => this.#solved.has(`${number}-${index}`));
    if (order.status === 'pending' && isReady) order.status = 'ready';
    return { body: { type: this.challengeTypes[0], url, status: 'processing', token } };
  }

  async #finalize(number: number, csr: string): Promise<ScriptedAnswer> {
    const order = this.orders[number - 1] as Order;
    if (order.status !== 'ready') return this.problem('orderNotReady', 403);
    order.chain = await this.certify(csr, order.identifiers);
    order.status = 'valid';
    return { body: this.#order(number) };
  }

  /** The certificate that a CSR asks for, with its issuer's. */
  async certify(csr: string, identifiers: readonly AcmeIdentifier[], issuer = 'CN=Scripted CA'): Promise<string> {
    const { spki } = parseCsr(new Uint8Array(Buffer.from(csr, 'base64url')));
    const signingKey = await this.#signingKey;
    const names = identifiers.map(({ type, value }): GeneralName => ({ kind: type === 'ip' ? 'ip' : 'dns', value }));
    const now = this.#clock.now();
    const leaf = await testCertificate({
      subject: `CN=${identifiers[0]?.value.replaceAll('*', '\\2a')}`,
      issuer,
      spki,
      signingKey,
      notBefore: now - DAY,
      notAfter: this.validUntil ?? now + 90 * DAY,
      basicConstraints: undefined,
      keyUsage: ['digitalSignature'],
      extensions: [encodeSubjectAltName(names)],
    });
    return leaf + (await testCertificate({ subject: issuer, signingKey }));
  }

  #respond({ status = 200, headers = {}, body = '' }: ScriptedAnswer): AcmeFetchResponse {
    const nonce = `nonce${this.#nonce++}`;
    this.#nonces.add(nonce);
    const isText = typeof body === 'string';
    const all: Record<string, string> = {
      'replay-nonce': nonce,
      'content-type': isText ? 'text/html' : 'application/json',
      ...headers,
    };
    async function* chunks(): AsyncGenerator<Uint8Array> {
      yield utf8(isText ? body : JSON.stringify(body));
    }
    return { status, headers: { get: (name) => all[name] ?? null }, body: chunks() };
  }
}

function tokenOf(text: string): string {
  return `token-of-the-challenge-number-${text}`;
}

function decode(text: string): string {
  return fromUtf8(new Uint8Array(Buffer.from(text, 'base64url')));
}

function isSigned(jws: Record<'protected' | 'payload' | 'signature', string>, jwk: object): boolean {
  const key = createPublicKey({ key: jwk as never, format: 'jwk' });
  const signature = Buffer.from(jws.signature, 'base64url');
  return verify(
    'sha256',
    Buffer.from(`${jws.protected}.${jws.payload}`),
    { key, dsaEncoding: 'ieee-p1363' },
    signature,
  );
}

async function thumbprint(key: string): Promise<string> {
  const { crv, kty, x, y } = JSON.parse(key) as Record<string, string>;
  return toBase64Url(await nodeCrypto().digest('SHA-256', utf8(JSON.stringify({ crv, kty, x, y }))));
}
