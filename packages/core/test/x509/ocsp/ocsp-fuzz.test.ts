import { describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../../src/index.ts';
import { keyBits } from '../../../src/x509/ocsp/cert-id.ts';
import { parseOcspRequest } from '../../../src/x509/ocsp/ocsp-request.ts';
import { parseOcspResponse } from '../../../src/x509/ocsp/ocsp-response.ts';
import { OcspResponseBuilder } from '../../../src/x509/ocsp/ocsp-response-builder.ts';
import { testOcspRequest } from '../../support/ocsp-client.ts';
import { seed } from '../../support/soak.ts';
import { testCertificate } from '../../support/test-ca.ts';
import { testKey } from '../../support/test-keys.ts';
import { FUZZ_ITERATIONS, fuzz } from '../fuzz.ts';

const SEED = seed(20_261_122);
const nonce = new Uint8Array(32).fill(7);

async function requests(): Promise<Uint8Array[]> {
  const issuer = await testCertificate();
  const options = { serialNumbers: ['01', '7f23'] };
  return [
    await testOcspRequest(issuer, { serialNumbers: ['1234'] }),
    await testOcspRequest(issuer, { ...options, nonce, digest: 'SHA-256' }),
    await testOcspRequest(issuer, {
      ...options,
      singleExtensions: [{ oid: '1.2.3.4', critical: false, value: Uint8Array.of(5, 0) }],
    }),
  ];
}

async function responses(): Promise<Uint8Array[]> {
  const crypto = nodeCrypto();
  const signingKey = await testKey();
  const keyHash = await crypto.digest('SHA-1', keyBits(signingKey.publicKey.spki));
  const builder = new OcspResponseBuilder({ signingKey, keyHash });
  const certId = parseOcspRequest((await requests())[0] as Uint8Array).queries[0]?.der as Uint8Array;
  const times = { certId, thisUpdate: 1.7e12, nextUpdate: 1.8e12 };
  const revoked = { kind: 'revoked', revokedAt: 1.7e12, reason: 'keyCompromise' } as const;
  return Promise.all(
    [{ kind: 'good' } as const, { kind: 'unknown' } as const, revoked].map((status) =>
      builder.build({ producedAt: 1.7e12, answers: [{ ...times, status }], nonce: Uint8Array.of(4, 1, 7) }, crypto),
    ),
  );
}

describe(`mutations of OCSP messages (CHANCERY_SEED=${SEED})`, () => {
  it('of requests are read or refused, within the taxonomy and the budget of steps', async () => {
    const result = fuzz(
      { corpus: await requests(), read: (input) => void parseOcspRequest(input) },
      FUZZ_ITERATIONS,
      SEED,
    );
    expect(result.accepted).toBeGreaterThan(0);
    expect(result.refused.size).toBeGreaterThan(0);
  });

  it('of responses likewise', async () => {
    const result = fuzz(
      { corpus: await responses(), read: (input) => void parseOcspResponse(input) },
      FUZZ_ITERATIONS,
      SEED,
    );
    expect(result.accepted).toBeGreaterThan(0);
    expect(result.refused.size).toBeGreaterThan(0);
  });
});
