import assert from 'node:assert/strict';
import { CertificateAuthority, LocalKeyring, OfflineRoot } from '@chancery/core';
import { MemoryStorage } from '@chancery/storage-memory';
import { requestCsr } from './csr.ts';
import { DemoFolder } from './folder.ts';
import { Service } from './service.ts';
import { chapter, tell } from './story.ts';
import { certificateTree } from './tree.ts';

/** What each service is issued: a certificate for 90 days, good on both sides of mutual TLS. */
const service = (name: string) => ({ profile: 'peer', commonName: name, subjectAltNames: [name] });

const folder = DemoFolder.create();
const passphrase = folder.passphrase();

chapter('An offline root');
const created = await OfflineRoot.create({ subject: 'CN=Example Root CA,O=Example', passphrase });
folder.secret('root.chancery', created.file);
folder.write('root.pem', created.root.certificatePem);
created.root.close();
tell('root.chancery holds its key, encrypted (scrypt, AES-256-GCM). It is no longer in memory.');

chapter('An online authority, with an intermediate that the root signs');
const storage = new MemoryStorage();
const authority = new CertificateAuthority({ storage, keyring: LocalKeyring.generate() });
const request = await authority.requestIntermediate({ subject: 'CN=Example Issuing CA,O=Example' });
tell("The authority made the intermediate's key and sealed it into storage. Its CSR goes to the root.");

const root = await OfflineRoot.open(folder.read('root.chancery'), passphrase);
const { certificatePem } = await root.signIntermediate(request.csrPem);
const { crl, file } = await root.crl();
folder.secret('root.chancery', file);
root.close();
folder.write('intermediate.pem', certificatePem);
tell(`The root was opened from its file, signed, wrote its CRL, and was closed at revision ${root.revision}.`);

await authority.installIntermediate(request.id, { certificatePem, trustAnchorsPem: root.certificatePem });
await authority.installRootCrl(crl.pem);
tell('Intermediate and root CRL are installed: the authority can issue.');

chapter('Two services get certificates');
const { key, told } = await requestCsr('orders.internal', folder.path('orders.key'));
folder.identity('orders', await authority.issue({ ...service('orders.internal'), ...key }));
tell(`orders:  ${told}`);
const leaked = await authority.issue(service('billing.internal'));
folder.identity('billing', leaked);
tell('billing: the SDK generated the key, and keeps no copy of it.');

chapter('They talk over mutual TLS');
const trust = { ca: await authority.trustAnchorsPem(), crl: await authority.crls() };
const orders = await Service.start('orders.internal', { ...folder.readIdentity('orders'), ...trust });
const billing = await Service.start('billing.internal', { ...folder.readIdentity('billing'), ...trust });
tell(`orders -> billing: ${await orders.call(billing)}`);
tell(`billing -> orders: ${await billing.call(orders)}`);

chapter("billing's key leaks: its certificate is revoked");
const revoked = await authority.revoke(leaked.serialNumber, { reason: 'keyCompromise' });
assert.deepEqual([revoked.status, revoked.reason], ['revoked', 'keyCompromise']);
const crls = await authority.crls();
folder.write('crl.pem', crls.join(''));
orders.trust({ ...trust, crl: crls });
tell('orders reloads the CRLs, on the running server.');
tell(`billing -> orders: refused, ${await billing.refusedBy(orders)}`);
tell(`orders -> billing: refused, ${await orders.refuses(billing)}`);
tell(`orders -> orders:  ${await orders.call(orders)}`);

chapter('billing gets a new key and a new certificate');
folder.rename('billing', 'billing-revoked');
folder.identity('billing', await authority.issue(service('billing.internal')));
billing.become({ ...folder.readIdentity('billing'), ...trust, crl: crls });
tell(`billing -> orders: ${await billing.call(orders)}`);
tell(`orders -> billing: ${await orders.call(billing)}`);
await Promise.all([orders.close(), billing.close()]);

chapter('What the authority knows');
const { items } = await authority.list({ limit: 100 });
assert.deepEqual(items.map(({ status }) => status).sort(), ['revoked', 'valid', 'valid']);
for (const line of certificateTree(root.certificatePem, await authority.intermediates(), items)) tell(line);

chapter(`The files are in ${folder.root}`);
for (const line of folder.contents()) tell(line);
tell('');
tell('Let OpenSSL judge them:');
tell(folder.verifyCommand(['orders.pem', 'billing.pem']));
