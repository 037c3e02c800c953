import { equalBytes } from '../../encoding/bytes.ts';
import { invalidDer } from '../../encoding/der/der-error.ts';
import { DerReader } from '../../encoding/der/reader.ts';
import { contextTag, Tag } from '../../encoding/der/tags.ts';
import { type Extension, readExtensions } from '../extensions/extension.ts';
import { malformed } from '../malformed.ts';
import { DistinguishedName } from '../name/distinguished-name.ts';
import { readSignatureAlgorithm, type SignatureAlgorithmIdentifier } from '../signature-algorithm.ts';
import { readSignature } from '../signed.ts';
import { CrlEntryCursor } from './crl-entry-cursor.ts';

/** The largest CRL that is read or written: 512 MiB, about ten million entries. */
export const MAX_CRL_BYTES = 512 * 1024 * 1024;

/** The fields of a CertificateList (RFC 5280 section 5.1). Byte strings are views. */
export interface CrlFields {
  readonly tbs: Uint8Array;
  readonly version: 1 | 2;
  readonly signatureAlgorithm: SignatureAlgorithmIdentifier;
  readonly signature: Uint8Array;
  readonly issuer: DistinguishedName;
  /** Milliseconds since the epoch. */
  readonly thisUpdate: number;
  /** Milliseconds since the epoch. */
  readonly nextUpdate: number | undefined;
  /** The content of revokedCertificates: the entries, one behind the other. */
  readonly entries: Uint8Array;
  readonly size: number;
  /** OIDs of critical extensions that occur in entries. */
  readonly criticalEntryExtensions: ReadonlySet<string>;
  readonly extensions: readonly Extension[];
}

const EXTENSIONS = contextTag(0, true);
const NO_ENTRIES = new Uint8Array(0);

/**
 * Reads the structure of a CertificateList strictly, every entry included, without copies.
 *
 * @param der the CertificateList
 * @returns its fields
 * @throws {InvalidInputError} CRL_INVALID: names the field that is at fault
 */
export function readCrlFields(der: Uint8Array): CrlFields {
  let field = 'certificateList';
  try {
    const outer = new DerReader(der);
    const list = outer.read(Tag.sequence);
    outer.finish();

    field = 'tbsCertList';
    const tbsStart = list.position;
    const reader = list.read(Tag.sequence);
    const tbs = der.subarray(tbsStart, list.position);
    field = 'signatureAlgorithm';
    const algorithm = list.element(Tag.sequence);
    const signatureAlgorithm = readSignatureAlgorithm(algorithm);
    field = 'signatureValue';
    const signature = readSignature(list);
    field = 'certificateList';
    list.finish();

    field = 'tbsCertList.version';
    const version = readVersion(reader);
    field = 'tbsCertList.signature';
    const start = reader.position;
    if (!equalBytes(reader.element(Tag.sequence), algorithm)) invalidDer('It differs from signatureAlgorithm', start);
    field = 'tbsCertList.issuer';
    const issuer = DistinguishedName.fromDer(reader.element(Tag.sequence));
    if (issuer.isEmpty) invalidDer('The issuer is an empty name', reader.position);
    field = 'tbsCertList.thisUpdate';
    const thisUpdate = reader.time();
    field = 'tbsCertList.nextUpdate';
    const next = reader.peekTag();
    const nextUpdate = next === Tag.utcTime || next === Tag.generalizedTime ? reader.time() : undefined;
    field = 'tbsCertList.revokedCertificates';
    // An empty list should be left out (RFC 5280 section 5.1.2.6); some issuers write it, and it can only mean one thing.
    const entries = reader.peekTag() === Tag.sequence ? reader.content(Tag.sequence) : NO_ENTRIES;
    const { size, criticalExtensions: criticalEntryExtensions } = checkEntries(entries, version);
    field = 'tbsCertList.crlExtensions';
    const extensions = readVersion2Extensions(reader, version);
    field = 'tbsCertList';
    reader.finish();
    return {
      tbs,
      version,
      signatureAlgorithm,
      signature,
      issuer,
      thisUpdate,
      nextUpdate,
      entries,
      size,
      criticalEntryExtensions,
      extensions,
    };
  } catch (cause) {
    throw malformed('CRL_INVALID', 'CRL', field, cause);
  }
}

function checkEntries(entries: Uint8Array, version: number): { size: number; criticalExtensions: ReadonlySet<string> } {
  const cursor = new CrlEntryCursor(entries);
  const criticalExtensions = new Set<string>();
  let size = 0;
  while (cursor.next()) {
    cursor.check(criticalExtensions);
    if (cursor.hasExtensions && version !== 2) invalidDer('An entry of a version 1 CRL has extensions', cursor.start);
    size++;
  }
  return { size, criticalExtensions };
}

function readVersion(reader: DerReader): 1 | 2 {
  if (reader.peekTag() !== Tag.integer) return 1;
  const start = reader.position;
  return reader.smallInteger() === 1 ? 2 : invalidDer('A version that is present can only be 2, encoded as 1', start);
}

function readVersion2Extensions(reader: DerReader, version: number): Extension[] {
  const start = reader.position;
  const explicit = reader.optional(EXTENSIONS);
  if (explicit === undefined) return [];
  if (version !== 2) invalidDer('A version 1 CRL has no extensions', start);
  const list = explicit.read(Tag.sequence);
  explicit.finish();
  return readExtensions(list);
}
