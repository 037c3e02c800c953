import type { DerReader } from '../../encoding/der/reader.ts';
import { Tag } from '../../encoding/der/tags.ts';
import { derIa5, derInteger, derOid, derSequence, derUtf8 } from '../../encoding/der/writer.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import type { Extension } from './extension.ts';
import { decodeExtension, extensionInvalid, extensionOf, requireElements } from './extension-value.ts';

/** The OID of anyPolicy. */
export const ANY_POLICY = '2.5.29.32.0';

/** A policy under which the certificate was issued (RFC 5280 section 4.2.1.4). */
export interface PolicyInformation {
  /** The policy's OID. */
  readonly policyIdentifier: string;
  readonly qualifiers?: readonly PolicyQualifier[];
}

/** What goes with a policy: a pointer to the practice statement, a notice to be shown, or another qualifier as DER. */
export type PolicyQualifier =
  | { readonly kind: 'cps'; readonly uri: string }
  | { readonly kind: 'userNotice'; readonly noticeRef?: NoticeReference; readonly explicitText?: string }
  | { readonly kind: 'other'; readonly oid: string; readonly der: Uint8Array };

/** A notice by number, in a text of an organization. */
export interface NoticeReference {
  readonly organization: string;
  readonly noticeNumbers: readonly number[];
}

const CPS = '1.3.6.1.5.5.7.2.1';
const USER_NOTICE = '1.3.6.1.5.5.7.2.2';
const MAX_DISPLAY_TEXT = 200;

/**
 * Encodes certificatePolicies.
 *
 * @param policies - at least one, each policy once; a text is a policy's OID without qualifiers
 * @param critical - default false
 * @throws {InvalidInputError} EXTENSION_INVALID: none, one twice, not an OID, a URI beyond ASCII, or a text over 200
 *   characters
 */
export function encodeCertificatePolicies(
  policies: readonly (string | PolicyInformation)[],
  critical = false,
): Extension {
  const listed = policies.map((policy) => (typeof policy === 'string' ? { policyIdentifier: policy } : policy));
  if (listed.length === 0) throw extensionInvalid('certificatePolicies', 'no policy');
  checkDistinct(listed);
  return extensionOf('certificatePolicies', critical, derSequence(...listed.map(encodePolicy)));
}

/**
 * Decodes certificatePolicies.
 *
 * @param value - the extension's DER
 * @throws {InvalidInputError} EXTENSION_INVALID: malformed, empty, or a policy twice
 */
export function decodeCertificatePolicies(value: Uint8Array): PolicyInformation[] {
  return decodeExtension('certificatePolicies', value, (reader) => {
    const sequence = reader.read(Tag.sequence);
    requireElements(sequence, 'the list of policies');
    const policies: PolicyInformation[] = [];
    while (!sequence.done) policies.push(readPolicy(sequence.read(Tag.sequence)));
    checkDistinct(policies);
    return policies;
  });
}

function checkDistinct(policies: readonly PolicyInformation[]): void {
  const seen = new Set<string>();
  for (const { policyIdentifier } of policies) {
    if (seen.has(policyIdentifier)) throw extensionInvalid('certificatePolicies', `${policyIdentifier} is given twice`);
    seen.add(policyIdentifier);
  }
}

function encodePolicy({ policyIdentifier, qualifiers = [] }: PolicyInformation): Uint8Array {
  try {
    const oid = derOid(policyIdentifier);
    return qualifiers.length === 0
      ? derSequence(oid)
      : derSequence(oid, derSequence(...qualifiers.map(encodeQualifier)));
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    throw extensionInvalid('certificatePolicies', `policy ${quote(policyIdentifier)}: ${error.message}`, error);
  }
}

function encodeQualifier(qualifier: PolicyQualifier): Uint8Array {
  switch (qualifier.kind) {
    case 'cps':
      return derSequence(derOid(CPS), derIa5(qualifier.uri));
    case 'userNotice': {
      const { noticeRef, explicitText } = qualifier;
      const parts: Uint8Array[] = [];
      if (noticeRef !== undefined) {
        const numbers = derSequence(...noticeRef.noticeNumbers.map((number) => derInteger(number)));
        parts.push(derSequence(displayText(noticeRef.organization), numbers));
      }
      if (explicitText !== undefined) parts.push(displayText(explicitText));
      return derSequence(derOid(USER_NOTICE), derSequence(...parts));
    }
    default:
      return derSequence(derOid(qualifier.oid), qualifier.der);
  }
}

function displayText(text: string): Uint8Array {
  if (text === '' || [...text].length > MAX_DISPLAY_TEXT) {
    throw new InvalidInputError('EXTENSION_INVALID', `a notice must have 1 to ${MAX_DISPLAY_TEXT} characters`);
  }
  return derUtf8(text);
}

function readPolicy(reader: DerReader): PolicyInformation {
  const policyIdentifier = reader.oid();
  const list = reader.optional(Tag.sequence);
  reader.finish();
  if (list === undefined) return { policyIdentifier };
  requireElements(list, 'the list of policy qualifiers');
  const qualifiers: PolicyQualifier[] = [];
  while (!list.done) qualifiers.push(readQualifier(list.read(Tag.sequence)));
  return { policyIdentifier, qualifiers };
}

function readQualifier(reader: DerReader): PolicyQualifier {
  const oid = reader.oid();
  const qualifier = readKnownQualifier(oid, reader) ?? { kind: 'other', oid, der: reader.element() };
  reader.finish();
  return qualifier;
}

function readKnownQualifier(oid: string, reader: DerReader): PolicyQualifier | undefined {
  if (oid === CPS && reader.peekTag() === Tag.ia5String) return { kind: 'cps', uri: reader.text() };
  if (oid !== USER_NOTICE) return undefined;
  const notice = reader.read(Tag.sequence);
  const reference = notice.optional(Tag.sequence);
  const noticeRef = reference && readNoticeReference(reference);
  // The bound of 200 characters is not judged: notices in use exceed it, and RFC 5280 asks readers to cope.
  const explicitText = notice.done ? undefined : notice.text();
  notice.finish();
  return { kind: 'userNotice', ...(noticeRef && { noticeRef }), ...(explicitText !== undefined && { explicitText }) };
}

function readNoticeReference(reader: DerReader): NoticeReference {
  const organization = reader.text();
  const numbers = reader.read(Tag.sequence);
  const noticeNumbers: number[] = [];
  while (!numbers.done) noticeNumbers.push(numbers.smallInteger());
  reader.finish();
  return { organization, noticeNumbers };
}
