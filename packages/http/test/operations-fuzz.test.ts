import { SeededRandom } from '@chancery/core/testing';
import { describe, expect, it } from 'vitest';
import { authenticatorCode } from '../../core/test/support/authenticators/authenticator-code.ts';
import { SoftwareAuthenticator } from '../../core/test/support/authenticators/software-authenticator.ts';
import { seed, soakSize } from '../../core/test/support/soak.ts';
import { type DocumentedOperation, type FuzzedRequest, operationsOf, RequestFuzzer } from './support/request-fuzzer.ts';
import { createTestApi, documentFaults, ORIGIN, PASSWORD, type Session, type TestApi } from './support/test-api.ts';

const REQUESTS = soakSize(10_000, 200_000);
const SEED = seed(20_261_122);
/** For what hangs: a slow machine takes seconds. */
const WORST_MS = 60_000;
/** A run takes new accounts now and then: some requests delete, disable and log out. */
const REQUESTS_AN_ACCOUNT = 250;

describe('every operation of the OpenAPI document', () => {
  it(
    `answers ${REQUESTS} hostile requests without a failure of ours and without a secret (seed ${SEED})`,
    async () => {
      const sink = { name: 'known', deliver: async () => ({ outcome: 'rejected', reason: 'known' }) as const };
      const options = { rateLimits: false, registration: 'open', bodyTimeoutMs: 1_000 } as const;
      const api = await createTestApi(options, { sinks: [sink] });
      const random = new SeededRandom(SEED);
      const operations = operationsOf(api.handlers.document);
      const statuses = new Map<number, number>();
      const reached = new Set<string>();
      let senders = await newSenders(api, 0);
      let fuzzer = await newFuzzer(api, random, senders);
      for (let count = 0; count < REQUESTS; count++) {
        if (count % REQUESTS_AN_ACCOUNT === REQUESTS_AN_ACCOUNT - 1) {
          senders = await newSenders(api, count);
          fuzzer = await newFuzzer(api, random, senders);
        }
        const operation = operations[count % operations.length] as DocumentedOperation;
        const request = fuzzer.request(operation);
        const token = random.pick([senders.admin.token, senders.admin.token, senders.ann.token, 'forged', undefined]);
        const told = `request ${count}: ${operation.method} ${request.path.slice(0, 200)} ${String(request.body).slice(0, 300)}`;
        const { status, faults, text } = await send(api, request, token);
        expect(status, `${told}: ${text.slice(0, 300)}`).toBeLessThan(500);
        expect(faults, told).toEqual([]);
        expect(secretsIn(text, operation.path, [senders.admin.token, senders.ann.token]), told).toEqual([]);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
        if (status < 300) reached.add(`${operation.method} ${operation.path}`);
      }
      expect(api.log.filter(({ level }) => level === 'error')).toEqual([]);
      // A fuzzer that is refused at every door finds nothing: most operations must have been done in earnest.
      expect(reached.size).toBeGreaterThan(operations.length * 0.8);
      expect(statuses.size).toBeGreaterThan(8);
    },
    24 * 60 * 60 * 1_000,
  );
});

async function newSenders(api: TestApi, count: number): Promise<{ admin: Session; ann: Session }> {
  const make = async (login: string, roles: string[]): Promise<Session> => {
    const account = await api.accounts.create({ login: `${login}-${count}`, password: PASSWORD, roles });
    const { accessToken: token } = await api.accounts.login({ login: `${login}-${count}`, password: PASSWORD });
    return { account, token };
  };
  return { admin: await make('root', ['admin']), ann: await make('user', []) };
}

async function newFuzzer(api: TestApi, random: SeededRandom, { admin, ann }: { admin: Session; ann: Session }) {
  const certificate = await api.certificates.create({ subjectAltNames: ['known.example'] });
  const ownerId = ann.account.id;
  await api.vault.store({ ownerId, recordId: 'known', data: 'known', keyMode: 'managed' });
  await api.vault.store({ ownerId: admin.account.id, recordId: 'known', data: 'known' });
  await api.sequence();
  const { passkeyId } = await enroll(api, admin);
  await enroll(api, ann);
  const [intermediate] = await api.authority.intermediates();
  const known = [
    ...['known', certificate.id, certificate.serialNumber ?? '', ownerId, admin.account.id, 'known.example'],
    ...[`${intermediate?.keyIdentifier}.crl`, ann.account.login, passkeyId],
  ];
  const own = { accountId: 'me', certificateId: certificate.id, recordId: 'known', name: 'known.example', passkeyId };
  return new RequestFuzzer(api.handlers.document, random, known, { ...own, current: PASSWORD, sink: 'known' });
}

/** Gives an account an authenticator app and a passkey. */
async function enroll({ accounts, clock }: TestApi, { account: { id } }: Session) {
  const { secret } = await accounts.enrollTotp(id);
  await accounts.confirmTotp(id, authenticatorCode(secret, clock.now()));
  const options = await accounts.beginPasskeyRegistration(id);
  return accounts.finishPasskeyRegistration(id, new SoftwareAuthenticator().create(options));
}

async function send(api: TestApi, { method, path, headers, body }: FuzzedRequest, token: string | undefined) {
  const request = new Request(ORIGIN + path, {
    method,
    headers: { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
    ...(body === undefined ? {} : { body: cheap(body) as BodyInit }),
  });
  if (body !== undefined) request.headers.set('content-length', String(Buffer.byteLength(body)));
  const connection = { remoteAddress: '192.0.2.9', encrypted: true };
  const response = await withinTime(api.handlers.router(request, connection));
  if (response.headers.get('content-type') === 'text/event-stream') {
    await response.body?.cancel();
    return { status: response.status, faults: [], text: '' };
  }
  const text = await withinTime(response.text());
  const isJson = /json/.test(response.headers.get('content-type') ?? '');
  const answer = { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : undefined };
  return { ...answer, text, faults: documentFaults(api.handlers, method, new URL(request.url).pathname, answer) };
}

/** RSA keys take seconds each, and are made no differently. */
function cheap(body: Uint8Array | string): Uint8Array | string {
  return typeof body === 'string' ? body.replace(/RSA-\d{4}/g, 'ECDSA-P256') : body;
}

async function withinTime<T>(work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${WORST_MS} ms`)), WORST_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function secretsIn(text: string, path: string, tokens: readonly string[]): string[] {
  return [
    ...(text.includes('PRIVATE KEY') && !path.endsWith('/export') ? ['a private key'] : []),
    ...(text.includes(PASSWORD) ? ['a password'] : []),
    ...tokens.filter((token) => text.includes(token)).map(() => 'a token of another request'),
  ];
}
