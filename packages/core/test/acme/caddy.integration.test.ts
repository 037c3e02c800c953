import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AcmeError, CertificateManager, LocalKeyring, validatePath } from '../../src/index.ts';
import { parseCertificates } from '../../src/x509/certificate/certificate.ts';
import { type Responder, serveHttp01 } from '../support/acme-responders.ts';
import { type Caddy, HTTP_01_PORT, portRefusal, startCaddy } from '../support/caddy.ts';
import { rejection } from '../support/expect-error.ts';
import { createTestIssuer, requestFor, type TestIssuer, untilIssued } from '../support/test-issuer.ts';

const refusal = await portRefusal();

// A second implementation of the protocol, by other people than Pebble's.
describe.skipIf(refusal !== undefined)(
  `Caddy's ACME server${refusal === undefined ? '' : `, left out: ${refusal}`}`,
  () => {
    let caddy: Caddy;
    let made: TestIssuer;
    let responder: Responder;
    const keyring = LocalKeyring.generate();

    beforeAll(async () => {
      caddy = await startCaddy();
      const { directory, trustAnchorsPem } = caddy;
      made = createTestIssuer({ directory, trustAnchorsPem, keyring });
      responder = await serveHttp01(made.another().http01Responder(), HTTP_01_PORT);
    });

    afterAll(async () => {
      await responder.close();
      await caddy.stop();
    });

    it('issues by http-01 what any instance answers, to one account', async () => {
      const request = await requestFor(['localhost']);
      const chainPem = await untilIssued(made.issuer, request);
      expect(await made.another().requestCertificate(request)).toEqual({ chainPem });
      expect(await made.another().accountUrl()).toBe(await made.issuer.accountUrl());
      const [certificate = '', ...intermediates] = parseCertificates(chainPem).map((each) => each.toPem());
      const name = { kind: 'DNS', value: 'localhost' } as const;
      const trustAnchors = caddy.trustAnchorsPem;
      expect(await validatePath({ certificate, intermediates, trustAnchors, name })).toMatchObject({ valid: true });
    });

    it('serves a certificate manager: a certificate is created, renewed with another key, and has no advice', async () => {
      const { storage, issuer } = made;
      const certificates = new CertificateManager({ storage, keyring, issuers: { caddy: issuer } });
      const first = await certificates.create({ subjectAltNames: ['localhost'] });
      const second = await certificates.renew(first.id);
      expect(second).toMatchObject({ state: 'issued', generation: 2 });
      const [one, two] = [first, second].map(({ chainPem = '' }) => parseCertificates(chainPem)[0]);
      expect(two?.spki).not.toEqual(one?.spki);
      expect(await issuer.renewalInfo({ certificateDer: two?.der as Uint8Array })).toBeUndefined();
    });

    it('tells why a challenge failed', async () => {
      const { issuer } = createTestIssuer({ directory: caddy.directory, trustAnchorsPem: caddy.trustAnchorsPem });
      const error = (await rejection(untilIssued(issuer, await requestFor(['localhost'])))) as AcmeError;
      expect(error).toMatchObject({ code: expect.stringMatching(/^ACME_(CHALLENGE|ORDER)_FAILED$/) });
      expect(error.message).toMatch(/localhost/);
    });
  },
);
