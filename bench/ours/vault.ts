import { type CryptoProvider, nodeCrypto } from '@chancery/core';
import { openRecord, type RecordKey, sealRecord } from '@chancery/core/vault';
import { type Contestant, inProcess } from '../harness/contestant.ts';

/** What our side is called when it seals. */
export const OURS_SEALED = 'Chancery, sealed';
/** What our side is called when it opens. */
export const OURS_OPENED = 'Chancery, opened';

const place = { namespace: 'bench', owner: 'ada', record: 'default', version: 1, keyMode: 'user' } as const;

/** Sealing and opening a record, everything included that is done for each: salt, key derivation, commitment, trailer. */
export async function ourVault(content: Uint8Array): Promise<Contestant[]> {
  const crypto: CryptoProvider = nodeCrypto();
  const options: RecordKey = { key: crypto.randomBytes(32), place };
  const sealed = await sealRecord(crypto, options, content);
  return [
    inProcess(
      OURS_SEALED,
      async (count) => {
        for (let i = 0; i < count; i++) await sealRecord(crypto, options, content);
      },
      { sample: async () => (await openRecord(crypto, options, await sealRecord(crypto, options, content))).bytes() },
    ),
    inProcess(
      OURS_OPENED,
      async (count) => {
        for (let i = 0; i < count; i++) await (await openRecord(crypto, options, sealed)).bytes();
      },
      { sample: async () => (await openRecord(crypto, options, sealed)).bytes() },
    ),
  ];
}
