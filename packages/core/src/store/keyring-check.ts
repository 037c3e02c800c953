import { z } from 'zod';
import { equalBytes, utf8 } from '../encoding/bytes.ts';
import { SealError } from '../errors/families.ts';
import type { Keyring } from '../keyring/keyring.ts';
import type { CryptoProvider } from '../ports/crypto.ts';
import type { StorageBackend } from '../ports/storage.ts';
import { defineCollection } from './collection.ts';
import { randomVersion } from './receipts.ts';
import { openField, sealField } from './seal.ts';

/** One document a namespace: a known value, sealed by the keyring that belongs to the data. */
export const keyringChecks = defineCollection({
  name: 'store_keyring_checks',
  schema: z.strictObject({}),
  recordVersion: 1,
});

const ID = 'check';
const PLACE = { collection: keyringChecks, id: ID, field: 'check' };
const KNOWN = utf8('chancery keyring check');

/**
 * Checks that a keyring is the one that sealed what a storage holds, so that a wrong one is refused before it seals
 * anything. The first keyring that comes leaves its mark; a rotated one renews it.
 *
 * @param storage with `keyringChecks` opened
 * @param keyring to be checked
 * @param crypto where the mark's version is drawn
 * @throws {SealError} KEYRING_MISMATCH: another keyring sealed what is there; names the ids of both keys
 * @throws {StorageError} any of its codes: the storage failed; checking again is safe, whatever the outcome was
 */
export async function ensureKeyring(storage: StorageBackend, keyring: Keyring, crypto: CryptoProvider): Promise<void> {
  const mark = await readMark(storage);
  if (mark) {
    await requireOpens(storage, keyring, mark.bytes);
    if (!keyring.needsReseal(mark.bytes)) return;
  }
  const bytes = await sealField(storage, keyring, PLACE, KNOWN);
  const { committed } = await storage.commit([
    {
      kind: 'put',
      collection: keyringChecks.name,
      id: ID,
      version: randomVersion(crypto),
      ifVersion: mark?.version ?? null,
      data: keyringChecks.encode(ID, {}),
      bytes,
    },
  ]);
  if (committed) return;
  // Another instance was first, maybe with another keyring.
  await requireOpens(storage, keyring, (await readMark(storage))?.bytes ?? new Uint8Array());
}

async function readMark(
  storage: StorageBackend,
): Promise<{ readonly version: string; readonly bytes: Uint8Array } | undefined> {
  const [document] = await storage.get([{ collection: keyringChecks.name, id: ID }]);
  if (!document) return undefined;
  const { version, bytes = new Uint8Array() } = keyringChecks.decode(document);
  return { version, bytes };
}

async function requireOpens(storage: StorageBackend, keyring: Keyring, sealed: Uint8Array): Promise<void> {
  let fault: SealError;
  try {
    if (equalBytes(await openField(storage, keyring, PLACE, sealed), KNOWN)) return;
    fault = new SealError('SEAL_OPEN_FAILED', 'The check value is not the known one');
  } catch (error) {
    if (!(error instanceof SealError)) throw error;
    fault = error;
  }
  const message = `The keyring, whose key is '${keyring.currentKeyId}', is not the one that sealed what namespace '${storage.namespace}' holds: ${fault.message}`;
  throw new SealError('KEYRING_MISMATCH', message, {
    facts: { namespace: storage.namespace, keyId: keyring.currentKeyId },
    cause: fault,
  });
}
