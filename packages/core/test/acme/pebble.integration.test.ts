import { Resolver } from 'node:dns/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AcmeIssuerOptions, dns01, http01, tlsAlpn01, validatePath } from '../../src/index.ts';
import { parseCertificates } from '../../src/x509/certificate/certificate.ts';
import { formatGeneralName } from '../../src/x509/name/general-name.ts';
import { type Responder, serveHttp01, serveTlsAlpn01 } from '../support/acme-responders.ts';
import { type Pebble, type PebbleOptions, startPebble } from '../support/pebble.ts';
import { createTestIssuer, requestFor, type TestIssuer, untilIssued } from '../support/test-issuer.ts';

const HMAC_KEY = 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W';

/** Names, not in order, of the first certificate of a chain. */
function namesOf(chainPem: string): string[] {
  return (parseCertificates(chainPem)[0]?.subjectAltNames ?? []).map((name) => formatGeneralName(name)).sort();
}

async function isValid(pebble: Pebble, chainPem: string, name: string): Promise<boolean> {
  const [leaf, ...intermediates] = parseCertificates(chainPem).map((each) => each.toPem());
  const trustAnchors = await pebble.manage('roots/0');
  const result = await validatePath({
    certificate: leaf as string,
    intermediates,
    trustAnchors,
    name: { kind: 'DNS', value: name },
  });
  return result.valid;
}

const MATRIX: readonly (readonly [string, PebbleOptions, Partial<AcmeIssuerOptions>])[] = [
  ['as it is', {}, {}],
  ['of version 2.6', { program: 'pebble-2.6' }, {}],
  ['that rejects 5 % of nonces', { env: { PEBBLE_WFE_NONCEREJECT: '5' } }, {}],
  // Of half of them, 24 in a row would be rejected in one run of 200,000, and no more are tried.
  ['that rejects 40 % of nonces', { env: { PEBBLE_WFE_NONCEREJECT: '40' } }, {}],
  ['that reuses authorizations', { env: { PEBBLE_AUTHZREUSE: '100' } }, {}],
  ['that validates after a random delay', { env: { PEBBLE_VA_NOSLEEP: '0', PEBBLE_VA_SLEEPTIME: '2' } }, {}],
  [
    'that requires an external account',
    { externalAccounts: { 'kid-1': HMAC_KEY } },
    { externalAccountBinding: { kid: 'kid-1', hmacKey: HMAC_KEY } },
  ],
  ['with alternate roots', { env: { PEBBLE_ALTERNATE_ROOTS: '2' } }, {}],
  ['with chains of two intermediates', { env: { PEBBLE_CHAIN_LENGTH: '2' } }, {}],
];

describe.each(MATRIX)('Pebble %s', (title, options, settings) => {
  let pebble: Pebble;
  let made: TestIssuer;
  const responders: Responder[] = [];
  let txt: Map<string, string[]>;

  beforeAll(async () => {
    pebble = await startPebble(options);
    const { directory, trustAnchorsPem } = pebble;
    const resolver = new Resolver();
    resolver.setServers([`127.0.0.1:${pebble.dnsPort}`]);
    txt = new Map();
    const dns = dns01({
      setTxt: async (record) => {
        txt.set(record.name, [...new Set([...(txt.get(record.name) ?? []), record.value])]);
        await pebble.setTxt(record);
      },
      removeTxt: async ({ name, value }) => {
        const left = (txt.get(name) ?? []).filter((each) => each !== value);
        txt.set(name, left);
        await pebble.removeTxt({ name });
        for (const each of left) await pebble.setTxt({ name, value: each });
      },
      cnameDelegation: true,
      propagation: { intervalMs: 100 },
      resolver,
    });
    made = createTestIssuer({ directory, trustAnchorsPem, solvers: [http01(), dns, tlsAlpn01()], ...settings });
    responders.push(await serveHttp01(made.another().http01Responder(), pebble.httpPort));
  });

  afterAll(async () => {
    for (const responder of responders) await responder.close();
    await pebble.stop();
  });

  it('issues by http-01 for several names, an address among them, what any instance answers', async () => {
    const names = ['a.example', 'b.example', 'ip:127.0.0.1'];
    const chainPem = await untilIssued(made.issuer, await requestFor(names));
    expect(namesOf(chainPem)).toEqual(names);
    expect(await isValid(pebble, chainPem, 'b.example')).toBe(true);
    expect(parseCertificates(chainPem)).toHaveLength(title.includes('two intermediates') ? 3 : 2);
  });

  it('issues by dns-01 for a name and its wildcard, and leaves no record', async () => {
    const chainPem = await untilIssued(made.issuer, await requestFor(['w.example', '*.w.example']));
    expect(namesOf(chainPem)).toEqual(['*.w.example', 'w.example']);
    expect([...txt.values()].flat()).toEqual([]);
  });

  it('issues by tls-alpn-01, for an address too', async () => {
    const names = ['t.example', 'ip:127.0.0.1'];
    const issuer = made.another({ solvers: [tlsAlpn01()] });
    const responder = await serveTlsAlpn01(made.another(), pebble.tlsPort);
    const chainPem = await untilIssued(issuer, await requestFor(names));
    await responder.close();
    expect(namesOf(chainPem)).toEqual(names.toSorted());
  });

  it('revokes, and takes a second revocation for success', async () => {
    const chainPem = await untilIssued(made.issuer, await requestFor(['r.example']));
    const [leaf] = parseCertificates(chainPem);
    const certificateDer = leaf?.der as Uint8Array;
    await made.issuer.revokeCertificate({ certificateDer, reason: 'superseded' });
    await made.another().revokeCertificate({ certificateDer });
    const status = JSON.parse(await pebble.manage(`cert-status-by-serial/${leaf?.serialNumber}`)) as object;
    expect(status).toMatchObject({ Status: 'Revoked', Reason: 4 });
  });
});
