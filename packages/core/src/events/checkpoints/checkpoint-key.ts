import { StorageError } from '../../errors/storage-error.ts';
import { openField, type SealedField, sealField } from '../../store/seal.ts';
import { checkpointKeys } from '../event-collections.ts';
import type { LogContext } from '../log-context.ts';
import { requireKeyring } from '../require-keyring.ts';
import { type NoteSigner, noteVerifier } from './signed-note.ts';

/** The id of the one document. */
export const CHECKPOINT_KEY_ID = 'key';
/** Where the key is sealed for. */
export const CHECKPOINT_KEY_PLACE: SealedField = {
  collection: checkpointKeys,
  id: CHECKPOINT_KEY_ID,
  field: 'privateKey',
};

/** The Ed25519 key of a log, made once and shared by all instances. */
export class CheckpointKey {
  readonly #context: LogContext;
  readonly #origin: string;
  #signer: Promise<NoteSigner> | undefined;

  /** @param origin - the name of the key, and of the log */
  constructor(context: LogContext, origin: string) {
    this.#context = context;
    this.#origin = origin;
  }

  /**
   * The key, opened once an instance.
   *
   * @throws {ConflictError} EVENTS_KEYRING_MISSING
   * @throws {SealError} the keyring does not open it
   * @throws {StorageError} any of its codes
   */
  async signer(): Promise<NoteSigner> {
    this.#signer ??= this.#load().catch((error: unknown) => {
      this.#signer = undefined;
      throw error;
    });
    return this.#signer;
  }

  async #load(): Promise<NoteSigner> {
    const { store, crypto } = this.#context;
    const keyring = requireKeyring(this.#context, 'signed checkpoints');
    const sealed = (await this.#read()) ?? (await this.#create());
    const pkcs8 = await openField(store, keyring, CHECKPOINT_KEY_PLACE, sealed);
    const privateKey = await crypto.importPrivateKey(pkcs8);
    pkcs8.fill(0);
    return { ...(await noteVerifier(crypto, this.#origin, privateKey.publicKey)), privateKey };
  }

  async #read(): Promise<Uint8Array | undefined> {
    return (await this.#context.store.get(checkpointKeys, CHECKPOINT_KEY_ID))?.bytes;
  }

  async #create(): Promise<Uint8Array> {
    const { store, crypto, clock } = this.#context;
    const keyring = requireKeyring(this.#context, 'signed checkpoints');
    const pkcs8 = await crypto.exportPrivateKey(await crypto.generateKey('Ed25519'));
    const bytes = await sealField(store, keyring, CHECKPOINT_KEY_PLACE, pkcs8);
    pkcs8.fill(0);
    const value = { createdAt: clock.now() };
    await store.commit([store.put(checkpointKeys, CHECKPOINT_KEY_ID, value, { ifVersion: null, bytes })]);
    // After a conflict this is another instance's key.
    const stored = await this.#read();
    if (stored !== undefined) return stored;
    throw new StorageError('STORAGE_CORRUPT', 'The key of the checkpoints is gone as soon as it was stored');
  }
}
