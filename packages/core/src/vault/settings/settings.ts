import type { z } from 'zod';
import { toBase64 } from '../../encoding/base64.ts';
import { utf8 } from '../../encoding/bytes.ts';
import { StorageError } from '../../errors/storage-error.ts';
import type { Keyring } from '../../keyring/keyring.ts';
import type { Write } from '../../ports/storage.ts';
import { openField, type SealedField, sealField } from '../../store/seal.ts';
import type { Entry, Store } from '../../store/store.ts';
import { vaultSettings } from '../collections.ts';
import type { ErasureKeyring } from '../erasure/erasure-keyring.ts';
import { decodeSecrets, encodeSecrets, generateSecrets, type VaultSecrets } from './secrets.ts';

const ID = 'vault';
const SECRETS: SealedField = { collection: vaultSettings, id: ID, field: 'secrets' };
const PROBE: SealedField = { collection: vaultSettings, id: ID, field: 'erasureKeyProbe' };
const KNOWN = utf8('chancery vault erasure key');

/** The settings of a vault as they are stored. */
export type SettingsValue = z.infer<typeof vaultSettings.schema>;

/** A key that wraps owners' keys, and the known value under it. */
export type ErasureKeyMark = SettingsValue['erasureKey'];

/** Settings as they were read. */
export interface LoadedSettings {
  readonly version: string;
  readonly value: SettingsValue;
  readonly secrets: VaultSecrets;
}

/**
 * The vault's one document of settings, made at first use and held in memory. Whoever depends on the settings being current puts `check`
 * into the commit.
 */
export class Settings {
  readonly #store: Store;
  readonly #keyring: Keyring;
  readonly #erasureKeys: ErasureKeyring;
  #loaded: LoadedSettings | undefined;
  #loading: Promise<LoadedSettings> | undefined;

  constructor(store: Store, keyring: Keyring, erasureKeys: ErasureKeyring) {
    this.#store = store;
    this.#keyring = keyring;
    this.#erasureKeys = erasureKeys;
  }

  /** The settings as they were read last. */
  current(): LoadedSettings | Promise<LoadedSettings> {
    return this.#loaded ?? this.fresh();
  }

  /** The settings as they are, read at most once for callers that ask at one time. */
  fresh(): Promise<LoadedSettings> {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    return this.#loading;
  }

  /** Asserts in a commit that the settings are the given ones. */
  check({ version }: LoadedSettings): Write {
    return this.#store.check(vaultSettings, ID, version);
  }

  /**
   * Replaces the settings, if they are still the given ones.
   *
   * @returns whether they were
   */
  async replace(
    loaded: LoadedSettings,
    { value = loaded.value, secrets = loaded.secrets }: Partial<Omit<LoadedSettings, 'version'>>,
  ): Promise<boolean> {
    const bytes = await this.#seal(secrets);
    const { committed } = await this.#store.commit([
      this.#store.put(vaultSettings, ID, value, { ifVersion: loaded.version, bytes }),
    ]);
    this.#loaded = undefined;
    return committed;
  }

  /** Seals the secrets anew where a former key of the keyring did. */
  async reseal(): Promise<void> {
    const entry = await this.#store.get(vaultSettings, ID);
    if (entry?.bytes === undefined || !this.#keyring.needsReseal(entry.bytes)) return;
    const loaded = await this.#open(entry);
    // Where others were quicker there is nothing left to do, or the next run does it.
    await this.replace(loaded, {});
  }

  /** Seals a known value under an erasure key. */
  async mark(keyId: string): Promise<ErasureKeyMark> {
    const sealed = await this.#erasureKeys.seal(keyId, PROBE, KNOWN);
    return { id: this.#erasureKeys.keyIdOf(sealed), probe: toBase64(sealed) };
  }

  /** Opens the known value under an erasure key. @throws {SealError} SEAL_KEY_UNKNOWN: the key is gone */
  openMark(probe: Uint8Array): Promise<Uint8Array> {
    return this.#erasureKeys.open(PROBE, probe);
  }

  async #load(): Promise<LoadedSettings> {
    const entry = (await this.#store.get(vaultSettings, ID)) ?? (await this.#create());
    if (entry.version !== this.#loaded?.version) this.#loaded = await this.#open(entry);
    return this.#loaded;
  }

  async #create(): Promise<Entry<SettingsValue>> {
    const { crypto } = this.#store;
    const secrets = await generateSecrets(crypto);
    const keyId = await this.#erasureKeys.successor(undefined, false);
    const value: SettingsValue = { erasureKey: await this.mark(keyId), retiring: [] };
    const bytes = await this.#seal(secrets);
    const { committed } = await this.#store.commit([
      this.#store.put(vaultSettings, ID, value, { ifVersion: null, bytes }),
    ]);
    // Another instance was first: its settings are the vault's, and nothing is under the key that was made here.
    if (!committed) await this.#erasureKeys.destroy(keyId);
    const entry = await this.#store.get(vaultSettings, ID);
    if (entry !== undefined) return entry;
    throw new StorageError('STORAGE_CORRUPT', "The vault's settings vanished as soon as they were written");
  }

  async #open({ version, value, bytes = new Uint8Array() }: Entry<SettingsValue>): Promise<LoadedSettings> {
    const opened = await openField(this.#store, this.#keyring, SECRETS, bytes);
    const secrets = await decodeSecrets(this.#store.crypto, opened);
    opened.fill(0);
    return { version, value, secrets };
  }

  async #seal(secrets: VaultSecrets): Promise<Uint8Array> {
    const plain = await encodeSecrets(this.#store.crypto, secrets);
    const sealed = await sealField(this.#store, this.#keyring, SECRETS, plain);
    plain.fill(0);
    return sealed;
  }
}
