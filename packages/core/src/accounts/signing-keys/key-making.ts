import { jwkFromSpki, jwkThumbprint } from '../../crypto/jwk.ts';
import { fromBase64, toBase64 } from '../../encoding/base64.ts';
import { encodePem } from '../../encoding/pem.ts';
import { StorageError } from '../../errors/storage-error.ts';
import type { Keyring } from '../../keyring/keyring.ts';
import { openField, sealField } from '../../store/seal.ts';
import type { Store } from '../../store/store.ts';
import { type Jose, loadJose } from '../tokens/jose.ts';
import { KEY_ALGORITHM_OF, type SigningAlgorithm } from '../tokens/jws-algorithm.ts';
import { type StoredSigningKey, signingKeyPlace } from './signing-key-record.ts';

/** What keys are made and opened with. */
export interface KeySealing {
  readonly store: Store;
  readonly keyring: Keyring;
}

/** A private key that jose signs with. */
export interface Signer {
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  readonly handle: Awaited<ReturnType<Jose['importPKCS8']>>;
}

/** When a key is made, and from when on it may sign, in epoch milliseconds. */
export interface KeyTimes {
  readonly createdAt: number;
  readonly signsFrom: number;
}

/**
 * Makes a signing key and seals it, in state `pending`.
 *
 * @throws {ChanceryError} CRYPTO_UNSUPPORTED: the provider's keys cannot leave it, and jose needs them
 */
export async function makeSigningKey(
  { store, keyring }: KeySealing,
  algorithm: SigningAlgorithm,
  times: KeyTimes,
): Promise<StoredSigningKey> {
  const { crypto } = store;
  const key = await crypto.generateKey(KEY_ALGORITHM_OF[algorithm]);
  const jwk = jwkFromSpki(key.publicKey.spki) as StoredSigningKey['jwk'];
  const kid = await jwkThumbprint(crypto, jwk);
  const pkcs8 = await crypto.exportPrivateKey(key);
  const sealed = toBase64(await sealField(store, keyring, signingKeyPlace(kid), pkcs8));
  pkcs8.fill(0);
  return { kid, algorithm, state: 'pending', jwk, sealed, ...times };
}

/**
 * Opens a sealed signing key.
 *
 * @throws {SealError} SEAL_OPEN_FAILED, SEAL_KEY_UNKNOWN: the keyring does not open it
 * @throws {StorageError} STORAGE_CORRUPT: it has lost its private key
 */
export async function openSigner({ store, keyring }: KeySealing, key: StoredSigningKey): Promise<Signer> {
  const { kid, algorithm, sealed } = key;
  if (sealed === undefined) throw new StorageError('STORAGE_CORRUPT', `Signing key ${kid} has lost its private key`);
  const pkcs8 = await openField(store, keyring, signingKeyPlace(kid), fromBase64(sealed));
  const { importPKCS8 } = await loadJose();
  const handle = await importPKCS8(encodePem('PRIVATE KEY', pkcs8), algorithm);
  pkcs8.fill(0);
  return { kid, algorithm, handle };
}

/** Seals anew what a former key of the keyring sealed; the same key where there is nothing to do. */
export async function resealSigningKey(
  { store, keyring }: KeySealing,
  key: StoredSigningKey,
): Promise<StoredSigningKey> {
  if (key.sealed === undefined || !keyring.needsReseal(fromBase64(key.sealed))) return key;
  const place = signingKeyPlace(key.kid);
  const pkcs8 = await openField(store, keyring, place, fromBase64(key.sealed));
  const sealed = toBase64(await sealField(store, keyring, place, pkcs8));
  pkcs8.fill(0);
  return { ...key, sealed };
}
