import { isBytes } from '../encoding/bytes.ts';
import { DerReader } from '../encoding/der/reader.ts';
import { contextTag, Tag } from '../encoding/der/tags.ts';
import { InvalidInputError } from '../errors/families.ts';
import { quote } from '../errors/quote.ts';

/** What a PEM block or DER may hold. */
export type Structure = 'certificate' | 'csr' | 'crl';

const KIND_OF_LABEL: ReadonlyMap<string, Structure> = new Map([
  ['CERTIFICATE', 'certificate'],
  ['X509 CERTIFICATE', 'certificate'],
  ['CERTIFICATE REQUEST', 'csr'],
  ['NEW CERTIFICATE REQUEST', 'csr'],
  ['X509 CRL', 'crl'],
]);

/**
 * Tells what PEM or DER holds, without reading it all.
 *
 * @param input - PEM text, of which the first block counts, or DER
 * @returns the best guess: whether it is well-formed is for its parser to say
 * @throws {InvalidInputError} PEM_INVALID: text without a PEM block, or with one of another kind
 */
export function structureOf(input: string | Uint8Array): Structure {
  return typeof input === 'string' ? structureOfPem(input) : structureOfDer(input);
}

function structureOfPem(text: string): Structure {
  const label = /-----BEGIN ([^-]{1,64})-----/.exec(text)?.[1];
  if (label === undefined) throw new InvalidInputError('PEM_INVALID', 'there is no PEM block');
  const kind = KIND_OF_LABEL.get(label);
  if (kind === undefined) {
    const message = `a PEM block labelled ${quote(label)} is no certificate, CSR or CRL`;
    throw new InvalidInputError('PEM_INVALID', message, { facts: { label } });
  }
  return kind;
}

/**
 * Tells the three apart by the elements of what is signed. After the version, a CSR has name, key and attributes [0]; a CRL
 * has algorithm, issuer and a time; a certificate has algorithm, issuer and a SEQUENCE of times. Bytes that are none of the
 * three pass for a certificate, so that its parser says what is wrong.
 */
function structureOfDer(der: Uint8Array): Structure {
  if (!isBytes(der)) return 'certificate';
  try {
    const tbs = new DerReader(der).read(Tag.sequence).read(Tag.sequence);
    if (tbs.peekTag() === contextTag(0, true)) return 'certificate';
    if (tbs.peekTag() === Tag.integer) tbs.skip();
    tbs.skip(Tag.sequence);
    tbs.skip(Tag.sequence);
    switch (tbs.peekTag()) {
      case contextTag(0, true):
      case undefined:
        return 'csr';
      case Tag.utcTime:
      case Tag.generalizedTime:
        return 'crl';
      default:
        return 'certificate';
    }
  } catch (error) {
    if (error instanceof InvalidInputError) return 'certificate';
    throw error;
  }
}
