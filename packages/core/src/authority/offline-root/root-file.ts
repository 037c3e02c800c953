import { z } from 'zod';
import { passphraseBytes } from '../../crypto/passphrase.ts';
import { fromBase64, toBase64 } from '../../encoding/base64.ts';
import { fromUtf8, isBytes, utf8 } from '../../encoding/bytes.ts';
import { ChanceryError } from '../../errors/chancery-error.ts';
import { InvalidInputError, SealError } from '../../errors/families.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import { type RootState, rootState } from './root-state.ts';

const MAXIMUM_FILE_BYTES = 16 * 1024 * 1024;
const SALT_BYTES = 32;
const NONCE_BYTES = 12;
/** A file is a stranger until its tag fits: its cost must not be able to eat the machine. */
const MAXIMUM_COST = 2 ** 20;

const header = z.strictObject({
  format: z.literal('chancery-offline-root'),
  version: z.literal(1),
  kdf: z.literal('scrypt'),
  cost: z
    .number()
    .int()
    .min(2 ** 14)
    .max(MAXIMUM_COST)
    .refine((cost) => Number.isInteger(Math.log2(cost)), 'not a power of two'),
  blockSize: z.literal(8),
  parallelization: z.literal(1),
  salt: z.string().length(44),
  cipher: z.literal('AES-256-GCM'),
});
const rootFile = z.strictObject({ ...header.shape, nonce: z.string().length(16), ciphertext: z.string() });

type RootFileHeader = z.infer<typeof header>;

interface RootFileContents {
  readonly header: RootFileHeader;
  readonly nonce: Uint8Array;
  readonly ciphertext: Uint8Array;
}

/** The key that encrypts a root's file, with the header that says how it was derived. Kept instead of the passphrase. */
export interface RootFileKey {
  readonly header: RootFileHeader;
  readonly key: Uint8Array;
}

/**
 * Derives a fresh file key from a passphrase (scrypt, N = 2^17, r = 8, p = 1, 32-byte salt).
 *
 * @throws {InvalidInputError} PASSPHRASE_TOO_SHORT: fewer than 15 characters
 */
export async function createRootFileKey(passphrase: string, crypto: CryptoProvider): Promise<RootFileKey> {
  return deriveKey(passphraseBytes(passphrase), crypto, {
    format: 'chancery-offline-root',
    version: 1,
    kdf: 'scrypt',
    cost: 2 ** 17,
    blockSize: 8,
    parallelization: 1,
    salt: toBase64(crypto.randomBytes(SALT_BYTES)),
    cipher: 'AES-256-GCM',
  });
}

/** Encrypts a root's whole state. The header is the AAD, so that none of it can be changed either. */
export async function writeRootFile(
  state: RootState,
  fileKey: RootFileKey,
  crypto: CryptoProvider,
): Promise<Uint8Array> {
  // What cannot be read back must never replace a file that can.
  if (!rootState.safeParse(state).success)
    throw new InvalidInputError('ROOT_FILE_INVALID', 'This state of an offline root could not be read back');
  const nonce = crypto.randomBytes(NONCE_BYTES);
  const plaintext = utf8(JSON.stringify(state));
  const ciphertext = await crypto.aeadSeal(fileKey.key, nonce, headerBytes(fileKey.header), plaintext);
  plaintext.fill(0);
  const written = { ...fileKey.header, nonce: toBase64(nonce), ciphertext: toBase64(ciphertext) };
  const file = utf8(`${JSON.stringify(written, null, 2)}\n`);
  if (file.length > MAXIMUM_FILE_BYTES) throw invalidFile(`it would be larger than ${MAXIMUM_FILE_BYTES} bytes`);
  return file;
}

/**
 * Decrypts a root's file.
 *
 * @param file - the bytes of the file, or its text
 * @throws {InvalidInputError} ROOT_FILE_INVALID: not such a file, or one whose scrypt cost is past 2^20
 * @throws {InvalidInputError} INVALID_ARGUMENT: the passphrase is no string
 * @throws {SealError} ROOT_PASSPHRASE_WRONG: the passphrase does not open it, or it was tampered with
 */
export async function readRootFile(
  file: Uint8Array | string,
  passphrase: string,
  crypto: CryptoProvider,
): Promise<{ state: RootState; fileKey: RootFileKey }> {
  const { nonce, ciphertext, header: written } = parseFile(file);
  if (typeof passphrase !== 'string') throw new InvalidInputError('INVALID_ARGUMENT', 'passphrase must be a string');
  // A passphrase that is too short is a wrong one like any other.
  const fileKey = await deriveKey(utf8(passphrase.normalize('NFKC')), crypto, written);
  const plaintext = await openFile(fileKey, nonce, ciphertext, crypto);
  const state = rootState.safeParse(parseJson(fromUtf8(plaintext)));
  plaintext.fill(0);
  if (!state.success) throw invalidFile('its decrypted content is not the state of an offline root');
  return { state: state.data, fileKey };
}

async function deriveKey(secret: Uint8Array, crypto: CryptoProvider, fileHeader: RootFileHeader): Promise<RootFileKey> {
  const key = await crypto.scrypt(secret, fromBase64(fileHeader.salt), fileHeader, 32);
  secret.fill(0);
  return { header: fileHeader, key };
}

async function openFile(
  fileKey: RootFileKey,
  nonce: Uint8Array,
  ciphertext: Uint8Array,
  crypto: CryptoProvider,
): Promise<Uint8Array> {
  try {
    return await crypto.aeadOpen(fileKey.key, nonce, headerBytes(fileKey.header), ciphertext);
  } catch (cause) {
    if (!(cause instanceof ChanceryError)) throw cause;
    throw new SealError(
      'ROOT_PASSPHRASE_WRONG',
      'The offline root does not open: the passphrase is wrong, or the file was changed',
      { cause },
    );
  }
}

function parseFile(file: Uint8Array | string): RootFileContents {
  if (typeof file !== 'string' && !isBytes(file)) throw invalidFile('it is neither bytes nor text');
  if (file.length > MAXIMUM_FILE_BYTES) throw invalidFile(`it is larger than ${MAXIMUM_FILE_BYTES} bytes`);
  const parsed = rootFile.safeParse(parseJson(typeof file === 'string' ? file : decodeFile(file)));
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw invalidFile(`${issue?.path.join('.') || 'content'}: ${issue?.message ?? 'malformed'}`);
  }
  const { nonce, ciphertext, ...fileHeader } = parsed.data;
  decodeField('salt', fileHeader.salt);
  return { header: fileHeader, nonce: decodeField('nonce', nonce), ciphertext: decodeField('ciphertext', ciphertext) };
}

function decodeField(field: string, text: string): Uint8Array {
  try {
    return fromBase64(text);
  } catch {
    throw invalidFile(`${field}: not base64`);
  }
}

function decodeFile(file: Uint8Array): string {
  try {
    return fromUtf8(file);
  } catch {
    throw invalidFile('it is not UTF-8 text');
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // JSON.parse quotes what it read: the state holds the private key.
    throw invalidFile('it is not JSON');
  }
}

/** The header in its fixed order: how the file is laid out on disk must not matter. */
function headerBytes(fileHeader: RootFileHeader): Uint8Array {
  const { format, version, kdf, cost, blockSize, parallelization, salt, cipher } = fileHeader;
  return utf8(JSON.stringify([format, version, kdf, cost, blockSize, parallelization, salt, cipher]));
}

function invalidFile(why: string): InvalidInputError {
  return new InvalidInputError('ROOT_FILE_INVALID', `Not a readable offline root file: ${why}`);
}
