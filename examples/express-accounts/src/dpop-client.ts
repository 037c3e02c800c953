import { createHash, randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose';

/** The tokens that the client holds. */
interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
}

/** A client whose tokens are good with its key alone (RFC 9449). */
export class DpopClient {
  readonly #origin: string;
  readonly #privateKey: CryptoKey;
  readonly #publicJwk: JWK;
  #nonce: string | undefined;
  #tokens: Tokens | undefined;

  private constructor(origin: string, privateKey: CryptoKey, publicJwk: JWK) {
    this.#origin = origin;
    this.#privateKey = privateKey;
    this.#publicJwk = publicJwk;
  }

  /** Makes a client with a key that cannot leave it. */
  static async create(origin: string): Promise<DpopClient> {
    const { privateKey, publicKey } = await generateKeyPair('ES256');
    return new DpopClient(origin, privateKey, await exportJWK(publicKey));
  }

  /** What a thief would copy. */
  get tokens(): Tokens | undefined {
    return this.#tokens;
  }

  async login(login: string, password: string): Promise<void> {
    await this.#take(await this.#send('POST', '/sessions', { login, password }));
  }

  async refresh(): Promise<void> {
    await this.#take(await this.#send('POST', '/sessions/refresh', { refreshToken: this.#tokens?.refreshToken }));
  }

  /** Calls a guarded route. */
  call(method: string, path: string): Promise<Response> {
    return this.#send(method, path, undefined, this.#tokens?.accessToken);
  }

  /** One request with one proof, and once more where the server hands out a nonce (section 8). */
  async #send(method: string, path: string, body?: object, accessToken?: string): Promise<Response> {
    for (let attempt = 1; ; attempt++) {
      const response = await fetch(this.#origin + path, {
        method,
        headers: {
          dpop: await this.#prove(method, this.#origin + path, accessToken),
          ...(body && { 'content-type': 'application/json' }),
          ...(accessToken && { authorization: `DPoP ${accessToken}` }),
        },
        ...(body && { body: JSON.stringify(body) }),
      });
      const nonce = response.headers.get('dpop-nonce');
      if (nonce === null || attempt > 1) return response;
      this.#nonce = nonce;
    }
  }

  async #prove(method: string, url: string, accessToken: string | undefined): Promise<string> {
    const ath = accessToken && createHash('sha256').update(accessToken).digest('base64url');
    const claims = { htm: method, htu: url, jti: randomUUID(), ...(ath && { ath }) };
    return new SignJWT({ ...claims, ...(this.#nonce && { nonce: this.#nonce }) })
      .setProtectedHeader({ typ: 'dpop+jwt', alg: 'ES256', jwk: this.#publicJwk })
      .setIssuedAt()
      .sign(this.#privateKey);
  }

  async #take(response: Response): Promise<void> {
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
    this.#tokens = (await response.json()) as Tokens;
  }
}
