import { DerReader } from '../../encoding/der/reader.ts';
import { InvalidInputError } from '../../errors/families.ts';
import type { Extension } from './extension.ts';
import { type ExtensionName, ExtensionOid } from './extension-oids.ts';

/**
 * Makes a known extension.
 *
 * @param name - gives the OID
 * @param value - the DER of its content
 */
export function extensionOf(name: ExtensionName, critical: boolean, value: Uint8Array): Extension {
  return { oid: ExtensionOid[name], critical, value };
}

/**
 * Decodes the value of an extension, whole: nothing may follow what `read` takes.
 *
 * @param name - the extension's name, for the error
 * @param value - the DER of its content
 * @param read - reads the content; whatever it finds wrong becomes EXTENSION_INVALID
 * @throws {InvalidInputError} EXTENSION_INVALID: names the extension and what is wrong with it
 */
export function decodeExtension<T>(name: ExtensionName, value: Uint8Array, read: (reader: DerReader) => T): T {
  const reader = new DerReader(value);
  try {
    const content = read(reader);
    reader.finish();
    return content;
  } catch (error) {
    if (!(error instanceof InvalidInputError) || error.facts.extension === name) throw error;
    throw extensionInvalid(name, error.message, error);
  }
}

/** Makes the error for an extension at fault. */
export function extensionInvalid(name: ExtensionName, problem: string, cause?: unknown): InvalidInputError {
  return new InvalidInputError('EXTENSION_INVALID', `${name}: ${problem}`, {
    facts: { extension: name, oid: ExtensionOid[name] },
    ...(cause === undefined ? {} : { cause }),
  });
}

/**
 * Refuses a SEQUENCE OF without elements, where RFC 5280 asks for at least one.
 *
 * @param reader - of the SEQUENCE's content
 * @param what - what the elements are, for the error
 * @throws {InvalidInputError} EXTENSION_INVALID: it is empty
 */
export function requireElements(reader: DerReader, what: string): void {
  if (reader.done)
    throw new InvalidInputError('EXTENSION_INVALID', `${what} is empty, at least one element is required`);
}
