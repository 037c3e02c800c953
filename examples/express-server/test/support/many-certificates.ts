import type { CertificateManager, StorageBackend } from '@chancery/core';

const BATCH = 250;
const DAY = 86_400_000;

/**
 * Puts copies of a certificate into the storage, each with a name and an end of its own: issuing so many would take longer than the test.
 *
 * @param id the certificate to copy
 */
export async function putCopies(
  storage: StorageBackend,
  certificates: CertificateManager,
  { id, count }: { id: string; count: number },
): Promise<void> {
  await certificates.get(id);
  const [original] = await storage.get([{ collection: 'certificates', id }]);
  if (original === undefined) throw new Error('there is no certificate to copy');
  const { heldName: _, name: __, ...data } = original.data;
  for (let from = 0; from < count; from += BATCH) {
    const writes = Array.from({ length: Math.min(BATCH, count - from) }, (_, offset) => {
      const index = from + offset;
      const notAfter = (data.notAfter as number) + (index % 80) * DAY;
      return {
        kind: 'put',
        collection: 'certificates',
        id: `00000000-0000-7000-8000-${index.toString(16).padStart(12, '0')}`,
        version: `copy-${index}`,
        ifVersion: null,
        data: { ...data, subjectAltNames: [`host-${index}.example`], notAfter, endsAt: notAfter },
      } as const;
    });
    const result = await storage.commit(writes);
    if (!result.committed) throw new Error('a copy was refused');
  }
}
