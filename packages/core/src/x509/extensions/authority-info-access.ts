import { Tag } from '../../encoding/der/tags.ts';
import { derOid, derSequence } from '../../encoding/der/writer.ts';
import type { GeneralName } from '../name/general-name.ts';
import { encodeGeneralName, readGeneralName } from '../name/general-name-der.ts';
import type { Extension } from './extension.ts';
import { decodeExtension, extensionInvalid, extensionOf, requireElements } from './extension-value.ts';

/** Where to ask about the issuer (RFC 5280 section 4.2.2.1). */
export interface AuthorityInfoAccess {
  /** URIs of OCSP responders (RFC 6960). */
  readonly ocsp: readonly string[];
  /** URIs of the issuer's certificate. */
  readonly caIssuers: readonly string[];
  /** Every other access description, by the OID of its method. */
  readonly other: readonly AccessDescription[];
}

/** One way to learn more: a method, and where. */
export interface AccessDescription {
  /** The OID of the access method. */
  readonly method: string;
  readonly location: GeneralName;
}

const OCSP = '1.3.6.1.5.5.7.48.1';
const CA_ISSUERS = '1.3.6.1.5.5.7.48.2';

/**
 * Encodes authorityInfoAccess; never critical.
 *
 * @param access - at least one location in all; OCSP responders are written first
 * @throws {InvalidInputError} EXTENSION_INVALID: no location
 * @throws {InvalidInputError} GENERAL_NAME_INVALID: a URI that is not ASCII
 * @throws {InvalidInputError} INVALID_ARGUMENT: another method that is not an OID
 */
export function encodeAuthorityInfoAccess(access: Partial<AuthorityInfoAccess>): Extension {
  const descriptions = [
    ...(access.ocsp ?? []).map((uri) => uriAccess(OCSP, uri)),
    ...(access.caIssuers ?? []).map((uri) => uriAccess(CA_ISSUERS, uri)),
    ...(access.other ?? []),
  ];
  if (descriptions.length === 0) throw extensionInvalid('authorityInfoAccess', 'no access location');
  const encoded = descriptions.map(({ method, location }) => derSequence(derOid(method), encodeGeneralName(location)));
  return extensionOf('authorityInfoAccess', false, derSequence(...encoded));
}

/**
 * Decodes authorityInfoAccess.
 *
 * @param value - the extension's DER
 * @throws {InvalidInputError} EXTENSION_INVALID: malformed, or without a location
 */
export function decodeAuthorityInfoAccess(value: Uint8Array): AuthorityInfoAccess {
  return decodeExtension('authorityInfoAccess', value, (reader) => {
    const sequence = reader.read(Tag.sequence);
    requireElements(sequence, 'the list of access descriptions');
    const ocsp: string[] = [];
    const caIssuers: string[] = [];
    const other: AccessDescription[] = [];
    while (!sequence.done) {
      const description = sequence.read(Tag.sequence);
      const method = description.oid();
      const location = readGeneralName(description);
      description.finish();
      if (method === OCSP && location.kind === 'uri') ocsp.push(location.value);
      else if (method === CA_ISSUERS && location.kind === 'uri') caIssuers.push(location.value);
      else other.push({ method, location });
    }
    return { ocsp, caIssuers, other };
  });
}

function uriAccess(method: string, uri: string): AccessDescription {
  return { method, location: { kind: 'uri', value: uri } };
}
