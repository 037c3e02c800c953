import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { AccountManager, CertificateAuthority, type Keyring, LocalKeyring, type StorageBackend } from '@chancery/core';
import { MemoryStorage } from '@chancery/storage-memory';
import { createApp } from './app.ts';

/** Where everything is kept, and which ports are listened on. */
export interface ServersOptions {
  /** Default: memory, which forgets. PostgreSQL and Redis take the same place. */
  readonly storage?: StorageBackend;
  /** Default: a fresh one, which opens nothing that an earlier one has sealed. */
  readonly keyring?: Keyring;
  /** Default: any free one. */
  readonly port?: number;
  readonly tlsPort?: number;
}

/** The same routes twice: over HTTP for bearers and DPoP, and over TLS for clients with certificates. */
export interface Servers {
  readonly accounts: AccountManager;
  readonly authority: CertificateAuthority;
  readonly origin: string;
  readonly tlsOrigin: string;
  close(): Promise<void>;
}

/** Starts both servers on loopback. */
export async function startServers(options: ServersOptions = {}): Promise<Servers> {
  const { storage = new MemoryStorage(), keyring = LocalKeyring.generate(), port = 0, tlsPort = 0 } = options;
  const authority = new CertificateAuthority({ storage, keyring });
  // In real life the root's file goes to a safe place: see the quickstart.
  const passphrase = randomBytes(20).toString('base64url');
  const { root } = await authority.bootstrap({ organization: 'Example', passphrase, saveRoot: async () => undefined });
  root.close();

  const accounts = new AccountManager({
    storage,
    keyring,
    issuer: 'https://accounts.example',
    certificateStatus: authority.certificateStatus(),
    dpop: { nonce: 'required' },
  });

  const server = await authority.issue({
    profile: 'server',
    subjectAltNames: ['localhost'],
    keyAlgorithm: 'ECDSA-P256',
  });
  const plain = createServer();
  const tls = createTlsServer({
    cert: server.chainPem,
    key: server.privateKeyPem,
    ca: await authority.trustAnchorsPem(),
    requestCert: true,
    rejectUnauthorized: true,
  });
  const origin = `http://localhost:${await listen(plain, port)}`;
  const tlsOrigin = `https://localhost:${await listen(tls, tlsPort)}`;
  plain.on('request', createApp({ accounts, origin }));
  tls.on('request', createApp({ accounts, origin: tlsOrigin }));
  return {
    accounts,
    authority,
    origin,
    tlsOrigin,
    async close() {
      await Promise.all([plain, tls].map(stop));
    },
  };
}

async function listen(server: Server, port: number): Promise<number> {
  server.listen(port, 'localhost');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function stop(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  server.closeAllConnections();
  await closed;
}
