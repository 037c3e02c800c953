import {
  type Account,
  AccountManager,
  type CertificateAuthority,
  CertificateManager,
  EventLog,
  LocalKeyring,
  type LogFields,
  type Logger,
  RecordVault,
  type Sink,
  type StorageBackend,
} from '@chancery/core';
import { SeededRandom, VirtualClock } from '@chancery/core/testing';
import { expect } from 'vitest';
import { PASSKEYS } from '../../../core/test/support/authenticators/software-authenticator.ts';
import { seededCrypto } from '../../../core/test/support/seeded-crypto.ts';
import { createTestAuthority } from '../../../core/test/support/test-authority.ts';
import { createTestStorage } from '../../../core/test/support/test-storage.ts';
import { type Connection, createHandlers, type Handlers, type HandlersOptions } from '../../src/index.ts';
import { schemaFaults } from './json-schema.ts';

/** As cheap as hashing gets: what is tested here is not how hard it is to guess. */
const CHEAP_HASHING = { algorithm: 'scrypt', scrypt: { cost: 16, blockSize: 1, parallelization: 1 } } as const;

export const ORIGIN = 'https://app.example';
export const PASSWORD = 'seventeen purple otters';

/** What a call of the API sends. */
export interface ApiCall {
  readonly token?: string | undefined;
  readonly headers?: Record<string, string>;
  readonly json?: unknown;
  readonly body?: BodyInit;
  readonly connection?: Partial<Connection>;
}

/** What came back. */
export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: tests read what the schemas have judged
  readonly body: any;
  readonly text: string;
}

/** Managers on a storage, memory unless the project of the tests says otherwise, and the API of them, with whoever may use it. */
export interface TestApi {
  readonly handlers: Handlers;
  readonly accounts: AccountManager;
  readonly authority: CertificateAuthority;
  readonly certificates: CertificateManager;
  readonly events: EventLog;
  readonly vault: RecordVault;
  readonly clock: VirtualClock;
  readonly storage: StorageBackend;
  /** Another instance of the storage, as another process would open it. */
  anotherStorage(): StorageBackend;
  readonly keyring: LocalKeyring;
  /** What was logged, level and message and fields. */
  readonly log: { level: string; message: string; fields: LogFields | undefined }[];
  readonly admin: Session;
  readonly ann: Session;
  readonly bob: Session;
  /** Sends a request, and judges the answer by the OpenAPI document. */
  call(method: string, path: string, call?: ApiCall): Promise<ApiAnswer>;
  /** Chains the events that wait. */
  sequence(): Promise<void>;
  /** A further instance of the API on the same storage. */
  another(options?: Partial<HandlersOptions>): Handlers;
}

/** An account, and an access token of it. */
export interface Session {
  readonly account: Account;
  readonly token: string;
}

/** What is between managers and handlers. */
export interface TestManagers {
  /** Where events go. */
  readonly sinks?: readonly Sink[];
}

/** Makes an API with an administrator, Ann and Bob. */
export async function createTestApi(
  options: Partial<HandlersOptions> = {},
  { sinks = [] }: TestManagers = {},
): Promise<TestApi> {
  const clock = new VirtualClock();
  const { storage, another: anotherStorage } = createTestStorage(clock);
  const keyring = LocalKeyring.generate();
  const events = new EventLog({ storage, keyring, clock, sinks });
  const { authority } = await createTestAuthority({ clock, storage, keyring, baseUrl: `${ORIGIN}/pki` });
  const accounts = new AccountManager({
    storage,
    keyring,
    clock,
    events,
    issuer: ORIGIN,
    // Of the codes of drawn secrets, six digits each, two are the same now and then.
    crypto: seededCrypto(new SeededRandom(6_238)),
    passwordHashing: CHEAP_HASHING,
    loginThrottle: { pair: false, account: false },
    passkeys: PASSKEYS,
    certificateStatus: authority.certificateStatus(),
  });
  const certificates = new CertificateManager({
    storage,
    keyring,
    clock,
    events,
    issuers: { internal: authority },
    accountGuard: accounts.accountGuard(),
    nameGuard: async (accountId, name) => name.endsWith(`${(await accounts.get(accountId)).login}.example`),
  });
  const vault = new RecordVault({ storage, keyring, clock, events });
  const log: TestApi['log'] = [];
  const another = (changed: Partial<HandlersOptions> = {}) =>
    createHandlers({
      storage,
      keyring,
      accounts,
      authority,
      certificates,
      vault,
      events,
      clock,
      publicOrigin: ORIGIN,
      eventPollMs: 10,
      logger: loggerInto(log),
      ...options,
      ...changed,
    });
  const handlers = another();
  const [sequencing] = events.maintenance();
  return {
    handlers,
    accounts,
    authority,
    certificates,
    events,
    vault,
    clock,
    storage,
    anotherStorage,
    keyring,
    log,
    another,
    admin: await logIn(accounts, 'admin', ['admin']),
    ann: await logIn(accounts, 'ann', []),
    bob: await logIn(accounts, 'bob', []),
    call: (method, path, call = {}) => callApi(handlers, method, path, call),
    async sequence() {
      await sequencing?.run({ limit: 1_000 });
    },
  };
}

async function logIn(accounts: AccountManager, login: string, roles: string[]): Promise<Session> {
  const account = await accounts.create({ login, password: PASSWORD, roles });
  const { accessToken } = await accounts.login({ login, password: PASSWORD });
  return { account, token: accessToken };
}

/** Sends a request to handlers, and judges the answer by their OpenAPI document. */
export async function callApi(
  handlers: Handlers,
  method: string,
  path: string,
  { token, headers = {}, json, body, connection = {} }: ApiCall = {},
): Promise<ApiAnswer> {
  const request = new Request(`${ORIGIN}${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(json === undefined ? {} : { 'content-type': 'application/json' }),
      ...lengthOf(json ?? body),
      ...headers,
    },
    ...(json === undefined ? {} : { body: typeof json === 'string' ? json : JSON.stringify(json) }),
    ...(body === undefined ? {} : { body, duplex: 'half' }),
  } as RequestInit);
  const response = await handlers.router(request, { remoteAddress: '192.0.2.7', encrypted: true, ...connection });
  const text = response.headers.get('content-type') === 'text/event-stream' ? '' : await response.clone().text();
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  const answer = {
    status: response.status,
    headers: response.headers,
    text,
    body: isJson && text !== '' ? JSON.parse(text) : response,
  };
  expect(documentFaults(handlers, method, new URL(request.url).pathname, answer)).toEqual([]);
  return answer;
}

function lengthOf(given: unknown): Record<string, string> {
  if (given === undefined || given instanceof ReadableStream) return {};
  const text = typeof given === 'string' || given instanceof Uint8Array ? given : JSON.stringify(given);
  return { 'content-length': String(Buffer.byteLength(text)) };
}

/** What an answer has that the OpenAPI document does not tell of. */
export function documentFaults(
  handlers: Handlers,
  method: string,
  path: string,
  { status, headers, body }: Pick<ApiAnswer, 'status' | 'headers' | 'body'>,
): string[] {
  // biome-ignore lint/suspicious/noExplicitAny: a document of plain JSON
  const document = handlers.document as any;
  const type = headers.get('content-type')?.split(';')[0] ?? '';
  if (status === 304 || method === 'OPTIONS' || method === 'HEAD') return [];
  if (type === 'application/problem+json') {
    return schemaFaults(document, { $ref: '#/components/schemas/Problem' }, body);
  }
  const template = Object.keys(document.paths).find((each) => fits(each, path, method, document));
  const told = template === undefined ? undefined : document.paths[template][method.toLowerCase()].responses[status];
  if (told === undefined) return [`${method} ${path}: status ${status} is not told of`];
  const content = told.content?.[type] ?? told.content?.[headers.get('content-type') ?? ''] ?? told.content?.['*/*'];
  if (told.content !== undefined && content === undefined) return [`${method} ${path}: type ${type} is not told of`];
  return content?.schema === undefined ? [] : schemaFaults(document, content.schema, body, `${method} ${path}`);
}

// biome-ignore lint/suspicious/noExplicitAny: a document of plain JSON
function fits(template: string, path: string, method: string, document: any): boolean {
  if (document.paths[template][method.toLowerCase()] === undefined) return false;
  const pattern = template
    .replace(/[.]/g, '\\.')
    .replace(/\{request\}/, '.+')
    .replace(/\{[^}]+\}/g, '[^/]+');
  const exact = Object.keys(document.paths).includes(path);
  return exact ? template === path : new RegExp(`^${pattern}$`).test(path);
}

function loggerInto(log: TestApi['log']): Logger {
  const at = (level: string) => (message: string, fields?: LogFields) => log.push({ level, message, fields });
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}
