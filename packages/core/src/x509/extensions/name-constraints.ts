import type { DerReader } from '../../encoding/der/reader.ts';
import { contextTag, Tag } from '../../encoding/der/tags.ts';
import { derContext, derSequence } from '../../encoding/der/writer.ts';
import type { GeneralName } from '../name/general-name.ts';
import { encodeGeneralName, readGeneralName } from '../name/general-name-der.ts';
import type { Extension } from './extension.ts';
import { decodeExtension, extensionInvalid, extensionOf, requireElements } from './extension-value.ts';

/**
 * Which names a CA may certify (RFC 5280 section 4.2.1.10).
 *
 * Each subtree is a name: a host or domain (`example.com`), a mailbox, host or domain of mailboxes, a host or domain of
 * URIs (`.example.com`), a range of addresses (`10.0.0.0/8`), or a directory name that others begin with.
 */
export interface NameConstraints {
  readonly permitted: readonly GeneralName[];
  readonly excluded: readonly GeneralName[];
}

const PERMITTED = contextTag(0, true);
const EXCLUDED = contextTag(1, true);
const MINIMUM = contextTag(0, false);

/**
 * Encodes nameConstraints; always critical, as RFC 5280 asks.
 *
 * @throws {InvalidInputError} EXTENSION_INVALID: neither a permitted nor an excluded subtree
 * @throws {InvalidInputError} GENERAL_NAME_INVALID: a subtree that its kind cannot have
 */
export function encodeNameConstraints({ permitted = [], excluded = [] }: Partial<NameConstraints>): Extension {
  if (permitted.length + excluded.length === 0) throw extensionInvalid('nameConstraints', 'no subtree');
  const parts: Uint8Array[] = [];
  if (permitted.length > 0) parts.push(derContext(0, true, ...permitted.map(encodeSubtree)));
  if (excluded.length > 0) parts.push(derContext(1, true, ...excluded.map(encodeSubtree)));
  return extensionOf('nameConstraints', true, derSequence(...parts));
}

/**
 * Decodes nameConstraints.
 *
 * @param value - the extension's DER
 * @throws {InvalidInputError} EXTENSION_INVALID: malformed, empty, or a subtree with a minimum or a maximum, which RFC 5280
 *   rules out
 */
export function decodeNameConstraints(value: Uint8Array): NameConstraints {
  return decodeExtension('nameConstraints', value, (reader) => {
    const sequence = reader.read(Tag.sequence);
    requireElements(sequence, 'the SEQUENCE');
    const permitted = sequence.optional(PERMITTED);
    const excluded = sequence.optional(EXCLUDED);
    sequence.finish();
    return {
      permitted: permitted === undefined ? [] : readSubtrees(permitted, 'permittedSubtrees'),
      excluded: excluded === undefined ? [] : readSubtrees(excluded, 'excludedSubtrees'),
    };
  });
}

function encodeSubtree(base: GeneralName): Uint8Array {
  return derSequence(encodeGeneralName(base, 'constraint'));
}

function readSubtrees(subtrees: DerReader, what: string): GeneralName[] {
  requireElements(subtrees, what);
  const bases: GeneralName[] = [];
  while (!subtrees.done) {
    const subtree = subtrees.read(Tag.sequence);
    bases.push(readGeneralName(subtree, 'constraint'));
    // DER leaves the default minimum of 0 out; an explicit one is tolerated.
    if (subtree.peekTag() === MINIMUM && subtree.smallInteger(MINIMUM) !== 0) {
      throw extensionInvalid('nameConstraints', `${what} has a minimum other than 0`);
    }
    if (!subtree.done) throw extensionInvalid('nameConstraints', `${what} has a maximum`);
  }
  return bases;
}
