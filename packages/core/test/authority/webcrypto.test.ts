import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { CertificateAuthority, createWebCryptoProvider, EventLog, LocalKeyring, OfflineRoot } from '../../src/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { parseCrl } from '../../src/x509/crl/crl.ts';
import { codeOf } from '../support/expect-error.ts';
import { PASSPHRASE } from '../support/test-authority.ts';
import { testCsr } from '../support/test-keys.ts';
import { createTestStorage } from '../support/test-storage.ts';

describe('an authority over WebCrypto, where every operation is asynchronous', () => {
  it.each(['ECDSA-P256', 'RSA-2048', 'Ed25519'] as const)('does its whole work with keys of %s', async (algorithm) => {
    const crypto = await createWebCryptoProvider();
    const clock = new VirtualClock();
    const { storage, another } = createTestStorage(clock);
    const keyring = LocalKeyring.generate({ crypto });
    const events = new EventLog({ storage, clock, crypto });
    const authority = new CertificateAuthority({ storage, keyring, events, clock, crypto });
    let file = new Uint8Array();
    const { root } = await authority.bootstrap({
      organization: 'Example',
      passphrase: PASSPHRASE,
      rootKeyAlgorithm: algorithm,
      intermediateKeyAlgorithm: algorithm,
      saveRoot: async (given) => {
        file = Uint8Array.from(given);
      },
    });
    const issued = await authority.issue({ subjectAltNames: ['a.example'], keyAlgorithm: algorithm });
    const [leaf, intermediate] = issued.chainPem
      .split(/(?<=-----END CERTIFICATE-----\n)/)
      .map((pem) => new X509Certificate(pem));
    expect(leaf?.verify((intermediate as X509Certificate).publicKey)).toBe(true);
    expect(intermediate?.verify(new X509Certificate(root.certificatePem).publicKey)).toBe(true);
    const csrDer = await testCsr({ names: ['b.example'] });
    const request = { requestId: 'r', csrDer, subjectAltNames: ['b.example'] };
    // The other provider, and another process, read what this one wrote.
    const other = new CertificateAuthority({
      storage: another(),
      keyring: LocalKeyring.fromKeys(keyring.export()),
      clock,
    });
    expect(await other.requestCertificate(request)).toEqual(await authority.requestCertificate(request));
    await authority.revoke(issued.serialNumber);
    expect(parseCrl((await authority.crl()).der).find(issued.serialNumber)).toBeDefined();
    expect(await other.crl()).toEqual(await authority.crl());
    expect((await OfflineRoot.open(file, PASSPHRASE, { clock })).issued).toEqual(root.issued);
    expect(await codeOf(OfflineRoot.open(file, `${PASSPHRASE}?`, { clock, crypto }))).toBe('ROOT_PASSPHRASE_WRONG');
  });
});
