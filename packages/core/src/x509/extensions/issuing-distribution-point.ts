import type { DerReader } from '../../encoding/der/reader.ts';
import { contextTag, Tag } from '../../encoding/der/tags.ts';
import { derContext, derSequence } from '../../encoding/der/writer.ts';
import type { InvalidInputError } from '../../errors/families.ts';
import {
  type DistributionPointName,
  encodeDistributionPointName,
  encodeReasonFlags,
  type ReasonFlag,
  readDistributionPointName,
  readReasonFlags,
} from './distribution-point-name.ts';
import type { Extension } from './extension.ts';
import { decodeExtension, extensionInvalid, extensionOf } from './extension-value.ts';

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
 * Encodes issuingDistributionPoint; always critical.
 *
 * @param scope - what the CRL is limited to: at least one limit, and to one kind of certificates at most
 * @throws {InvalidInputError} EXTENSION_INVALID: no limit, or limited to two kinds of certificates
 * @throws {InvalidInputError} GENERAL_NAME_INVALID: a URI that is not ASCII
 */
export function encodeIssuingDistributionPoint(scope: Partial<IssuingDistributionPoint>): Extension {
  const kinds = [scope.onlyContainsUserCerts, scope.onlyContainsCACerts, scope.onlyContainsAttributeCerts];
  if (kinds.filter(Boolean).length > 1) throw twoKinds();
  const parts: Uint8Array[] = [];
  if (scope.distributionPoint !== undefined) parts.push(encodeDistributionPointName(scope.distributionPoint));
  if (scope.onlyContainsUserCerts) parts.push(encodeFlag(1));
  if (scope.onlyContainsCACerts) parts.push(encodeFlag(2));
  if (scope.onlySomeReasons !== undefined) parts.push(encodeReasonFlags(3, scope.onlySomeReasons));
  if (scope.indirectCRL) parts.push(encodeFlag(4));
  if (scope.onlyContainsAttributeCerts) parts.push(encodeFlag(5));
  if (parts.length === 0) throw extensionInvalid('issuingDistributionPoint', 'it limits the CRL to nothing');
  return extensionOf('issuingDistributionPoint', true, derSequence(...parts));
}

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
      throw twoKinds();
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

function twoKinds(): InvalidInputError {
  return extensionInvalid('issuingDistributionPoint', 'limited to more than one kind of certificates');
}

/** TRUE; the default is left out, as DER has it. */
function encodeFlag(tagNumber: number): Uint8Array {
  return derContext(tagNumber, false, Uint8Array.of(0xff));
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
