import { createHash, generateKeyPairSync, type KeyObject, randomUUID } from 'node:crypto';
import { CompactSign, exportJWK, type JWK } from 'jose';
import type { DpopProof } from '../../../src/accounts/proofs/proof.ts';
import type { Clock } from '../../../src/ports/clock.ts';

/** What a proof says, besides what it says by itself. */
export interface ProofContents {
  readonly method?: string;
  readonly url?: string;
  readonly accessToken?: string;
  readonly header?: Record<string, unknown>;
  readonly claims?: Record<string, unknown>;
  /** The payload as it is, in place of the claims. */
  readonly payload?: string;
}

/** A client that proves possession of its key as browsers and applications do, through jose and not through the SDK. */
export class DpopClient {
  readonly algorithm: string;
  readonly #clock: Clock;
  readonly #privateKey: KeyObject;
  readonly publicKey: KeyObject;

  constructor(clock: Clock, algorithm = 'ES256') {
    this.#clock = clock;
    this.algorithm = algorithm;
    const { privateKey, publicKey } = keyPair(algorithm);
    this.#privateKey = privateKey;
    this.publicKey = publicKey;
  }

  jwk(): Promise<JWK> {
    return exportJWK(this.publicKey);
  }

  /** A proof for `POST https://app.example/token`, unless told otherwise; each with a `jti` of its own. */
  async prove(contents: ProofContents = {}): Promise<DpopProof> {
    const { method = 'POST', url = 'https://app.example/token', accessToken } = contents;
    const claims = {
      jti: randomUUID(),
      htm: method,
      htu: url,
      iat: Math.floor(this.#clock.now() / 1000),
      ...(accessToken === undefined ? {} : { ath: createHash('sha256').update(accessToken).digest('base64url') }),
      ...contents.claims,
    };
    const header = { typ: 'dpop+jwt', alg: this.algorithm, jwk: await this.jwk(), ...contents.header };
    const payload = new TextEncoder().encode(contents.payload ?? JSON.stringify(claims));
    const dpop = await new CompactSign(payload)
      .setProtectedHeader(header as { alg: string })
      .sign(this.#privateKey, { crit: { b64: true, exp: true } });
    return { dpop, method, url };
  }
}

function keyPair(algorithm: string): { privateKey: KeyObject; publicKey: KeyObject } {
  switch (algorithm) {
    case 'ES256':
      return generateKeyPairSync('ec', { namedCurve: 'P-256' });
    case 'ES384':
      return generateKeyPairSync('ec', { namedCurve: 'P-384' });
    case 'Ed25519':
    case 'EdDSA':
      return generateKeyPairSync('ed25519');
    default:
      return generateKeyPairSync('rsa', { modulusLength: 2048 });
  }
}
