import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { TLSSocket } from 'node:tls';

/** Whom a service trusts. */
export interface Trust {
  /** The roots, PEM. */
  readonly ca: string;
  /** The CRLs of the whole path, PEM. */
  readonly crl: string[];
}

/** What a service proves itself by, and whom it trusts. */
export interface Identity extends Trust {
  readonly cert: string;
  readonly key: string;
}

/** An HTTPS service on loopback that demands a certificate of its callers, and shows its own when it calls. */
export class Service {
  readonly name: string;
  readonly #server: Server;
  #identity: Identity;

  private constructor(name: string, identity: Identity) {
    this.name = name;
    this.#identity = identity;
    this.#server = createServer({ ...identity, requestCert: true, rejectUnauthorized: true }, (incoming, response) => {
      const caller = (incoming.socket as TLSSocket).getPeerCertificate().subject.CN;
      response.end(`${name} greets ${caller}`);
    });
  }

  static async start(name: string, identity: Identity): Promise<Service> {
    const service = new Service(name, identity);
    service.#server.listen(0, '127.0.0.1');
    await once(service.#server, 'listening');
    return service;
  }

  /** Replaces the certificate and the trust of the running server; connections that stand are left alone. */
  become(identity: Identity): void {
    this.#identity = identity;
    this.#server.setSecureContext(identity);
  }

  trust(trust: Trust): void {
    this.become({ ...this.#identity, ...trust });
  }

  /** Calls another service on a connection of its own, and gives its answer. */
  async call(other: Service): Promise<string> {
    const { port } = other.#server.address() as AddressInfo;
    const options = { host: '127.0.0.1', port, servername: other.name, agent: false, ...this.#identity };
    const outgoing = request(options).end();
    const [response] = await once(outgoing, 'response');
    assert.equal(response.statusCode, 200);
    const chunks: Buffer[] = await response.toArray();
    return Buffer.concat(chunks).toString('utf8');
  }

  /** Calls another service, which must not accept this one's certificate. Gives the server's reason. */
  async refusedBy(other: Service): Promise<string> {
    const refusal = once(other.#server, 'tlsClientError', { signal: AbortSignal.timeout(10_000) });
    await assert.rejects(this.call(other), `${other.name} must refuse ${this.name}`);
    const [, socket] = (await refusal) as [Error, TLSSocket & { authorizationError?: string }];
    return reasonOf(socket.authorizationError);
  }

  /** Calls another service, whose certificate this one must not accept. Gives its own reason. */
  async refuses(other: Service): Promise<string> {
    const answered = await this.call(other).catch((error: NodeJS.ErrnoException) => error);
    assert(answered instanceof Error, `${this.name} must refuse ${other.name}`);
    return reasonOf(answered.code);
  }

  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}

/** Only revocation counts here: a refusal for any other reason would be another story. */
function reasonOf(code: string | undefined): string {
  assert.equal(code, 'CERT_REVOKED');
  return 'certificate revoked';
}
