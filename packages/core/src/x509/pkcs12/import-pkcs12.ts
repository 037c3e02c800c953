import { defaultCrypto } from '../../crypto/node-provider.ts';
import { equalBytes } from '../../encoding/bytes.ts';
import { DerReader } from '../../encoding/der/reader.ts';
import { contextTag, Tag } from '../../encoding/der/tags.ts';
import { encodePem } from '../../encoding/pem.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { requireObject } from '../../errors/require-object.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import { type Certificate, parseCertificate } from '../certificate/certificate.ts';
import { derInput } from '../der-input.ts';
import { malformed } from '../malformed.ts';
import { verifyMac } from './mac.ts';
import { orderChain } from './order-chain.ts';
import { encodePassword, type TriedPassword } from './password.ts';
import { decryptPbes2 } from './pbes2.ts';
import { pkcs12Invalid } from './pkcs12-invalid.ts';
import { Pkcs12Oid } from './pkcs12-oids.ts';
import { readCertBag, readSafeBags, type SafeBag } from './safe-bag.ts';

/** How a PKCS#12 file is opened. */
export interface ImportPkcs12Options {
  readonly password: string;
  readonly crypto?: CryptoProvider;
}

/** What a PKCS#12 file held. */
export interface ImportedPkcs12 {
  /** PKCS#8, PEM, in the clear; absent from a file of certificates alone. */
  readonly privateKeyPem?: string;
  /** The certificate of the key, then its issuers as far as the file has them, then whatever else there was; PEM. */
  readonly chainPem: string;
  /** What the file calls the key. */
  readonly friendlyName?: string;
}

const MAX_BYTES = 4 * 1024 * 1024;
/** Two keys of the most iterations, a few seconds of one core, as {@link TriedPassword} counts them. */
const MAX_WORK = 4_000_000;
/** Each encrypted part may cost a derivation. */
const MAX_PARTS = 8;
const MAX_CERTIFICATES = 100;

/** What the bags of a file come to. */
interface Contents {
  readonly certificates: Certificate[];
  key?: { readonly pkcs8: Uint8Array; readonly friendlyName: string | undefined };
  parts: number;
}

/**
 * Reads a PKCS#12 file (RFC 7292) that a password protects: AES-CBC with PBKDF2, and a MAC by SHA-1, SHA-256, SHA-512 or PBMAC1
 * (RFC 9579). The MAC is verified before anything else is read. What a derivation may cost is bounded.
 *
 * @param der - the file, at most 4 MiB, in DER
 * @throws {SealError} PKCS12_PASSWORD_WRONG: the password does not open it, or it was changed
 * @throws {InvalidInputError} PKCS12_INVALID: it is malformed, has no MAC, holds no certificate, several keys or a key without its
 *   certificate, or uses an algorithm that is not supported, such as the RC2 and triple DES of older files
 * @throws {InvalidInputError} CERTIFICATE_INVALID, KEY_INVALID, KEY_UNSUPPORTED: what it holds is malformed
 * @throws {InvalidInputError} INVALID_ARGUMENT, DER_TOO_LARGE
 */
export async function importPkcs12(der: Uint8Array, options: ImportPkcs12Options): Promise<ImportedPkcs12> {
  requireObject(options, 'importPkcs12() options');
  const { crypto = defaultCrypto } = options;
  const password = { ...encodePassword(options.password, { mayBeEmpty: true }), work: { left: MAX_WORK } };
  const bytes = derInput(der, { what: 'PKCS#12 file', labels: ['PKCS12'], maxBytes: MAX_BYTES });
  const contents: Contents = { certificates: [], parts: 0 };
  try {
    await readFile(new DerReader(bytes), contents, password, crypto);
    return await describe(contents, crypto);
  } catch (error) {
    if (error instanceof InvalidInputError && error.code.startsWith('DER_'))
      throw malformed('PKCS12_INVALID', 'PKCS#12 file', 'PFX', error);
    throw error;
  } finally {
    contents.key?.pkcs8.fill(0);
  }
}

async function readFile(
  outer: DerReader,
  contents: Contents,
  password: TriedPassword,
  crypto: CryptoProvider,
): Promise<void> {
  const pfx = outer.read(Tag.sequence);
  outer.finish();
  const version = pfx.smallInteger();
  if (version !== 3) throw pkcs12Invalid(`it is of version ${version}, not 3`);
  const info = pfx.read(Tag.sequence);
  const mac = pfx.optional(Tag.sequence);
  pfx.finish();
  if (info.oid() !== Pkcs12Oid.data) throw pkcs12Invalid('it is protected by keys, not by a password');
  const safe = readContent(info).octetString();
  if (mac === undefined) throw pkcs12Invalid('it has no MAC, so that nobody can tell whether it was changed');
  await verifyMac(mac, safe, password, crypto);
  const list = new DerReader(safe).read(Tag.sequence);
  while (!list.done) await readPart(list.read(Tag.sequence), contents, password, crypto);
}

/** One ContentInfo of the AuthenticatedSafe. */
async function readPart(
  info: DerReader,
  contents: Contents,
  password: TriedPassword,
  crypto: CryptoProvider,
): Promise<void> {
  const type = info.oid();
  const content = readContent(info);
  let bags: SafeBag[];
  if (type === Pkcs12Oid.data) bags = readSafeBags(content.octetString());
  else if (type === Pkcs12Oid.encryptedData) {
    countPart(contents);
    bags = readSafeBags(await decryptContent(content.read(Tag.sequence), password, crypto));
  } else throw pkcs12Invalid(`it has a part of type ${type}, which is not supported`);
  for (const bag of bags) await readBag(bag, contents, password, crypto);
}

async function readBag(
  bag: SafeBag,
  contents: Contents,
  password: TriedPassword,
  crypto: CryptoProvider,
): Promise<void> {
  if (bag.id === Pkcs12Oid.certBag) {
    const certificate = readCertBag(bag);
    if (certificate !== undefined) contents.certificates.push(parseCertificate(certificate));
    if (contents.certificates.length > MAX_CERTIFICATES)
      throw pkcs12Invalid(`it holds more than ${MAX_CERTIFICATES} certificates`);
    return;
  }
  if (bag.id !== Pkcs12Oid.keyBag && bag.id !== Pkcs12Oid.shroudedKeyBag) return;
  if (contents.key !== undefined) throw pkcs12Invalid('it holds more than one private key');
  const { friendlyName } = bag.attributes;
  if (bag.id === Pkcs12Oid.keyBag) {
    contents.key = { pkcs8: bag.value.element(Tag.sequence).slice(), friendlyName };
    return;
  }
  countPart(contents);
  const shrouded = bag.value.read(Tag.sequence);
  const algorithm = shrouded.read(Tag.sequence);
  const ciphertext = shrouded.octetString();
  shrouded.finish();
  contents.key = { pkcs8: await decryptPbes2(algorithm, ciphertext, password, crypto), friendlyName };
}

function countPart(contents: Contents): void {
  contents.parts += 1;
  if (contents.parts > MAX_PARTS) throw pkcs12Invalid(`it has more than ${MAX_PARTS} encrypted parts`);
}

/** The [0] EXPLICIT content of a ContentInfo. */
function readContent(info: DerReader): DerReader {
  const content = info.read(contextTag(0, true));
  info.finish();
  return content;
}

async function decryptContent(data: DerReader, password: TriedPassword, crypto: CryptoProvider): Promise<Uint8Array> {
  data.smallInteger();
  const info = data.read(Tag.sequence);
  info.oid();
  const algorithm = info.read(Tag.sequence);
  const ciphertext = info.content(contextTag(0, false));
  return decryptPbes2(algorithm, ciphertext, password, crypto);
}

async function describe({ certificates, key }: Contents, crypto: CryptoProvider): Promise<ImportedPkcs12> {
  if (certificates.length === 0) throw pkcs12Invalid('it holds no certificate');
  if (key === undefined) return { chainPem: certificates.map((each) => each.toPem()).join('') };
  const { spki } = (await crypto.importPrivateKey(key.pkcs8)).publicKey;
  const own = certificates.find((each) => equalBytes(each.spki, spki));
  if (own === undefined) throw pkcs12Invalid('it holds a private key without its certificate');
  return {
    privateKeyPem: encodePem('PRIVATE KEY', key.pkcs8),
    chainPem: orderChain(own, certificates)
      .map((each) => each.toPem())
      .join(''),
    ...(key.friendlyName === undefined ? {} : { friendlyName: key.friendlyName }),
  };
}
