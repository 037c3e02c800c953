import { createCipheriv, createDecipheriv, createSecretKey, hash, randomBytes } from 'node:crypto';
import { Decrypter, Encrypter, type Identity, type Recipient, Stanza } from 'age-encryption';
import { type Contestant, inProcess } from '../harness/contestant.ts';

/** One pass of AES-256-GCM over the same bytes: what no format can be faster than. */
export const ONE_PASS = 'createCipheriv, one pass';
/** The calls that the format cannot do without, and nothing else: what node:crypto lets any code of it reach. */
export const BY_HAND = 'node:crypto, chunk by chunk';
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

/** A secret key as node:crypto takes it up soonest: bytes on Node 20, a KeyObject later. */
const secretKey = Number.parseInt(process.versions.node, 10) < 22 ? (key: Buffer) => key : createSecretKey;

/**
 * The four hashes of two HMACs, a cipher for each 16 KiB, and one buffer for what they give, each by the quickest call that there is. No
 * salt, trailer, commitment, check or promise; one nonce for all chunks.
 */
export function byHand(content: Uint8Array): Contestant {
  const chunk = 16_384;
  const tag = 16;
  const inner = randomBytes(250);
  const outer = randomBytes(192);
  const derive = () => {
    hash('sha512', inner, 'binary');
    const first = hash('sha512', outer, 'buffer');
    hash('sha512', inner, 'binary');
    hash('sha512', outer, 'buffer');
    return { key: secretKey(first.subarray(0, 32)), nonce: first.subarray(32, 44) };
  };
  const seal = (): Uint8Array => {
    const { key, nonce } = derive();
    const sealed = Buffer.allocUnsafeSlow(content.length + (Math.floor(content.length / chunk) + 1) * tag);
    for (let from = 0, to = 0; from <= content.length; from += chunk, to += chunk + tag) {
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      const part = cipher.update(content.subarray(from, from + chunk));
      cipher.final();
      sealed.set(part, to);
      sealed.set(cipher.getAuthTag(), to + part.length);
    }
    return sealed;
  };
  const open = (sealed: Uint8Array): Uint8Array => {
    const { key, nonce } = derive();
    const parts: Uint8Array[] = [];
    for (let from = 0; from < sealed.length; from += chunk + tag) {
      const end = Math.min(from + chunk + tag, sealed.length) - tag;
      const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: tag });
      decipher.setAuthTag(sealed.subarray(end, end + tag));
      parts.push(decipher.update(sealed.subarray(from, end)), decipher.final());
    }
    return Buffer.concat(parts);
  };
  return inProcess(
    BY_HAND,
    (count) => {
      for (let i = 0; i < count; i++) seal();
    },
    { sample: async () => open(seal()) },
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
