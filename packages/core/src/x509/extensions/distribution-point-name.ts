import type { DerReader } from '../../encoding/der/reader.ts';
import { contextTag } from '../../encoding/der/tags.ts';
import { derContext } from '../../encoding/der/writer.ts';
import { InvalidInputError } from '../../errors/families.ts';
import type { CrlReason } from '../crl/crl-reason.ts';
import type { GeneralName } from '../name/general-name.ts';
import { encodeGeneralNames, readGeneralNames } from '../name/general-name-der.ts';
import { packNamedBits, unpackNamedBits } from './named-bits.ts';

/** Where a CRL is to be had (RFC 5280 section 4.2.1.13: DistributionPointName). */
export type DistributionPointName =
  | { readonly fullName: readonly GeneralName[] }
  /** The content of the RDN that is appended to the CRL issuer's name, as DER. */
  | { readonly nameRelativeToCRLIssuer: Uint8Array };

/** The reasons that a partitioned CRL can be limited to (RFC 5280 section 4.2.1.13: ReasonFlags); bit 0 is unused. */
export type ReasonFlag = Exclude<CrlReason, 'unspecified' | 'removeFromCRL'>;

/** All of them, in the order of their bits. */
export const REASON_FLAGS: readonly ReasonFlag[] = [
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  'privilegeWithdrawn',
  'aACompromise',
];

/** Bit 0 is named `unused` by RFC 5280: CRLs in use set it, and it says nothing. */
const FLAGS: readonly (ReasonFlag | 'unused')[] = ['unused', ...REASON_FLAGS];

const FULL_NAME = contextTag(0, true);
const NAME_RELATIVE_TO_CRL_ISSUER = contextTag(1, true);

/**
 * Encodes a DistributionPointName under its EXPLICIT tag [0].
 *
 * @throws {InvalidInputError} GENERAL_NAME_INVALID: no name, or a value that its kind cannot have
 */
export function encodeDistributionPointName(name: DistributionPointName): Uint8Array {
  const choice =
    'fullName' in name
      ? derContext(0, true, encodeGeneralNames(name.fullName))
      : derContext(1, true, name.nameRelativeToCRLIssuer);
  return derContext(0, true, choice);
}

/**
 * Reads a DistributionPointName.
 *
 * @param choice - a reader of the content of its EXPLICIT tag [0]
 * @throws {InvalidInputError} EXTENSION_INVALID, GENERAL_NAME_INVALID, NAME_INVALID, DER_INVALID: malformed
 */
export function readDistributionPointName(choice: DerReader): DistributionPointName {
  const fullName = choice.optional(FULL_NAME);
  const name = fullName
    ? { fullName: readGeneralNames(fullName) }
    : { nameRelativeToCRLIssuer: choice.content(NAME_RELATIVE_TO_CRL_ISSUER) };
  choice.finish();
  return name;
}

/**
 * Encodes ReasonFlags under an IMPLICIT tag.
 *
 * @param tagNumber - the context tag's number
 * @param reasons - at least one
 * @throws {InvalidInputError} EXTENSION_INVALID: none
 */
export function encodeReasonFlags(tagNumber: number, reasons: readonly ReasonFlag[]): Uint8Array {
  if (reasons.length === 0) throw new InvalidInputError('EXTENSION_INVALID', 'a list of reasons is empty');
  const { bytes, unusedBits } = packNamedBits(FLAGS, reasons);
  return derContext(tagNumber, false, Uint8Array.of(unusedBits), bytes);
}

/**
 * Reads ReasonFlags under an IMPLICIT tag.
 *
 * @param reader - at the flags
 * @param tagNumber - the context tag's number
 * @throws {InvalidInputError} EXTENSION_INVALID, DER_INVALID: malformed, none, or one without a meaning
 */
export function readReasonFlags(reader: DerReader, tagNumber: number): ReasonFlag[] {
  const flags = unpackNamedBits(FLAGS, reader.bitString(contextTag(tagNumber, false)));
  return flags.filter((flag) => flag !== 'unused');
}
