import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeFetch } from '../../src/acme/http/node-fetch.ts';
import {
  AcmeClient,
  type AcmeError,
  type CertificateRequest,
  http01,
  nodeCrypto,
  type PrivateKey,
} from '../../src/index.ts';
import { parseCertificates } from '../../src/x509/certificate/certificate.ts';
import { type Responder, serveHttp01 } from '../support/acme-responders.ts';
import { codeOf, rejection } from '../support/expect-error.ts';
import { mortal } from '../support/mortal.ts';
import { listenerCertificate, type Pebble, startPebble } from '../support/pebble.ts';
import { createTestIssuer, requestFor, untilIssued } from '../support/test-issuer.ts';
import { testCsr } from '../support/test-keys.ts';

const LEASE_MS = 120_000;
const LONGEST_WAIT_MS = 60_000;
const crypto = nodeCrypto();

let pebble: Pebble;
let answers: (token: string) => string | undefined;
let responder: Responder;

beforeAll(async () => {
  pebble = await startPebble({ env: { PEBBLE_ALTERNATE_ROOTS: '1' } });
  responder = await serveHttp01(async (token) => answers(token), pebble.httpPort);
});

afterAll(async () => {
  await responder.close();
  await pebble.stop();
});

async function newClient(accountKey?: PrivateKey): Promise<AcmeClient> {
  const { directory, trustAnchorsPem } = pebble;
  return new AcmeClient({
    directory,
    trustAnchorsPem,
    accountKey: accountKey ?? (await crypto.generateKey('ECDSA-P384')),
  });
}

async function registered(): Promise<AcmeClient> {
  const client = await newClient();
  await client.createAccount({ contact: ['mailto:ops@example.com'], termsOfServiceAgreed: true });
  return client;
}

/** Runs an order by the protocol's objects alone. */
async function order(client: AcmeClient, names: readonly string[], csr: Uint8Array): Promise<string> {
  const { url, authorizations } = await client.createOrder({
    identifiers: names.map((value) => ({ type: 'dns', value })),
  });
  for (const each of authorizations) {
    const { challenges } = await client.getAuthorization(each);
    const challenge = challenges.find(({ type }) => type === 'http-01');
    const body = await client.keyAuthorization(challenge?.token as string);
    answers = (token) => (body.startsWith(`${token}.`) ? body : undefined);
    await client.answerChallenge(challenge?.url as string);
    await until(async () => (await client.getAuthorization(each)).status === 'valid');
  }
  await client.finalize(await client.getOrder(url), csr);
  await until(async () => (await client.getOrder(url)).status === 'valid');
  return (await client.getOrder(url)).certificate as string;
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  for (const begun = performance.now(); performance.now() - begun < LONGEST_WAIT_MS; ) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('it does not come true');
}

describe('AcmeClient at Pebble', () => {
  it.each(['ECDSA-P256', 'ECDSA-P384', 'RSA-2048'] as const)(
    'signs by %s, and finds its account again',
    async (algorithm) => {
      const key = await crypto.generateKey(algorithm);
      const client = await newClient(key);
      const { url, status } = await client.createAccount({ termsOfServiceAgreed: true });
      expect(status).toBe('valid');
      const again = await newClient(key);
      expect((await again.createAccount({ onlyReturnExisting: true })).url).toBe(url);
      expect(again.accountUrl).toBe(url);
      expect(await codeOf((await newClient()).createAccount({ onlyReturnExisting: true }))).toBe('ACME_REFUSED');
    },
  );

  it('changes contacts and key, and closes the account', async () => {
    const client = await registered();
    const changed = await client.updateAccount({ contact: ['mailto:other@example.com'] });
    expect(changed.contact).toEqual(['mailto:other@example.com']);
    const successor = await crypto.generateKey('ECDSA-P256');
    await client.changeKey(successor);
    expect((await client.getAccount()).contact).toEqual(['mailto:other@example.com']);
    expect((await (await newClient(successor)).createAccount({ onlyReturnExisting: true })).url).toBe(
      client.accountUrl,
    );
    expect((await client.deactivateAccount()).status).toBe('deactivated');
    expect(await codeOf(client.getAccount())).toBe('ACME_REFUSED');
  });

  it('issues, offers alternate chains, revokes by the certificate’s own key', async () => {
    const client = await registered();
    const key = await crypto.generateKey('ECDSA-P256');
    const url = await order(client, ['own.example'], await testCsr({ names: ['own.example'], key }));
    const { chainPem, alternates } = await client.getCertificate(url);
    expect(alternates).toHaveLength(1);
    const other = await client.getCertificate(alternates[0] as string);
    const [first, second] = [chainPem, other.chainPem].map((each) => parseCertificates(each));
    expect(second?.[0]?.spki).toEqual(first?.[0]?.spki);
    expect(second?.at(-1)?.issuer.toString()).not.toBe(first?.at(-1)?.issuer.toString());
    const certificateDer = first?.[0]?.der as Uint8Array;
    await client.revoke({ certificateDer, certificateKey: key, reason: 'keyCompromise' });
    await client.revoke({ certificateDer });
    expect(JSON.parse(await pebble.manage(`cert-status-by-serial/${first?.[0]?.serialNumber}`))).toMatchObject({
      Status: 'Revoked',
    });
    expect(await codeOf(client.renewalInfo(certificateDer))).toBe('ACME_UNSUPPORTED');
  });

  it('gives authorizations up, and lists orders', async () => {
    const client = await registered();
    const { url, authorizations } = await client.createOrder({ identifiers: [{ type: 'dns', value: 'd.example' }] });
    expect(await client.listOrders()).toEqual([url]);
    expect((await client.deactivateAuthorization(authorizations[0] as string)).status).toBe('deactivated');
    expect(await codeOf(client.createAuthorization({ type: 'dns', value: 'd.example' }))).toBe('ACME_UNSUPPORTED');
  });

  it('is refused for names and CSRs with the reason of the server', async () => {
    const client = await registered();
    const error = (await rejection(
      client.createOrder({ identifiers: [{ type: 'dns', value: 'not_a_name' }] }),
    )) as AcmeError;
    expect(error).toMatchObject({
      code: 'ACME_REFUSED',
      problem: { type: expect.stringMatching(/^urn:ietf:params:acme:error:/) },
    });
    expect(error.message).toContain(error.problem?.detail);
  });

  it('does not talk to a server whose TLS it has no reason to trust', async () => {
    const { certPem } = await listenerCertificate();
    for (const anchors of [{}, { trustAnchorsPem: certPem }]) {
      const accountKey = await crypto.generateKey('ECDSA-P256');
      const client = new AcmeClient({ directory: pebble.directory, accountKey, ...anchors });
      const error = await rejection(client.directory());
      expect(error.code).toBe('ACME_UNAVAILABLE');
      expect(error.facts.reason).toMatch(/CERT|SIGNATURE/);
    }
  });
});

describe('AcmeIssuer at Pebble', () => {
  it('passes on why a challenge failed', async () => {
    const { directory, trustAnchorsPem } = pebble;
    const { issuer } = createTestIssuer({ directory, trustAnchorsPem });
    answers = () => 'something else';
    const error = (await rejection(untilIssued(issuer, await requestFor(['f.example'])))) as AcmeError;
    expect(error).toMatchObject({ code: 'ACME_CHALLENGE_FAILED', facts: { identifier: 'f.example', type: 'http-01' } });
    expect(error.problem?.type).toBe('urn:ietf:params:acme:error:unauthorized');
  });

  it('finishes the same order after a death at any exchange', async () => {
    const { directory, trustAnchorsPem } = pebble;
    const fetch = nodeFetch(trustAnchorsPem);
    let aheadMs = 0;
    const clock = { now: () => Date.now() + aheadMs };
    const counted = { orders: 0, finalized: 0 };
    const counting: typeof fetch = (url, init) => {
      if (init.method === 'POST' && url.endsWith('/order-plz')) counted.orders += 1;
      if (url.includes('/finalize-order/')) counted.finalized += 1;
      return fetch(url, init);
    };
    let after = 0;
    for (let reached = true; reached; after++) {
      counted.orders = 0;
      const made = createTestIssuer({ directory, fetch: counting, clock, solvers: [http01()] });
      const request: CertificateRequest = await requestFor([`crash${after}.example`]);
      const respond = made.another().http01Responder();
      await responder.close();
      responder = await serveHttp01(respond, pebble.httpPort);
      const life = mortal({ fetch: counting, storage: made.storage, after });
      await untilIssued(made.another(life), request).catch(() => undefined);
      reached = life.isDead;
      aheadMs += LEASE_MS;
      const chainPem = await untilIssued(made.another(), request);
      expect([after, counted.orders]).toEqual([after, 1]);
      expect(await made.issuer.requestCertificate(request)).toEqual({ chainPem });
    }
    expect(after).toBeGreaterThan(8);
  });
});
