import { constantTimeEqual } from '../../crypto/constant-time.ts';
import { concatBytes } from '../../encoding/bytes.ts';
import type { DerReader } from '../../encoding/der/reader.ts';
import { Tag } from '../../encoding/der/tags.ts';
import { derInteger, derNull, derOctetString, derOid, derSequence } from '../../encoding/der/writer.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { Pkcs12Password, TriedPassword } from './password.ts';
import { derivePbkdf2, readPbkdf2 } from './pbkdf2.ts';
import { pkcs12Invalid, wrongPassword } from './pkcs12-invalid.ts';
import { HMAC_DIGESTS, MAC_DIGESTS, Pkcs12Oid } from './pkcs12-oids.ts';

type MacDigest = 'SHA-1' | 'SHA-256' | 'SHA-512';

/** Above this the derivation, which hashes one after the other, would hold up the process for half a second. */
const MAX_ITERATIONS = 250_000;
const SALT_LENGTH = 16;
/** The purpose of the derived bytes: a MAC key (RFC 7292 appendix B.3). */
const MAC_KEY = 3;
const BLOCK: Readonly<Record<MacDigest, number>> = { 'SHA-1': 64, 'SHA-256': 64, 'SHA-512': 128 };

/**
 * Writes the MacData of a file: HMAC-SHA-256 with a key from the password (RFC 7292 section 4 and appendix B.2), which every
 * program reads.
 *
 * @param content - what it protects
 */
export async function encodeMac(
  content: Uint8Array,
  password: Pkcs12Password,
  iterations: number,
  crypto: CryptoProvider,
): Promise<Uint8Array> {
  const salt = crypto.randomBytes(SALT_LENGTH);
  const key = await deriveMacKey('SHA-256', password, salt, iterations, crypto);
  const mac = await crypto.hmac('SHA-256', key, content);
  const digestInfo = derSequence(derSequence(derOid(Pkcs12Oid.sha256), derNull()), derOctetString(mac));
  return derSequence(digestInfo, derOctetString(salt), derInteger(iterations));
}

/**
 * Verifies the MacData of a file, by a digest or by PBMAC1 (RFC 9579).
 *
 * @param reader - of its content
 * @param content - what it protects
 * @throws {SealError} PKCS12_PASSWORD_WRONG: it does not fit
 * @throws {InvalidInputError} PKCS12_INVALID: an algorithm that is not known, or more iterations than a reader should do
 */
export async function verifyMac(
  reader: DerReader,
  content: Uint8Array,
  password: TriedPassword,
  crypto: CryptoProvider,
): Promise<void> {
  const digestInfo = reader.read(Tag.sequence);
  const algorithm = digestInfo.read(Tag.sequence);
  const expected = digestInfo.octetString();
  digestInfo.finish();
  const salt = reader.octetString();
  const iterations = reader.done ? 1 : reader.smallInteger();
  reader.finish();
  const mac = await computeMac(algorithm, content, password, { salt, iterations }, crypto);
  if (!constantTimeEqual(mac, expected)) throw wrongPassword();
}

async function computeMac(
  algorithm: DerReader,
  content: Uint8Array,
  password: TriedPassword,
  { salt, iterations }: { readonly salt: Uint8Array; readonly iterations: number },
  crypto: CryptoProvider,
): Promise<Uint8Array> {
  const oid = algorithm.oid();
  if (oid === Pkcs12Oid.pbmac1) return computePbmac1(algorithm.read(Tag.sequence), content, password, crypto);
  const digest = MAC_DIGESTS.get(oid);
  if (digest === undefined) throw pkcs12Invalid(`its MAC is made with ${oid}, which is not supported`);
  // RFC 5754 section 2: they are absent, or NULL.
  if (!algorithm.done) algorithm.null();
  algorithm.finish();
  if (iterations < 1 || iterations > MAX_ITERATIONS)
    throw pkcs12Invalid(`its MAC takes ${iterations} iterations, not 1 to ${MAX_ITERATIONS}`);
  const key = await deriveMacKey(digest, password, salt, iterations, crypto);
  return crypto.hmac(digest, key, content);
}

async function computePbmac1(
  parameters: DerReader,
  content: Uint8Array,
  password: TriedPassword,
  crypto: CryptoProvider,
): Promise<Uint8Array> {
  const derivation = readPbkdf2(parameters.read(Tag.sequence));
  const scheme = parameters.read(Tag.sequence).oid();
  const digest = HMAC_DIGESTS.get(scheme);
  if (digest === undefined) throw pkcs12Invalid(`its MAC is made with ${scheme}, which is not supported`);
  // RFC 9579 section 5: the length must be given, and a short key is a weak MAC.
  if (derivation.keyLength === undefined || derivation.keyLength < 20)
    throw pkcs12Invalid('its MAC key has no length, or fewer than 20 octets');
  return crypto.hmac(digest, await derivePbkdf2(derivation, derivation.keyLength, password, crypto), content);
}

/** RFC 7292 appendix B.2, for as many octets as the digest has: the first round gives them all. */
async function deriveMacKey(
  digest: MacDigest,
  { utf16 }: Pkcs12Password,
  salt: Uint8Array,
  iterations: number,
  crypto: CryptoProvider,
): Promise<Uint8Array> {
  const block = BLOCK[digest];
  const diversifier = new Uint8Array(block).fill(MAC_KEY);
  let key = concatBytes([diversifier, fillBlocks(salt, block), fillBlocks(utf16, block)]);
  for (let round = 0; round < iterations; round++) {
    const next = crypto.digest(digest, key);
    // Awaiting what is there already would double the time.
    key = next instanceof Uint8Array ? next : await next;
  }
  return key;
}

/** Repeats bytes to whole blocks. */
function fillBlocks(bytes: Uint8Array, block: number): Uint8Array {
  const filled = new Uint8Array(Math.ceil(bytes.length / block) * block);
  for (let at = 0; at < filled.length; at++) filled[at] = bytes[at % bytes.length] as number;
  return filled;
}
