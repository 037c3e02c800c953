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

it('goes on past a key that does not open, and says so in the end', async () => {
  const { storage } = createTestStorage(systemClock);
  const k3 = new Uint8Array(32).fill(3);
  const keyrings = {
    first: LocalKeyring.fromKeys({ current: 'k1', keys: { k1 } }),
    both: LocalKeyring.fromKeys({ current: 'k3', keys: { k1, k3 } }),
    rotated: LocalKeyring.fromKeys({ current: 'k2', keys: { k2, k3 } }),
  };
  await new CertificateAuthority({ storage, keyring: keyrings.first }).requestIntermediate({ subject: 'CN=Lost' });
  await new CertificateAuthority({ storage, keyring: keyrings.both }).requestIntermediate({ subject: 'CN=Kept' });
  const rotated = new CertificateAuthority({ storage, keyring: keyrings.rotated });
  const task = rotated.maintenance().find(({ name }) => name === 'authority:internal:reseal');
  await expect(task?.run({ limit: 10 })).rejects.toMatchObject({ code: 'SEAL_KEY_UNKNOWN' });

  const later = new CertificateAuthority({
    storage,
    keyring: LocalKeyring.fromKeys({ current: 'k2', keys: { k1, k2 } }),
  });
  const rest = later.maintenance().find(({ name }) => name === 'authority:internal:reseal');
  // Of the two keys only the one that did not open is left to do.
  expect(await rest?.run({ limit: 1 })).toMatchObject({ more: false });
});
