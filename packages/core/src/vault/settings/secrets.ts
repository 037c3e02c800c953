import { z } from 'zod';
import { fromBase64, toBase64 } from '../../encoding/base64.ts';
import { fromUtf8, utf8 } from '../../encoding/bytes.ts';
import { StorageError } from '../../errors/storage-error.ts';
import type { CryptoProvider, PrivateKey } from '../../ports/crypto.ts';

const KEY_LENGTH = 32;

const written = z.strictObject({
  pseudonymKeys: z.array(z.strictObject({ number: z.number().int().positive(), key: z.base64() })).min(1),
  receiptHashKey: z.base64(),
  receiptSigningKey: z.base64(),
});

/** A key of the keyed hash over owners' ids. */
export interface PseudonymKey {
  readonly number: number;
  readonly key: Uint8Array;
}

/** What a vault keeps from everybody, sealed by the keyring. */
export interface VaultSecrets {
  /** Newest first: new owners are filed under the first. */
  readonly pseudonymKeys: readonly PseudonymKey[];
  /** Key of the keyed hash in receipts, which outlive owners and so cannot be filed anew. */
  readonly receiptHashKey: Uint8Array;
  /** Ed25519. */
  readonly receiptSigningKey: PrivateKey;
}

/** Makes the secrets of a new vault. */
export async function generateSecrets(crypto: CryptoProvider): Promise<VaultSecrets> {
  return {
    pseudonymKeys: [{ number: 1, key: crypto.randomBytes(KEY_LENGTH) }],
    receiptHashKey: crypto.randomBytes(KEY_LENGTH),
    receiptSigningKey: await crypto.generateKey('Ed25519'),
  };
}

/** Adds a fresh pseudonym key in front of the others. */
export function withNewPseudonymKey(crypto: CryptoProvider, secrets: VaultSecrets): VaultSecrets {
  const number = Math.max(...secrets.pseudonymKeys.map((each) => each.number)) + 1;
  const key = crypto.randomBytes(KEY_LENGTH);
  return { ...secrets, pseudonymKeys: [{ number, key }, ...secrets.pseudonymKeys] };
}

/** Writes secrets down, for the keyring to seal. */
export async function encodeSecrets(crypto: CryptoProvider, secrets: VaultSecrets): Promise<Uint8Array> {
  const { pseudonymKeys, receiptHashKey, receiptSigningKey } = secrets;
  return utf8(
    JSON.stringify({
      pseudonymKeys: pseudonymKeys.map(({ number, key }) => ({ number, key: toBase64(key) })),
      receiptHashKey: toBase64(receiptHashKey),
      receiptSigningKey: toBase64(await crypto.exportPrivateKey(receiptSigningKey)),
    } satisfies z.infer<typeof written>),
  );
}

/** @throws {StorageError} STORAGE_CORRUPT: what was sealed is not a vault's secrets */
export async function decodeSecrets(crypto: CryptoProvider, bytes: Uint8Array): Promise<VaultSecrets> {
  const parsed = written.safeParse(JSON.parse(fromUtf8(bytes)));
  if (!parsed.success) throw new StorageError('STORAGE_CORRUPT', "The vault's settings hold no secrets of this shape");
  const { pseudonymKeys, receiptHashKey, receiptSigningKey } = parsed.data;
  return {
    pseudonymKeys: pseudonymKeys.map(({ number, key }) => ({ number, key: fromBase64(key) })),
    receiptHashKey: fromBase64(receiptHashKey),
    receiptSigningKey: await crypto.importPrivateKey(fromBase64(receiptSigningKey)),
  };
}
