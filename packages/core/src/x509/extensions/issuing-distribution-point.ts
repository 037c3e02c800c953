import type { DerReader } from '../../encoding/der/reader.ts';
import { contextTag, Tag } from '../../encoding/der/tags.ts';
import {
  type DistributionPointName,
  type ReasonFlag,
  readDistributionPointName,
  readReasonFlags,
} from './distribution-point-name.ts';
import { decodeExtension, extensionInvalid } from './extension-value.ts';

/** What a CRL is limited to (RFC 5280 section 5.2.5). */
export interface IssuingDistributionPoint {
  readonly distributionPoint?: DistributionPointName;
  readonly onlyContainsUserCerts: boolean;
  readonly onlyContainsCACerts: boolean;
  readonly onlySomeReasons?: readonly ReasonFlag[];
  readonly indirectCRL: boolean;
  readonly onlyContainsAttributeCerts: boolean;
}

const REASONS = contextTag(3, false);

/**
 * Decodes issuingDistributionPoint.
 *
 * @param value - the extension's DER
 * @throws {InvalidInputError} EXTENSION_INVALID: malformed, without any limit, or limited to two kinds of certificates
 */
export function decodeIssuingDistributionPoint(value: Uint8Array): IssuingDistributionPoint {
  return decodeExtension('issuingDistributionPoint', value, (reader) => {
    const sequence = reader.read(Tag.sequence);
    if (sequence.done) throw extensionInvalid('issuingDistributionPoint', 'the SEQUENCE is empty');
    const name = sequence.optional(contextTag(0, true));
    const distributionPoint = name && readDistributionPointName(name);
    const onlyContainsUserCerts = readFlag(sequence, 1);
    const onlyContainsCACerts = readFlag(sequence, 2);
    const onlySomeReasons = sequence.peekTag() === REASONS ? readReasonFlags(sequence, 3) : undefined;
    const indirectCRL = readFlag(sequence, 4);
    const onlyContainsAttributeCerts = readFlag(sequence, 5);
    sequence.finish();
    if ([onlyContainsUserCerts, onlyContainsCACerts, onlyContainsAttributeCerts].filter(Boolean).length > 1) {
      throw extensionInvalid('issuingDistributionPoint', 'limited to more than one kind of certificates');
    }
    return {
      ...(distributionPoint && { distributionPoint }),
      onlyContainsUserCerts,
      onlyContainsCACerts,
      ...(onlySomeReasons && { onlySomeReasons }),
      indirectCRL,
      onlyContainsAttributeCerts,
    };
  });
}

/** A BOOLEAN DEFAULT FALSE under an IMPLICIT tag. An explicit FALSE is tolerated, as in basicConstraints. */
function readFlag(reader: DerReader, tagNumber: number): boolean {
  const tag = contextTag(tagNumber, false);
  if (reader.peekTag() !== tag) return false;
  const content = reader.content(tag);
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) {
    throw extensionInvalid('issuingDistributionPoint', `[${tagNumber}] is not a BOOLEAN`);
  }
  return content[0] === 0xff;
}
