import { Tag } from '../../encoding/der/tags.ts';
import { derBoolean, derInteger, derSequence } from '../../encoding/der/writer.ts';
import type { Extension } from './extension.ts';
import { decodeExtension, extensionInvalid, extensionOf } from './extension-value.ts';

/** Whether the subject is a CA, and how many intermediate certificates may follow (RFC 5280 section 4.2.1.9). */
export interface BasicConstraints {
  readonly cA: boolean;
  /** How many non-self-issued intermediate certificates may follow in a path; no limit where it is absent. */
  readonly pathLenConstraint?: number;
}

/**
 * Encodes basicConstraints.
 *
 * @param critical - default true, as RFC 5280 asks of CA certificates
 * @throws {InvalidInputError} EXTENSION_INVALID: a path length without cA, or one that is not a small natural number
 */
export function encodeBasicConstraints({ cA, pathLenConstraint }: BasicConstraints, critical = true): Extension {
  if (pathLenConstraint === undefined) {
    return extensionOf('basicConstraints', critical, cA ? derSequence(derBoolean(true)) : derSequence());
  }
  checkPathLength(cA, pathLenConstraint);
  return extensionOf('basicConstraints', critical, derSequence(derBoolean(true), derInteger(pathLenConstraint)));
}

/**
 * Decodes basicConstraints.
 *
 * @param value - the extension's DER
 * @throws {InvalidInputError} EXTENSION_INVALID: malformed, or a path length without cA
 */
export function decodeBasicConstraints(value: Uint8Array): BasicConstraints {
  return decodeExtension('basicConstraints', value, (reader) => {
    const sequence = reader.read(Tag.sequence);
    // DER leaves the default FALSE out; many certificates in use write it, to no one's harm.
    const cA = sequence.peekTag() === Tag.boolean && sequence.boolean();
    if (sequence.done) return { cA };
    const pathLenConstraint = sequence.smallInteger();
    sequence.finish();
    checkPathLength(cA, pathLenConstraint);
    return { cA, pathLenConstraint };
  });
}

function checkPathLength(cA: boolean, pathLenConstraint: number): void {
  if (!cA) throw extensionInvalid('basicConstraints', `pathLenConstraint ${pathLenConstraint} without cA`);
  if (!Number.isInteger(pathLenConstraint) || pathLenConstraint < 0 || pathLenConstraint > 0x7fffffff) {
    throw extensionInvalid('basicConstraints', `pathLenConstraint ${pathLenConstraint} is not a natural number`);
  }
}
