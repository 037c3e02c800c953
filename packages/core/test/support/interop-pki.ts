import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BuiltInProfile,
  type CertificateAuthority,
  type IssueOptions,
  type KeyAlgorithm,
  OfflineRoot,
  type SignIntermediateOptions,
} from '../../src/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { BASE_URL, createTestAuthority, PASSPHRASE } from './test-authority.ts';
import { publicKeyPem, testKey } from './test-keys.ts';

/** What other programs are to say of a certificate when they check its path with CRLs. */
export type Standing = 'good' | 'revoked';

/** An end-entity certificate, in a file. */
export interface InteropLeaf {
  readonly name: string;
  readonly profile: BuiltInProfile;
  readonly pem: string;
  readonly file: string;
  readonly serialNumber: string;
  readonly standing: Standing;
}

/** A root, an intermediate, certificates of every kind and the CRLs, in files that programs can read. */
export interface InteropPki {
  readonly authority: CertificateAuthority;
  readonly caKey: KeyAlgorithm;
  readonly folder: string;
  readonly rootPem: string;
  readonly intermediatePem: string;
  readonly leaves: readonly InteropLeaf[];
  /** Of the root and of the intermediate, PEM. */
  readonly crls: { readonly root: string; readonly intermediate: string };
  readonly path: (file: string) => string;
}

/** The CAs whose certificates are shown to other programs. RSA-4096 only adds seconds to RSA-3072. */
export const CA_KEYS: readonly KeyAlgorithm[] = ['ECDSA-P256', 'ECDSA-P384', 'RSA-2048', 'RSA-3072', 'Ed25519'];

/** The names that every server certificate of the set holds. */
export const HOST = 'a.example.com';

const folders: string[] = [];

/** Removes what {@link makeInteropPki} wrote. */
export function removeInteropFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** Makes a PKI with CAs of one kind of key, valid at the machine's own time, since not every program can be told another. */
export async function makeInteropPki(caKey: KeyAlgorithm, signing: SignIntermediateOptions = {}): Promise<InteropPki> {
  const folder = mkdtempSync(join(tmpdir(), 'chancery-interop-'));
  folders.push(folder);
  const path = (file: string) => join(folder, file);
  const clock = new VirtualClock(Date.now());
  const subject = `CN=Interop Root ${caKey},O=Example`;
  const { root } = await OfflineRoot.create({ subject, keyAlgorithm: caKey, passphrase: PASSPHRASE, clock });
  const urls = { crlUrl: `${BASE_URL}/root.crl`, issuerUrl: `${BASE_URL}/root.cer` };
  const made = await createTestAuthority({
    clock,
    root,
    intermediate: { ...urls, ...signing },
    intermediateKey: caKey,
  });
  const { authority, intermediate } = made;
  const leaves: InteropLeaf[] = [];
  for (const { name, standing, options } of await requests()) {
    const { certificatePem: pem, serialNumber, profile } = await authority.issue(options);
    if (name === 'held') await authority.revoke(serialNumber, { reason: 'certificateHold' });
    else if (standing === 'revoked') {
      await authority.revoke(serialNumber, {
        reason: 'keyCompromise',
        invalidityDate: new Date(clock.now() - 86_400_000),
      });
    }
    const file = path(`${name}.pem`);
    writeFileSync(file, pem);
    leaves.push({ name, profile: profile as BuiltInProfile, pem, file, serialNumber, standing });
  }
  const rootCrl = (await root.crl()).crl;
  await authority.installRootCrl(rootCrl.der);
  const crls = { root: rootCrl.pem, intermediate: (await authority.crl()).pem };
  const intermediatePem = intermediate.certificatePem as string;
  writeFileSync(path('root.pem'), root.certificatePem);
  writeFileSync(path('intermediate.pem'), intermediatePem);
  writeFileSync(path('crls.pem'), await authority.crlBundlePem());
  writeFileSync(path('root.crl'), crls.root);
  writeFileSync(path('intermediate.crl'), crls.intermediate);
  return { authority, caKey, folder, rootPem: root.certificatePem, intermediatePem, leaves, crls, path };
}

async function requests(): Promise<{ name: string; standing: Standing; options: IssueOptions }[]> {
  const publicKey = publicKeyPem(await testKey());
  const keys: KeyAlgorithm[] = ['ECDSA-P384', 'RSA-2048', 'Ed25519'];
  const names = [HOST, '*.b.example.com', 'ip:10.0.0.1', 'ip:2001:db8::1', 'uri:spiffe://example.com/x'];
  const good = (name: string, options: IssueOptions) => ({
    name,
    standing: 'good' as const,
    options: { publicKey, ...options },
  });
  return [
    good('server', { subjectAltNames: names, commonName: HOST }),
    good('nameless', { subjectAltNames: [HOST] }),
    good('short-lived', { subjectAltNames: [HOST], validity: { hours: 24 } }),
    good('client', {
      profile: 'client',
      subjectAltNames: ['email:ann@example.com', HOST],
      subject: 'CN=Ann Müller,O=Example,C=DE',
    }),
    good('client-without-names', { profile: 'client', commonName: 'ann' }),
    good('peer', { profile: 'peer', subjectAltNames: [HOST] }),
    good('code-signing', { profile: 'codeSigning', subject: 'CN=Release,O=Example' }),
    good('ocsp-responder', { profile: 'ocspResponder', commonName: 'OCSP' }),
    ...(await Promise.all(
      keys.map(async (key) =>
        good(`server-${key}`, { publicKey: publicKeyPem(await testKey(key)), subjectAltNames: [HOST] }),
      ),
    )),
    { name: 'revoked', standing: 'revoked', options: { publicKey, subjectAltNames: [HOST] } },
    { name: 'held', standing: 'revoked', options: { publicKey, subjectAltNames: [HOST] } },
  ];
}
