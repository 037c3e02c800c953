import type { DerReader } from '../../encoding/der/reader.ts';
import { Tag } from '../../encoding/der/tags.ts';
import { derOctetString, derOid, derSequence } from '../../encoding/der/writer.ts';
import { SealError } from '../../errors/families.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { Pkcs12Password, TriedPassword } from './password.ts';
import { derivePbkdf2, encodePbkdf2, readPbkdf2 } from './pbkdf2.ts';
import { pkcs12Invalid, wrongPassword } from './pkcs12-invalid.ts';
import { AES_CBC, Pkcs12Oid } from './pkcs12-oids.ts';

/** Something encrypted, and the AlgorithmIdentifier that says how. */
export interface Pbes2Encrypted {
  readonly algorithm: Uint8Array;
  readonly ciphertext: Uint8Array;
}

const KEY_LENGTH = 32;
const SALT_LENGTH = 16;
const IV_LENGTH = 16;

/** Encrypts with AES-256-CBC and PBKDF2 with HMAC-SHA-256 (RFC 8018 section 6.2), which programs of this decade read. */
export async function encryptPbes2(
  plaintext: Uint8Array,
  password: Pkcs12Password,
  iterations: number,
  crypto: CryptoProvider,
): Promise<Pbes2Encrypted> {
  const salt = crypto.randomBytes(SALT_LENGTH);
  const iv = crypto.randomBytes(IV_LENGTH);
  const key = await crypto.pbkdf2('SHA-256', password.utf8, salt, iterations, KEY_LENGTH);
  const ciphertext = await crypto.aesCbcEncrypt(key, iv, plaintext);
  key.fill(0);
  const cipher = derSequence(derOid(Pkcs12Oid.aes256Cbc), derOctetString(iv));
  const algorithm = derSequence(derOid(Pkcs12Oid.pbes2), derSequence(encodePbkdf2(salt, iterations), cipher));
  return { algorithm, ciphertext };
}

/**
 * Decrypts what was encrypted by PBES2 with AES-CBC.
 *
 * @param algorithm - of the AlgorithmIdentifier's content
 * @throws {InvalidInputError} PKCS12_INVALID: another algorithm, such as the RC2 and triple DES of older files, or too much work
 * @throws {SealError} PKCS12_PASSWORD_WRONG: what comes out is not padded
 */
export async function decryptPbes2(
  algorithm: DerReader,
  ciphertext: Uint8Array,
  password: TriedPassword,
  crypto: CryptoProvider,
): Promise<Uint8Array> {
  const scheme = algorithm.oid();
  if (scheme !== Pkcs12Oid.pbes2)
    throw pkcs12Invalid(`it is encrypted with ${scheme}, which is not supported: convert it to AES-256`);
  const parameters = algorithm.read(Tag.sequence);
  algorithm.finish();
  const derivation = readPbkdf2(parameters.read(Tag.sequence));
  const cipher = parameters.read(Tag.sequence);
  parameters.finish();
  const oid = cipher.oid();
  const length = AES_CBC.get(oid);
  if (length === undefined) throw pkcs12Invalid(`it is encrypted with ${oid}, which is not supported`);
  const iv = cipher.octetString();
  cipher.finish();
  if (iv.length !== IV_LENGTH || (derivation.keyLength ?? length) !== length)
    throw pkcs12Invalid('the sizes of a key or of an IV do not fit the cipher');
  const key = await derivePbkdf2(derivation, length, password, crypto);
  try {
    return await crypto.aesCbcDecrypt(key, iv, ciphertext);
  } catch (error) {
    if (error instanceof SealError) throw wrongPassword();
    throw error;
  } finally {
    key.fill(0);
  }
}
