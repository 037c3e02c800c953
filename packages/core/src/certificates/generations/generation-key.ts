import { ConflictError } from '../../errors/families.ts';
import type { Entry } from '../../store/entry.ts';
import { openField, type SealedField, sealField } from '../../store/seal.ts';
import { generationKeys } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';

/** Where the private key of a generation is sealed. */
export function generationKeyPlace(generationId: string): SealedField {
  return { collection: generationKeys, id: generationId, field: 'privateKey' };
}

/** Seals the private key of a generation, and wipes it. */
export async function sealGenerationKey(
  { store, keyring }: CertificatesContext,
  generationId: string,
  pkcs8: Uint8Array,
): Promise<Uint8Array> {
  try {
    return await sealField(store, keyring, generationKeyPlace(generationId), pkcs8);
  } finally {
    pkcs8.fill(0);
  }
}

/**
 * Opens the private key of a generation. Wipe it after use.
 *
 * @returns PKCS#8, DER
 * @throws {SealError} any of its codes
 */
export async function openGenerationKey(
  { store, keyring }: CertificatesContext,
  { id, bytes = new Uint8Array() }: Pick<Entry<object>, 'id' | 'bytes'>,
): Promise<Uint8Array> {
  return openField(store, keyring, generationKeyPlace(id), bytes);
}

/** Makes the error for a certificate whose key is kept elsewhere. */
export function keyNotHeld(certificateId: string): ConflictError {
  return new ConflictError(
    'PRIVATE_KEY_NOT_HELD',
    `The private key of certificate ${certificateId} is kept elsewhere`,
    {
      facts: { certificateId },
    },
  );
}
