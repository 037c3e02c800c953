import * as pkijs from 'pkijs';
import { beforeAll, describe, expect, it } from 'vitest';
import { derOctetString } from '../../../src/encoding/der/writer.ts';
import { validatePath } from '../../../src/index.ts';
import { type CrlReason, crlReasons } from '../../../src/x509/crl/crl-reason.ts';
import { encodeOcspNoCheck } from '../../../src/x509/extensions/revocation-hints.ts';
import { keyBits } from '../../../src/x509/ocsp/cert-id.ts';
import { encodeOcspError } from '../../../src/x509/ocsp/ocsp-error.ts';
import { parseOcspResponse } from '../../../src/x509/ocsp/ocsp-response.ts';
import { OcspResponseBuilder } from '../../../src/x509/ocsp/ocsp-response-builder.ts';
import type { OcspAnswerStatus } from '../../../src/x509/ocsp/single-response.ts';
import { codeOf } from '../../support/expect-error.ts';
import { successful, testCertId } from '../../support/ocsp-client.ts';
import { AT, crypto, type Entity, issue } from '../path/path-pki.ts';

const HOUR = 3_600_000;
const NOW = AT.getTime();
let root: Entity;
let leaf: Entity;
let responder: Entity;

beforeAll(async () => {
  root = await issue({ subject: 'CN=Root', ca: true });
  leaf = await issue({ subject: 'CN=Leaf', issuer: root });
  responder = await issue({
    subject: 'CN=Responder',
    issuer: root,
    purposes: ['ocspSigning'],
    extensions: [encodeOcspNoCheck()],
  });
});

async function build(status: OcspAnswerStatus, options: { by?: Entity; nonce?: Uint8Array; digest?: 'SHA-256' } = {}) {
  const { by = responder, nonce, digest = 'SHA-1' } = options;
  const keyHash = await crypto.digest('SHA-1', keyBits(by.key.publicKey.spki));
  const builder = new OcspResponseBuilder({
    signingKey: by.key,
    keyHash,
    ...(by === root ? {} : { certificate: by.der }),
  });
  const certId = await testCertId(root.pem, leaf.serialNumber, digest);
  const answer = { certId, status, thisUpdate: NOW - HOUR, nextUpdate: NOW + HOUR };
  const der = await builder.build(
    { producedAt: NOW, answers: [answer], nonce: nonce && derOctetString(nonce) },
    crypto,
  );
  return { der, certId };
}

async function judge(der: Uint8Array, ocspNonce?: Uint8Array): Promise<string> {
  const result = await validatePath({
    certificate: leaf.pem,
    trustAnchors: root.pem,
    at: AT,
    requireRevocation: true,
    ocspResponses: [der],
    ...(ocspNonce === undefined ? {} : { ocspNonce }),
  });
  return result.valid ? (result.revocation[0]?.status ?? 'none') : result.error.code;
}

describe('a response', () => {
  it('of a delegated responder, and of the issuer itself, is believed', async () => {
    for (const by of [responder, root]) {
      expect(await judge((await build({ kind: 'good' }, { by })).der)).toBe('good');
      expect(await judge((await build({ kind: 'unknown' }, { by })).der)).toBe('PATH_REVOCATION_UNKNOWN');
      const revoked = { kind: 'revoked', revokedAt: NOW - HOUR, reason: 'keyCompromise' } as const;
      expect(await judge((await build(revoked, { by })).der)).toBe('PATH_REVOKED');
    }
  });

  it('reads back as it was written', async () => {
    const { der } = await build({ kind: 'good' }, { digest: 'SHA-256' });
    const { responses, producedAt, certificates, extensions, responder: who } = successful(der);
    expect(responses).toHaveLength(1);
    expect(responses[0]).toMatchObject({
      status: 'good',
      thisUpdate: new Date(NOW - HOUR),
      nextUpdate: new Date(NOW + HOUR),
      certId: { hashAlgorithm: '2.16.840.1.101.3.4.2.1', serialNumber: leaf.serialNumber },
    });
    expect(producedAt).toEqual(AT);
    expect(certificates).toEqual([responder.der]);
    expect(extensions).toEqual([]);
    expect(who).toEqual({ keyHash: await crypto.digest('SHA-1', keyBits(responder.key.publicKey.spki)) });
  });

  it.each(crlReasons)('tells the reason %s', async (reason: CrlReason) => {
    const { der } = await build({ kind: 'revoked', revokedAt: NOW - HOUR, reason });
    expect(successful(der).responses[0]).toMatchObject({
      status: 'revoked',
      revokedAt: new Date(NOW - HOUR),
      reason: reason === 'unspecified' ? undefined : reason,
    });
  });

  it('repeats a nonce of any length', async () => {
    for (const length of [1, 32, 128]) {
      const nonce = crypto.randomBytes(length);
      const { der } = await build({ kind: 'good' }, { nonce });
      expect(await judge(der, nonce)).toBe('good');
      expect(await judge(der, nonce.with(0, (nonce[0] as number) ^ 1))).toBe('PATH_REVOCATION_UNKNOWN');
    }
  });

  it('of many answers is read by pkijs', async () => {
    const keyHash = await crypto.digest('SHA-1', keyBits(responder.key.publicKey.spki));
    const builder = new OcspResponseBuilder({ signingKey: responder.key, keyHash, certificate: responder.der });
    const certId = await testCertId(root.pem, leaf.serialNumber);
    const answer = { certId, thisUpdate: NOW, nextUpdate: NOW + HOUR };
    const revoked = { kind: 'revoked', revokedAt: NOW, reason: 'superseded' } as const;
    const statuses: readonly OcspAnswerStatus[] = [{ kind: 'good' }, revoked, { kind: 'unknown' }];
    const answers = Array.from({ length: 99 }, (_, at) => ({
      ...answer,
      status: statuses[at % 3] as OcspAnswerStatus,
    }));
    const der = await builder.build({ producedAt: NOW, answers, nonce: undefined }, crypto);
    const response = pkijs.OCSPResponse.fromBER(new Uint8Array(der));
    expect(response.responseStatus.valueBlock.valueDec).toBe(0);
    const basic = pkijs.BasicOCSPResponse.fromBER(
      response.responseBytes?.response.valueBlock.valueHexView as Uint8Array<ArrayBuffer>,
    );
    expect(basic.tbsResponseData.responses).toHaveLength(99);
    expect(basic.tbsResponseData.producedAt).toEqual(AT);
    expect(successful(der).responses.map(({ status }) => status)).toEqual(
      statuses.concat(...new Array(32).fill(statuses)).map(({ kind }) => kind),
    );
  });

  it('with a year that no time can hold is refused', async () => {
    expect(await codeOf(build({ kind: 'revoked', revokedAt: 9e15, reason: 'unspecified' }))).toBe('INVALID_ARGUMENT');
  });
});

describe('an error', () => {
  it.each(['malformedRequest', 'internalError', 'tryLater', 'sigRequired', 'unauthorized'] as const)('%s', (status) => {
    const der = encodeOcspError(status);
    expect(parseOcspResponse(der)).toBe(status);
    const codes = { malformedRequest: 1, internalError: 2, tryLater: 3, sigRequired: 5, unauthorized: 6 };
    expect(pkijs.OCSPResponse.fromBER(new Uint8Array(der)).responseStatus.valueBlock.valueDec).toBe(codes[status]);
  });
});
