import type { DerReader } from '../../encoding/der/reader.ts';
import { contextTag, Tag } from '../../encoding/der/tags.ts';
import { derContext, derSequence } from '../../encoding/der/writer.ts';
import type { GeneralName } from '../name/general-name.ts';
import { encodeGeneralNames, readGeneralNames } from '../name/general-name-der.ts';
import {
  type DistributionPointName,
  encodeDistributionPointName,
  encodeReasonFlags,
  type ReasonFlag,
  readDistributionPointName,
  readReasonFlags,
} from './distribution-point-name.ts';
import type { Extension } from './extension.ts';
import { decodeExtension, extensionInvalid, extensionOf, requireElements } from './extension-value.ts';

/** A place that has a CRL for the certificate (RFC 5280 section 4.2.1.13). */
export interface DistributionPoint {
  readonly distributionPoint?: DistributionPointName;
  /** The reasons that the CRL there covers; all of them where it is absent. */
  readonly reasons?: readonly ReasonFlag[];
  /** Who signs the CRL there; the certificate's issuer where it is absent. */
  readonly crlIssuer?: readonly GeneralName[];
}

const DISTRIBUTION_POINT = contextTag(0, true);
const REASONS = contextTag(1, false);
const CRL_ISSUER = contextTag(2, true);

/**
 * Encodes cRLDistributionPoints.
 *
 * @param points - at least one; a text is the URI of a CRL that covers every reason
 * @param critical - default false
 * @throws {InvalidInputError} EXTENSION_INVALID: none, or one without a name and without an issuer
 * @throws {InvalidInputError} GENERAL_NAME_INVALID: a URI that is not ASCII
 */
export function encodeCrlDistributionPoints(
  points: readonly (string | DistributionPoint)[],
  critical = false,
): Extension {
  return extensionOf('cRLDistributionPoints', critical, encodePoints('cRLDistributionPoints', points));
}

/**
 * Encodes freshestCRL, of a certificate or of a complete CRL (RFC 5280 sections 4.2.1.15 and 5.2.6); never critical.
 *
 * @param points - at least one; a text is the URI of a delta CRL that covers every reason
 * @throws {InvalidInputError} EXTENSION_INVALID: none, or one without a name and without an issuer
 * @throws {InvalidInputError} GENERAL_NAME_INVALID: a URI that is not ASCII
 */
export function encodeFreshestCrl(points: readonly (string | DistributionPoint)[]): Extension {
  return extensionOf('freshestCRL', false, encodePoints('freshestCRL', points));
}

/**
 * Decodes cRLDistributionPoints.
 *
 * @param value - the extension's DER
 * @throws {InvalidInputError} EXTENSION_INVALID: malformed, empty, or a point without a name and without an issuer
 */
export function decodeCrlDistributionPoints(value: Uint8Array): DistributionPoint[] {
  return decodeExtension('cRLDistributionPoints', value, readPoints);
}

/**
 * Decodes freshestCRL, which has the same form (RFC 5280 section 4.2.1.15).
 *
 * @param value - the extension's DER
 * @throws {InvalidInputError} EXTENSION_INVALID: malformed, empty, or a point without a name and without an issuer
 */
export function decodeFreshestCrl(value: Uint8Array): DistributionPoint[] {
  return decodeExtension('freshestCRL', value, readPoints);
}

function encodePoints(
  name: 'cRLDistributionPoints' | 'freshestCRL',
  points: readonly (string | DistributionPoint)[],
): Uint8Array {
  if (points.length === 0) throw extensionInvalid(name, 'no distribution point');
  const encoded = points.map((point) =>
    encodePoint(
      typeof point === 'string' ? { distributionPoint: { fullName: [{ kind: 'uri', value: point }] } } : point,
    ),
  );
  return derSequence(...encoded);
}

function encodePoint(point: DistributionPoint): Uint8Array {
  checkPoint(point);
  const { distributionPoint, reasons, crlIssuer } = point;
  const parts: Uint8Array[] = [];
  if (distributionPoint !== undefined) parts.push(encodeDistributionPointName(distributionPoint));
  if (reasons !== undefined) parts.push(encodeReasonFlags(1, reasons));
  if (crlIssuer !== undefined) parts.push(derContext(2, true, encodeGeneralNames(crlIssuer)));
  return derSequence(...parts);
}

function readPoints(reader: DerReader): DistributionPoint[] {
  const sequence = reader.read(Tag.sequence);
  requireElements(sequence, 'the list of distribution points');
  const points: DistributionPoint[] = [];
  while (!sequence.done) points.push(readPoint(sequence.read(Tag.sequence)));
  return points;
}

function readPoint(reader: DerReader): DistributionPoint {
  const name = reader.optional(DISTRIBUTION_POINT);
  const distributionPoint = name && readDistributionPointName(name);
  const reasons = reader.peekTag() === REASONS ? readReasonFlags(reader, 1) : undefined;
  const issuer = reader.optional(CRL_ISSUER);
  const crlIssuer = issuer && readGeneralNames(issuer);
  reader.finish();
  const point = {
    ...(distributionPoint && { distributionPoint }),
    ...(reasons && { reasons }),
    ...(crlIssuer && { crlIssuer }),
  };
  checkPoint(point);
  return point;
}

/** RFC 5280 section 4.2.1.13: a point must not consist of reasons only. */
function checkPoint({ distributionPoint, crlIssuer }: DistributionPoint): void {
  if (distributionPoint === undefined && crlIssuer === undefined) {
    throw extensionInvalid('cRLDistributionPoints', 'a distribution point has neither a name nor a CRL issuer');
  }
}
