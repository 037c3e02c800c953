import { contextTag, Tag } from '../../encoding/der/tags.ts';
import { ANY_POLICY } from './certificate-policies.ts';
import { decodeExtension, extensionInvalid, requireElements } from './extension-value.ts';

/** A policy of the issuer's domain that counts as one of the subject's (RFC 5280 section 4.2.1.5). */
export interface PolicyMapping {
  readonly issuerDomainPolicy: string;
  readonly subjectDomainPolicy: string;
}

/** After how many more certificates a rule about policies begins (RFC 5280 section 4.2.1.11). */
export interface PolicyConstraints {
  readonly requireExplicitPolicy?: number;
  readonly inhibitPolicyMapping?: number;
}

const REQUIRE_EXPLICIT_POLICY = contextTag(0, false);
const INHIBIT_POLICY_MAPPING = contextTag(1, false);

/**
 * Decodes policyMappings.
 *
 * @param value - the extension's DER
 * @throws {InvalidInputError} EXTENSION_INVALID: malformed, empty, or to or from anyPolicy
 */
export function decodePolicyMappings(value: Uint8Array): PolicyMapping[] {
  return decodeExtension('policyMappings', value, (reader) => {
    const sequence = reader.read(Tag.sequence);
    requireElements(sequence, 'the list of mappings');
    const mappings: PolicyMapping[] = [];
    while (!sequence.done) {
      const mapping = sequence.read(Tag.sequence);
      const issuerDomainPolicy = mapping.oid();
      const subjectDomainPolicy = mapping.oid();
      mapping.finish();
      if (issuerDomainPolicy === ANY_POLICY || subjectDomainPolicy === ANY_POLICY) {
        throw extensionInvalid('policyMappings', 'anyPolicy must not be mapped');
      }
      mappings.push({ issuerDomainPolicy, subjectDomainPolicy });
    }
    return mappings;
  });
}

/**
 * Decodes policyConstraints.
 *
 * @param value - the extension's DER
 * @throws {InvalidInputError} EXTENSION_INVALID: malformed or empty
 */
export function decodePolicyConstraints(value: Uint8Array): PolicyConstraints {
  return decodeExtension('policyConstraints', value, (reader) => {
    const sequence = reader.read(Tag.sequence);
    requireElements(sequence, 'the SEQUENCE');
    const constraints: { -readonly [Field in keyof PolicyConstraints]: PolicyConstraints[Field] } = {};
    if (sequence.peekTag() === REQUIRE_EXPLICIT_POLICY) {
      constraints.requireExplicitPolicy = sequence.smallInteger(REQUIRE_EXPLICIT_POLICY);
    }
    if (sequence.peekTag() === INHIBIT_POLICY_MAPPING) {
      constraints.inhibitPolicyMapping = sequence.smallInteger(INHIBIT_POLICY_MAPPING);
    }
    sequence.finish();
    return constraints;
  });
}

/**
 * Decodes inhibitAnyPolicy (RFC 5280 section 4.2.1.14).
 *
 * @param value - the extension's DER
 * @returns after how many more non-self-issued certificates anyPolicy no longer counts
 * @throws {InvalidInputError} EXTENSION_INVALID: malformed
 */
export function decodeInhibitAnyPolicy(value: Uint8Array): number {
  return decodeExtension('inhibitAnyPolicy', value, (reader) => reader.smallInteger());
}
