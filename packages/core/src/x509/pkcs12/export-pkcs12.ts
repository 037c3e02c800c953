import { defaultCrypto } from '../../crypto/node-provider.ts';
import { equalBytes } from '../../encoding/bytes.ts';
import { derContext, derInteger, derOctetString, derOid, derSequence } from '../../encoding/der/writer.ts';
import { decodePem } from '../../encoding/pem.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { requireObject } from '../../errors/require-object.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import { type Certificate, parseCertificates } from '../certificate/certificate.ts';
import { encodeMac } from './mac.ts';
import { encodePassword, type Pkcs12Password } from './password.ts';
import { encryptPbes2 } from './pbes2.ts';
import { Pkcs12Oid } from './pkcs12-oids.ts';
import { encodeCertBag, encodeSafeBag } from './safe-bag.ts';

/** What goes into a PKCS#12 file. */
export interface ExportPkcs12Options {
  /** PKCS#8, PEM. */
  readonly privateKeyPem: string;
  /** The certificate of the key, then those of its issuers, PEM. */
  readonly chainPem: string;
  /** At least one character; the file is as safe as this is hard to guess. */
  readonly password: string;
  /** What programs call the entry; Java needs it as the alias. */
  readonly friendlyName?: string;
  /** How often each derivation hashes, 2,048 to 200,000; 20,000 by default. */
  readonly iterations?: number;
  readonly crypto?: CryptoProvider;
}

const LEAST_ITERATIONS = 2_048;
const MOST_ITERATIONS = 200_000;
const MAX_NAME = 256;

/**
 * Makes a PKCS#12 file (RFC 7292): a key with its certificates, encrypted by AES-256-CBC with a key of PBKDF2 and HMAC-SHA-256, and
 * protected by an HMAC-SHA-256. OpenSSL 1.1 and later, Java 8u301 and later, Windows 10 1709 and later, and GnuTLS read it.
 *
 * @returns the file, DER
 * @throws {InvalidInputError} INVALID_ARGUMENT: an option is out of range, or the key is not that of the first certificate
 * @throws {InvalidInputError} PEM_INVALID, KEY_INVALID, KEY_UNSUPPORTED, CERTIFICATE_INVALID: key or chain is malformed
 */
export async function exportPkcs12(options: ExportPkcs12Options): Promise<Uint8Array> {
  requireObject(options, 'exportPkcs12() options');
  const { friendlyName, iterations = 20_000, crypto = defaultCrypto } = options;
  checkOptions(friendlyName, iterations);
  const password = encodePassword(options.password, { mayBeEmpty: false });
  const [certificate, ...issuers] = parseCertificates(options.chainPem) as [Certificate, ...Certificate[]];
  const [block] = decodePem(options.privateKeyPem, { label: 'PRIVATE KEY', maxBlocks: 1 });
  const pkcs8 = block?.der as Uint8Array;
  try {
    const key = await crypto.importPrivateKey(pkcs8);
    if (!equalBytes(key.publicKey.spki, certificate.spki))
      throw new InvalidInputError(
        'INVALID_ARGUMENT',
        'privateKeyPem is not the key of the first certificate of chainPem',
      );
    const localKeyId = await crypto.digest('SHA-1', certificate.der);
    const own = { localKeyId, ...(friendlyName === undefined ? {} : { friendlyName }) };
    const bags = [encodeCertBag(certificate.der, own), ...issuers.map(({ der }) => encodeCertBag(der, {}))];
    const shrouded = await encryptPbes2(pkcs8, password, iterations, crypto);
    const keyBag = derSequence(shrouded.algorithm, derOctetString(shrouded.ciphertext));
    const safe = derSequence(
      await encryptedContent(derSequence(...bags), password, iterations, crypto),
      plainContent(derSequence(encodeSafeBag(Pkcs12Oid.shroudedKeyBag, keyBag, own))),
    );
    const mac = await encodeMac(safe, password, iterations, crypto);
    return derSequence(derInteger(3), plainContent(safe), mac);
  } finally {
    pkcs8.fill(0);
  }
}

/** ContentInfo of type data. */
function plainContent(content: Uint8Array): Uint8Array {
  return derSequence(derOid(Pkcs12Oid.data), derContext(0, true, derOctetString(content)));
}

/** ContentInfo of type encryptedData (RFC 5652 section 8). */
async function encryptedContent(
  content: Uint8Array,
  password: Pkcs12Password,
  iterations: number,
  crypto: CryptoProvider,
): Promise<Uint8Array> {
  const { algorithm, ciphertext } = await encryptPbes2(content, password, iterations, crypto);
  const info = derSequence(derOid(Pkcs12Oid.data), algorithm, derContext(0, false, ciphertext));
  return derSequence(derOid(Pkcs12Oid.encryptedData), derContext(0, true, derSequence(derInteger(0), info)));
}

function checkOptions(friendlyName: string | undefined, iterations: number): void {
  if (!Number.isInteger(iterations) || iterations < LEAST_ITERATIONS || iterations > MOST_ITERATIONS) {
    throw new InvalidInputError(
      'INVALID_ARGUMENT',
      `iterations must be a whole number from ${LEAST_ITERATIONS} to ${MOST_ITERATIONS}, not ${iterations}`,
    );
  }
  if (friendlyName === undefined) return;
  // A BMPString holds no more than the basic plane.
  const fits = typeof friendlyName === 'string' && friendlyName !== '' && friendlyName.length <= MAX_NAME;
  if (!fits || /[\0\ud800-\udfff]/.test(friendlyName)) {
    throw new InvalidInputError(
      'INVALID_ARGUMENT',
      `friendlyName must be text of 1 to ${MAX_NAME} characters of the basic multilingual plane`,
    );
  }
}
