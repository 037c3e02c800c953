import { beforeEach, describe, expect, it } from 'vitest';
import { type AcmeIssuerOptions, acmeCertificateId } from '../../../src/index.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { parseCertificate, parseCertificates } from '../../../src/x509/certificate/certificate.ts';
import { codeOf, rejection } from '../../support/expect-error.ts';
import { ScriptedAcme } from '../../support/scripted-acme.ts';
import { createTestIssuer, issueBy, requestFor, type TestIssuer } from '../../support/test-issuer.ts';

let clock: VirtualClock;
let server: ScriptedAcme;

function make(options: Partial<AcmeIssuerOptions> = {}): TestIssuer {
  // With waitMs 0 a request does one pass and never sleeps.
  const made = createTestIssuer({ clock, fetch: server.fetch, waitMs: 0, ...options });
  server.responder = made.another().http01Responder();
  return made;
}

beforeEach(() => {
  clock = new VirtualClock();
  server = new ScriptedAcme(clock);
});

describe('AcmeIssuer', () => {
  it('S4-5: refuses more than 100 names, and names that ACME has no identifiers for', async () => {
    const { issuer } = make();
    const many = Array.from({ length: 101 }, (_, at) => `n${at}.example`);
    const refused = [many, [], ['email:a@b.example'], ['no_host.example'], ['a.example.']];
    for (const names of refused)
      expect(await codeOf(requestFor(names).then((request) => issuer.requestCertificate(request)))).toBe(
        'INVALID_ARGUMENT',
      );
    const request = await requestFor(['a.example']);
    const error = await rejection(
      issuer.requestCertificate({ ...request, subjectAltNames: ['a.example', 'b.example'] }),
    );
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('b.example') });
    expect(server.requests).toEqual([]);
  });

  it('asks for the window of a renewal', async () => {
    const { issuer } = make();
    const [leaf] = parseCertificates(await issueBy(clock, issuer, await requestFor(['a.example'])));
    const certificateDer = leaf?.der as Uint8Array;
    expect(await issuer.renewalInfo({ certificateDer })).toBeUndefined();
    clock.advance(3_600_000);
    server.renewalInfo = true;
    const now = clock.now();
    expect(await issuer.renewalInfo({ certificateDer })).toEqual({
      windowStart: new Date(now + 86_400_000),
      windowEnd: new Date(now + 2 * 86_400_000),
      retryAt: new Date(now + 6 * 3_600_000),
      explanationUrl: 'https://acme.test/why',
    });
    expect(server.requests.at(-1)?.path).toBe(`/renewal-info/${acmeCertificateId(certificateDer)}`);
    server.intercept = () => server.problem('malformed', 404);
    expect(await issuer.renewalInfo({ certificateDer })).toBeUndefined();
  });

  it('orders a profile that the server offers, and no other', async () => {
    server.meta = { profiles: { shortlived: 'six days' } };
    const { issuer, another } = make({ profile: 'shortlived' });
    await issueBy(clock, issuer, await requestFor(['a.example']));
    expect(server.orders[0]?.profile).toBe('shortlived');
    const error = await rejection(another().requestCertificate(await requestFor(['b.example'], { profile: 'server' })));
    expect(error).toMatchObject({ code: 'ACME_UNSUPPORTED', facts: { profile: 'server', offered: ['shortlived'] } });
  });

  it('takes the chain of the preferred name, or the first', async () => {
    const { another } = make();
    const alternates = new Map<string, string>();
    server.intercept = async ({ path, method }) => {
      if (!path.startsWith('/certificate/') || method !== 'POST') return undefined;
      const number = Number(path.split('/')[2]);
      const order = server.orders[number - 1];
      const headers = {
        'content-type': 'application/pem-certificate-chain',
        link: `<https://acme.test/directory>;rel="index", <${path}/alternate>;rel="alternate"`,
      };
      if (!path.endsWith('/alternate')) return { headers, body: order?.chain };
      return { headers, body: alternates.get(path) };
    };
    const finalized = server.certify.bind(server);
    server.certify = async (csr, identifiers) => {
      alternates.set(
        `/certificate/${server.orders.length}/alternate`,
        await finalized(csr, identifiers, 'CN=Other CA'),
      );
      return finalized(csr, identifiers);
    };
    const issuerOf = async (preferredChain: string, name: string) => {
      const chainPem = await issueBy(clock, another({ preferredChain }), await requestFor([name]));
      return parseCertificate(parseCertificates(chainPem)[0]?.der as Uint8Array).issuer.toString();
    };
    expect(await issuerOf('Other CA', 'a.example')).toBe('CN=Other CA');
    expect(await issuerOf('Scripted CA', 'b.example')).toBe('CN=Scripted CA');
    expect(await issuerOf('Nobody', 'c.example')).toBe('CN=Scripted CA');
  });

  it('is told as pending for as long as the server says', async () => {
    const { issuer } = make();
    const request = await requestFor(['a.example']);
    server.intercept = ({ path }) =>
      path.startsWith('/authorization')
        ? {
            headers: { 'retry-after': '90' },
            body: {
              status: 'pending',
              identifier: { type: 'dns', value: 'a.example' },
              challenges: [{ type: 'http-01', url: 'https://acme.test/challenge/1-0', status: 'processing' }],
            },
          }
        : undefined;
    expect(await issuer.requestCertificate(request)).toEqual({
      pending: true,
      retryAt: new Date(clock.now() + 90_000),
    });
    const tomorrow = new Date(clock.now() + 86_400_000).toUTCString();
    server.intercept = ({ path }) =>
      path === '/order/1'
        ? {
            headers: { 'retry-after': tomorrow },
            body: { status: 'dreaming', identifiers: [], authorizations: [], finalize: 'https://acme.test/finalize/1' },
          }
        : undefined;
    expect(await issuer.requestCertificate(request)).toEqual({ pending: true, retryAt: new Date(tomorrow) });
    server.intercept = () => undefined;
    await issueBy(clock, issuer, request);
  });
});
