import { randomBytes } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DpopClient } from './dpop-client.ts';
import { startServers } from './servers.ts';

const { accounts, authority, origin, tlsOrigin } = await startServers({ port: 8080, tlsPort: 8443 });

const login = 'ann@example.com';
const password = randomBytes(12).toString('base64url');
await accounts.create({ login, password, roles: ['admin'] });

const dpop = await DpopClient.create(origin);
await dpop.login(login, password);
await dpop.refresh();
console.log(`A DPoP client logged in, refreshed, and is told: ${await (await dpop.call('GET', '/me')).text()}`);

const issued = await authority.issue({
  profile: 'client',
  subjectAltNames: [`email:${login}`],
  keyAlgorithm: 'ECDSA-P256',
});
const folder = mkdtempSync(join(tmpdir(), 'chancery-express-'));
writeFileSync(join(folder, 'ann.pem'), issued.chainPem);
writeFileSync(join(folder, 'ann.key'), issued.privateKeyPem ?? '', { mode: 0o600 });
writeFileSync(join(folder, 'root.pem'), await authority.trustAnchorsPem());

const body = JSON.stringify({ login, password });
const json = `-H 'content-type: application/json' -d '${body}'`;
const certificate = `--cacert ${folder}/root.pem --cert ${folder}/ann.pem --key ${folder}/ann.key`;
console.log(`
As a bearer:
  curl ${origin}/sessions ${json}
  curl ${origin}/accounts -H "authorization: Bearer $ACCESS_TOKEN"

With a certificate, which the session is bound to:
  curl ${certificate} ${tlsOrigin}/sessions ${json}
  curl ${certificate} ${tlsOrigin}/me -H "authorization: Bearer $ACCESS_TOKEN"`);
