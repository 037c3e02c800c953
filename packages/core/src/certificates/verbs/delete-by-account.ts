import { NotFoundError } from '../../errors/families.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { certificates } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { accountInput, parseInput } from './certificate-input.ts';
import { deleteCertificate } from './delete.ts';

const AT_ONCE = 100;

/** See `CertificateManager.deleteByAccount`. */
export async function deleteByAccount(
  context: CertificatesContext,
  accountId: string,
  options: Abortable,
): Promise<number> {
  const equals = { accountId: parseInput(accountInput, 'accountId', accountId) };
  const { signal } = signalOf(options);
  for (let deleted = 0; ; ) {
    throwIfAborted(signal);
    const { entries } = await context.store.query(certificates, { index: 'byAccount', equals, limit: AT_ONCE });
    if (entries.length === 0) return deleted;
    for (const { id } of entries) if (await isDeletedHere(context, id, options)) deleted += 1;
  }
}

/** @returns false where somebody else was faster */
async function isDeletedHere(context: CertificatesContext, id: string, options: Abortable): Promise<boolean> {
  try {
    await deleteCertificate(context, id, options);
    return true;
  } catch (error) {
    if (error instanceof NotFoundError && error.code === 'CERTIFICATE_NOT_FOUND') return false;
    throw error;
  }
}
