import { Resolver } from 'node:dns/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AcmeFetch } from '../../src/acme/http/acme-fetch.ts';
import { nodeFetch } from '../../src/acme/http/node-fetch.ts';
import {
  acmeCertificateId,
  CertificateManager,
  dns01,
  http01,
  LocalKeyring,
  RenewalScheduler,
} from '../../src/index.ts';
import { parseCertificates } from '../../src/x509/certificate/certificate.ts';
import { type Responder, serveHttp01 } from '../support/acme-responders.ts';
import { rejection } from '../support/expect-error.ts';
import { type Pebble, startPebble } from '../support/pebble.ts';
import { createTestIssuer, requestFor, type TestIssuer, untilIssued } from '../support/test-issuer.ts';

const HOUR = 3_600_000;

let pebble: Pebble;
let made: TestIssuer;
let certificates: CertificateManager;
let responder: Responder;
let aheadMs: number;
/** What was ordered: the payloads of newOrder. */
let ordered: Record<string, unknown>[];
/** Answers instead of Pebble, or throws as a network does. */
let intercept: AcmeFetch | undefined;
const records = new Map<string, string[]>();
const clock = { now: () => Date.now() + aheadMs };

beforeAll(async () => {
  pebble = await startPebble({ program: 'pebble-2.6' });
});

afterAll(() => pebble.stop());

beforeEach(async () => {
  aheadMs = 0;
  ordered = [];
  intercept = undefined;
  const { directory, trustAnchorsPem } = pebble;
  const send = nodeFetch(trustAnchorsPem);
  const fetch: AcmeFetch = (url, init) => {
    if (intercept !== undefined) return intercept(url, init);
    if (url.endsWith('/order-plz')) ordered.push(payloadOf(init.body as string));
    return send(url, init);
  };
  const resolver = new Resolver();
  resolver.setServers([`127.0.0.1:${pebble.dnsPort}`]);
  const dns = dns01({
    setTxt: async (record) => {
      records.set(record.name, [...(records.get(record.name) ?? []), record.value]);
      await pebble.setTxt(record);
    },
    removeTxt: async ({ name, value }) => {
      const left = (records.get(name) ?? []).filter((each) => each !== value);
      records.set(name, left);
      await pebble.removeTxt({ name });
      for (const each of left) await pebble.setTxt({ name, value: each });
    },
    propagation: { intervalMs: 100 },
    resolver,
  });
  const keyring = LocalKeyring.generate();
  made = createTestIssuer({ directory, fetch, clock, keyring, solvers: [http01(), dns] });
  const { issuer, storage } = made;
  certificates = new CertificateManager({ storage, keyring, clock, issuers: { public: issuer } });
  responder = await serveHttp01(made.another().http01Responder(), pebble.httpPort);
  return () => responder.close();
});

function payloadOf(body: string): Record<string, unknown> {
  const { payload } = JSON.parse(body) as { payload: string };
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>;
}

function leafOf({ chainPem = '' }: { readonly chainPem?: string | undefined }) {
  return parseCertificates(chainPem)[0] as ReturnType<typeof parseCertificates>[number];
}

async function statusOf(serialNumber: string): Promise<{ Status: string; Reason?: number }> {
  return JSON.parse(await pebble.manage(`cert-status-by-serial/${serialNumber}`)) as {
    Status: string;
    Reason?: number;
  };
}

describe('a certificate manager with an ACME issuer at Pebble 2.6', () => {
  it('S4-1 S4-4 S4-11: creates for two names, renews by replacing, and revokes what was replaced with it', async () => {
    const names = ['one.example', 'two.example'];
    const first = await certificates.create({ name: 'web', subjectAltNames: names });
    expect(first).toMatchObject({ state: 'issued', status: 'valid', active: true, generation: 1, issuer: 'public' });
    expect(
      leafOf(first)
        .subjectAltNames?.map(({ value }) => value)
        .sort(),
    ).toEqual(names);
    expect(ordered).toEqual([{ identifiers: names.map((value) => ({ type: 'dns', value })) }]);

    const second = await certificates.renew(first.id);
    expect(second.generation).toBe(2);
    expect(leafOf(second).spki).not.toEqual(leafOf(first).spki);
    expect(ordered[1]?.replaces).toBe(acmeCertificateId(leafOf(first).der));
    expect(await certificates.export(first.id, { format: 'pem' })).toMatchObject({ chainPem: second.chainPem });

    expect(await certificates.revoke(first.id, { reason: 'superseded' })).toMatchObject({ state: 'revoked' });
    for (const each of [first, second])
      expect(await statusOf(leafOf(each).serialNumber)).toMatchObject({ Status: 'Revoked', Reason: 4 });
  });

  it('S4-5: creates for a wildcard by dns-01, and leaves no record', async () => {
    const { chainPem } = await certificates.create({ subjectAltNames: ['w.example', '*.w.example'] });
    expect(leafOf({ chainPem }).subjectAltNames).toHaveLength(2);
    expect([...records.values()].flat()).toEqual([]);
  });

  it('asks for the window of a renewal, and renews what the CA has revoked', async () => {
    const { id, chainPem } = await certificates.create({ subjectAltNames: ['ari.example'] });
    const window = await made.issuer.renewalInfo({ certificateDer: leafOf({ chainPem }).der });
    expect(window?.windowEnd.getTime()).toBeGreaterThan(window?.windowStart.getTime() as number);
    expect(window?.retryAt.getTime()).toBeGreaterThan(clock.now() + HOUR);
    const scheduler = new RenewalScheduler({ certificates, clock });
    expect(await scheduler.runOnce()).toMatchObject({ renewed: 0 });
    // The CA has revoked it: its window has come. What is not a day old is left alone all the same.
    await made.issuer.revokeCertificate({ certificateDer: leafOf({ chainPem }).der });
    aheadMs = 25 * HOUR;
    expect(await scheduler.runOnce()).toMatchObject({ renewed: 1, failed: 0 });
    expect((await certificates.get(id)).generation).toBe(2);
    expect(ordered[1]?.replaces).toBe(acmeCertificateId(leafOf({ chainPem }).der));
  });

  it.each(['a network that is down', 'a rate limit'])(
    'plans a retry after %s, which finishes the same request',
    async (what) => {
      const isLimit = what === 'a rate limit';
      const send = nodeFetch(pebble.trustAnchorsPem);
      const headers = new Map([
        ['content-type', 'application/problem+json'],
        ['retry-after', '7200'],
      ]);
      async function* body() {
        yield Buffer.from('{"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many"}');
      }
      intercept = async (url, init) => {
        if (!isLimit) throw new Error('the network is down');
        if (!url.endsWith('/order-plz')) return send(url, init);
        return { status: 429, headers: { get: (name) => headers.get(name) ?? null }, body: body() };
      };
      const name = `${isLimit ? 'limited' : 'down'}.example`;
      const error = await rejection(certificates.create({ name, subjectAltNames: [name] }));
      expect(error.code).toBe(isLimit ? 'ACME_RATE_LIMITED' : 'ACME_UNAVAILABLE');
      const pending = await certificates.getByName(name);
      expect(pending?.state).toBe('pending');

      const scheduler = new RenewalScheduler({ certificates, clock });
      aheadMs += 120_000;
      const before = clock.now();
      const report = await scheduler.runOnce();
      expect(report).toMatchObject({ renewed: 0, failed: 1 });
      expect((report.nextDueAt as Date).getTime()).toBeGreaterThanOrEqual(before + (isLimit ? 2 * HOUR : 54_000));
      intercept = undefined;
      aheadMs += 3 * HOUR;
      expect(await scheduler.runOnce()).toMatchObject({ renewed: 1, failed: 0 });
      expect(await certificates.getByName(name)).toMatchObject({ id: pending?.id, state: 'issued', generation: 1 });
      expect(ordered).toHaveLength(1);
    },
  );

  it('orders without, where a certificate has been replaced already', async () => {
    const first = await certificates.create({ subjectAltNames: ['r.example'] });
    await certificates.renew(first.id);
    const replaces = leafOf(first).serialNumber;
    await untilIssued(made.issuer, await requestFor(['r.example'], { replaces }));
    const [, once, again, without] = ordered.map((payload) => payload.replaces);
    expect([once, again, without]).toEqual([once, acmeCertificateId(leafOf(first).der), undefined]);
    expect(again).toBe(once);
    expect(ordered).toHaveLength(4);
  });

  it('S4-3: goes on after a change of the key of its account', async () => {
    await certificates.create({ subjectAltNames: ['before.example'] });
    await made.another().rotateAccountKey();
    expect(await certificates.create({ subjectAltNames: ['after.example'] })).toMatchObject({ state: 'issued' });
  });
});
