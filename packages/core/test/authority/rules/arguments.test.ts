import { beforeAll, describe, expect, it } from 'vitest';
import { CertificateAuthority, LocalKeyring, OfflineRoot } from '../../../src/index.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { codeOf, rejection } from '../../support/expect-error.ts';
import { expectRefused, HOSTILE_VALUES } from '../../support/hostile-values.ts';
import { createTestAuthority, PASSPHRASE, sharedRoot, type TestAuthority } from '../../support/test-authority.ts';
import { createTestStorage } from '../../support/test-storage.ts';

type Any = never;

let authority: TestAuthority['authority'];
let root: OfflineRoot;
let csr: string;

beforeAll(async () => {
  ({ authority } = await createTestAuthority());
  root = await sharedRoot();
  csr = (await authority.requestIntermediate({ subject: 'CN=Next' })).csrPem;
});

describe.each(HOSTILE_VALUES)('%s', (_, value) => {
  const bad = value as Any;

  it('is refused by every method of an authority', async () => {
    const calls: (() => unknown)[] = [
      () => authority.issue({ subjectAltNames: ['a.example'], profile: bad }),
      () => authority.issue({ subjectAltNames: ['a.example'], validity: { days: bad } }),
      () => authority.issue({ subjectAltNames: bad }),
      () =>
        authority.issueMany(Array.isArray(bad) ? ['x' as Any] : bad).then(([first]) => Promise.reject(reasonOf(first))),
      () =>
        authority.requestCertificate({ requestId: 'a', csrDer: new Uint8Array(3), subjectAltNames: [], profile: bad }),
      () => authority.get(bad),
      () => authority.chainPem(bad),
      () => authority.revoke(bad),
      () => authority.revoke('01', { reason: bad }),
      () => authority.release(bad),
      () => authority.retireIntermediate(bad),
      () => authority.installIntermediate(bad, { certificatePem: csr, trustAnchorsPem: csr }),
      () => authority.installIntermediate('x', { certificatePem: bad, trustAnchorsPem: bad }),
      () => authority.installRootCrl(bad),
      () => authority.requestIntermediate({ subject: bad }),
      () => authority.crl({ intermediate: bad }),
      () => authority.crl({ delta: bad }),
      () => authority.list({ limit: bad }),
      () => authority.list({ limit: 1, cursor: bad }),
      () => authority.inspect(bad),
    ];
    for (const call of calls) await expectRefused(call);
  });

  it('is refused by every method of an offline root', async () => {
    const calls: (() => unknown)[] = [
      () => OfflineRoot.create({ subject: bad, passphrase: PASSPHRASE }),
      () => OfflineRoot.create({ subject: 'CN=x', passphrase: PASSPHRASE, validityDays: bad }),
      () => OfflineRoot.open(bad, PASSPHRASE),
      () => root.signIntermediate(bad),
      () => root.signIntermediate(csr, { validityDays: bad }),
      () => root.signIntermediate(csr, { pathLength: bad }),
      () => root.signIntermediate(csr, { crlUrl: bad }),
      () => root.signIntermediate(csr, { issuerUrl: bad }),
      () => root.signIntermediate(csr, { nameConstraints: bad }),
      () => root.signIntermediate(csr, { nameConstraints: { permitted: bad } }),
      () => root.signIntermediate(csr, { nameConstraints: { permitted: ['example'], excluded: [bad] } }),
      () => root.revokeIntermediate(bad),
      () => root.revokeIntermediate('01', { reason: bad }),
      () => root.releaseIntermediate(bad),
      () => root.crl({ nextUpdateDays: bad }),
    ];
    const { revision } = root;
    for (const call of calls) await expectRefused(call);
    expect(root.revision).toBe(revision);
  });

  it('is refused where an authority is made', async () => {
    const { storage } = createTestStorage(new VirtualClock());
    const keyring = LocalKeyring.generate();
    for (const option of ['storage', 'keyring', 'clock', 'crypto', 'name', 'baseUrl', 'policy', 'events', 'logger']) {
      if (option === 'policy' && typeof value === 'function') continue;
      await expectRefused(() => new CertificateAuthority({ storage, keyring, [option]: value }));
    }
  });
});

it('is no set of options: null', async () => {
  const none = null as Any;
  const rootCrl = (await root.crl()).crl.pem;
  const calls: (() => unknown)[] = [
    () => authority.get('01', none),
    () => authority.release('01', none),
    () => authority.chainPem('01', none),
    () => authority.retireIntermediate('01', none),
    () => authority.installRootCrl(rootCrl, none),
    () => authority.intermediates(none),
    () => authority.crls(none),
    () => authority.crlBundlePem(none),
    () => authority.trustAnchorsPem(none),
    () => authority.revocationFreshness(none),
    () => authority.ocsp(new Uint8Array(3), none),
    () => authority.ocspResponse(new Uint8Array(3), none),
    () => OfflineRoot.open(new Uint8Array(3), PASSPHRASE, none),
    () => root.signIntermediate(csr, none),
    () => root.revokeIntermediate('01', none),
    () => root.crl(none),
    () => LocalKeyring.generate(none),
  ];
  for (const call of calls) expect(await codeOf(call)).toBe('INVALID_ARGUMENT');
});

it('names the value at fault', async () => {
  const { message } = await rejection(() =>
    root.signIntermediate(csr, { nameConstraints: { permitted: ['a', 7 as Any] } }),
  );
  expect(message).toContain('nameConstraints.permitted.1');
  expect((await rejection(() => authority.get('xyz'))).message).toContain('"xyz"');
});

function reasonOf(settled: PromiseSettledResult<unknown> | undefined): unknown {
  return settled?.status === 'rejected' ? settled.reason : new Error('a bad request was taken');
}
