import { z } from 'zod';
import { defaultCrypto } from '../../crypto/node-provider.ts';
import { fromBase64, fromBase64Url, toBase64, toBase64Url } from '../../encoding/base64.ts';
import { utf8 } from '../../encoding/bytes.ts';
import { toHex } from '../../encoding/hex.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { Entry } from '../../store/store.ts';
import type { erasures } from '../collections.ts';
import type { VaultContext } from '../context.ts';
import { parseOptions } from '../options.ts';
import type { VaultSecrets } from '../settings/secrets.ts';

const DOMAIN = 'chancery erasure receipt 1';

/** An erasure as stored. */
export type ErasureValue = z.infer<typeof erasures.schema>;

/** What the vault signs of an erasure. */
export interface ErasureReceipt {
  /** For `erasureReceipt`. */
  readonly id: string;
  /** The storage's namespace. */
  readonly namespace: string;
  /** Keyed hash of the owner's id, lower-case hex; the same owner has the same hash in every receipt of a vault. */
  readonly ownerHash: string;
  /** How many records were erased. */
  readonly records: number;
  /** When the owner's key was deleted: nothing was stored or read for the owner from then on. */
  readonly requestedAt: Date;
  /** When the last record had left storage. Null until then. */
  readonly erasedAt: Date | null;
  /**
   * When the erasure keys under which the owner's key was wrapped were found to be destroyed: from then on no backup of the storage opens
   * the owner's `managed` and `dual` records, nor tells the owner's id or those of the records. Null until then.
   */
  readonly backupsClosedAt: Date | null;
  /** The vault's public key: Ed25519, SubjectPublicKeyInfo in base64. */
  readonly publicKey: string;
  /** Ed25519 (RFC 8032) over all but the public key, base64url. */
  readonly signature: string;
}

const instant = z.date();
const receiptShape = z.strictObject({
  id: z.string(),
  namespace: z.string(),
  ownerHash: z.string(),
  records: z.number().int().nonnegative(),
  requestedAt: instant,
  erasedAt: instant.nullable(),
  backupsClosedAt: instant.nullable(),
  publicKey: z.string(),
  signature: z.string(),
});

/** The keyed hash that names an owner in receipts. */
export async function ownerHash(crypto: CryptoProvider, secrets: VaultSecrets, ownerId: string): Promise<string> {
  return toHex(await crypto.hmac('SHA-256', secrets.receiptHashKey, utf8(ownerId)));
}

/** Signs what is known of an erasure. */
export async function signReceipt(
  { store, crypto, settings }: VaultContext,
  { id, value }: Pick<Entry<ErasureValue>, 'id' | 'value'>,
): Promise<ErasureReceipt> {
  const { secrets } = await settings.current();
  const { receiptSigningKey } = secrets;
  const unsigned = {
    id,
    namespace: store.namespace,
    ownerHash: value.ownerHash,
    records: value.records,
    requestedAt: new Date(value.requestedAt),
    erasedAt: value.erasedAt === undefined ? null : new Date(value.erasedAt),
    backupsClosedAt: value.backupsClosedAt === undefined ? null : new Date(value.backupsClosedAt),
  };
  const signature = await crypto.sign(receiptSigningKey, 'Ed25519', signedBytes(unsigned));
  return { ...unsigned, publicKey: toBase64(receiptSigningKey.publicKey.spki), signature: toBase64Url(signature) };
}

/**
 * Tells whether a receipt is what the vault of a public key has signed.
 *
 * @param receipt as `eraseOwner` or `erasureReceipt` gave it
 * @param options.publicKey what `RecordVault.receiptPublicKey` gave, kept by whoever checks: the one in the receipt proves nothing
 * @throws {InvalidInputError} INVALID_ARGUMENT: it is not of a receipt's shape; BASE64_INVALID, KEY_INVALID: the key is malformed
 */
export async function verifyErasureReceipt(
  receipt: ErasureReceipt,
  options: { readonly publicKey: string; readonly crypto?: CryptoProvider },
): Promise<boolean> {
  const checked = parseOptions(receiptShape, receipt, 'erasure receipt');
  const { publicKey, crypto = defaultCrypto } = options;
  const key = await crypto.importPublicKey(fromBase64(publicKey));
  if (checked.publicKey !== publicKey || key.kind.type !== 'Ed25519') return false;
  return crypto.verify(key, 'Ed25519', signedBytes(checked), fromBase64Url(checked.signature));
}

function signedBytes(receipt: Omit<ErasureReceipt, 'publicKey' | 'signature'>): Uint8Array {
  const { id, namespace, ownerHash: hash, records, requestedAt, erasedAt, backupsClosedAt } = receipt;
  // One spelling: JSON of a list, whose strings are quoted and whose instants are ISO 8601 in UTC.
  return utf8(JSON.stringify([DOMAIN, id, namespace, hash, records, requestedAt, erasedAt, backupsClosedAt]));
}
