import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';
import { Decrypter, Encrypter, type Identity, type Recipient, Stanza } from 'age-encryption';
import { type Contestant, inProcess } from '../harness/contestant.ts';

/** One pass of AES-256-GCM over the same bytes: what no format can be faster than. */
export const ONE_PASS = 'createCipheriv, one pass';
/** The format of age in TypeScript. */
export const TYPAGE = 'typage';

/** One cipher over the whole content, its key imported beforehand. */
export function onePass(content: Uint8Array): Contestant {
  const key = createSecretKey(randomBytes(32));
  const nonce = randomBytes(12);
  const seal = (): readonly [Buffer, Buffer] => {
    const cipher = createCipheriv('aes-256-gcm', key, nonce);
    const sealed = cipher.update(content);
    cipher.final();
    return [sealed, cipher.getAuthTag()];
  };
  return inProcess(
    ONE_PASS,
    (count) => {
      for (let i = 0; i < count; i++) seal();
    },
    {
      sample: async () => {
        const [sealed, tag] = seal();
        const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 }).setAuthTag(tag);
        return Buffer.concat([decipher.update(sealed), decipher.final()]);
      },
    },
  );
}

/** typage, with a recipient that costs nothing: its chunks are measured, not its key agreement. */
export function typage(content: Uint8Array): Contestant {
  let kept = new Uint8Array();
  const recipient: Recipient = {
    wrapFileKey(fileKey) {
      kept = fileKey.slice();
      return [new Stanza(['bench'], new Uint8Array(16))];
    },
  };
  const identity: Identity = { unwrapFileKey: () => kept };
  const encrypter = new Encrypter();
  encrypter.addRecipient(recipient);
  const decrypter = new Decrypter();
  decrypter.addIdentity(identity);
  return inProcess(
    TYPAGE,
    async (count) => {
      for (let i = 0; i < count; i++) await encrypter.encrypt(content);
    },
    { sample: async () => decrypter.decrypt(await encrypter.encrypt(content)) },
  );
}
