import { CertificateAuthority, type CertificateAuthorityOptions, LocalKeyring } from '@chancery/core';

/** An authority with an intermediate, ready to issue. Its root is closed. */
export async function readyAuthority(
  options: Omit<CertificateAuthorityOptions, 'keyring'>,
): Promise<CertificateAuthority> {
  const authority = new CertificateAuthority({ ...options, keyring: LocalKeyring.generate() });
  const { root } = await authority.bootstrap({
    organization: 'Bench',
    passphrase: 'the bench has nothing to hide',
    saveRoot: async () => undefined,
  });
  root.close();
  return authority;
}
