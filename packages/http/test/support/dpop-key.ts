import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import type { Clock } from '@chancery/core';

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A client's key, and proofs by it (RFC 9449), made by node:crypto and not by the SDK. */
export class DpopKey {
  readonly #clock: Clock;
  readonly #pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  prove(method: string, url: string, accessToken?: string): string {
    const { kty, crv, x, y } = this.#pair.publicKey.export({ format: 'jwk' });
    const header = encode({ typ: 'dpop+jwt', alg: 'ES256', jwk: { kty, crv, x, y } });
    const ath = accessToken && createHash('sha256').update(accessToken).digest('base64url');
    const iat = Math.floor(this.#clock.now() / 1_000);
    const payload = encode({ jti: randomUUID(), htm: method, htu: url, iat, ...(ath && { ath }) });
    const input = `${header}.${payload}`;
    const key = { key: this.#pair.privateKey, dsaEncoding: 'ieee-p1363' } as const;
    return `${input}.${sign('sha256', Buffer.from(input), key).toString('base64url')}`;
  }
}
