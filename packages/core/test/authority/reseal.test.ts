import { expect, it } from 'vitest';
import { CertificateAuthority } from '../../src/authority/certificate-authority.ts';
import { LocalKeyring } from '../../src/keyring/local-keyring.ts';
import { systemClock } from '../../src/ports/system-clock.ts';
import { createTestStorage } from '../support/test-storage.ts';

const k1 = new Uint8Array(32).fill(1);
const k2 = new Uint8Array(32).fill(2);

it("seals the intermediates' keys anew after a rotation, so that the former key can go", async () => {
  const { storage } = createTestStorage(systemClock);
  const bootstrapped = new CertificateAuthority({
    storage,
    keyring: LocalKeyring.fromKeys({ current: 'k1', keys: { k1 } }),
  });
  await bootstrapped.bootstrap({
    organization: 'Example',
    passphrase: 'correct horse battery',
    saveRoot: () => Promise.resolve(),
  });

  const rotated = new CertificateAuthority({
    storage,
    keyring: LocalKeyring.fromKeys({ current: 'k2', keys: { k1, k2 } }),
  });
  const task = rotated.maintenance().find(({ name }) => name === 'authority:internal:reseal');
  expect(await task?.run({ limit: 0 })).toMatchObject({ more: true });
  expect(await task?.run({ limit: 10 })).toMatchObject({ more: false });

  const later = new CertificateAuthority({ storage, keyring: LocalKeyring.fromKeys({ current: 'k2', keys: { k2 } }) });
  const issued = await later.issue({ subjectAltNames: ['a.example'] });
  expect(issued.subjectAltNames).toEqual(['a.example']);
});
