import type { Keyring, SealContext } from '../keyring/keyring.ts';
import type { DeclaredCollection } from './collection.ts';

/** What has a namespace: a store or a storage backend. */
export interface Namespaced {
  readonly namespace: string;
}

/** Which value of which document is sealed. */
export interface SealedField {
  readonly collection: DeclaredCollection;
  readonly id: string;
  readonly field: string;
}

/**
 * Seals a secret for one field of one document.
 *
 * @param owner whose namespace it is bound to
 * @param keyring what seals it
 * @param place the document and the field
 * @param plaintext the secret
 * @returns the envelope
 * @throws {InvalidInputError} INVALID_ARGUMENT: the id or the field is not well-formed text
 */
export function sealField(
  owner: Namespaced,
  keyring: Keyring,
  place: SealedField,
  plaintext: Uint8Array,
): Promise<Uint8Array> {
  return keyring.seal(plaintext, contextOf(owner, place));
}

/**
 * Opens what `sealField` has sealed, in the same place only.
 *
 * @param owner whose namespace it is bound to
 * @param keyring what opens it
 * @param place the document and the field
 * @param sealed the envelope
 * @returns the secret
 * @throws {SealError} SEAL_INVALID, SEAL_KEY_UNKNOWN, SEAL_OPEN_FAILED: it does not open here
 */
export function openField(
  owner: Namespaced,
  keyring: Keyring,
  place: SealedField,
  sealed: Uint8Array,
): Promise<Uint8Array> {
  return keyring.open(sealed, contextOf(owner, place));
}

function contextOf(owner: Namespaced, { collection, id, field }: SealedField): SealContext {
  return { namespace: owner.namespace, collection: collection.name, id, field };
}
