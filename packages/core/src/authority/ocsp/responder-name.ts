import { DerReader } from '../../encoding/der/reader.ts';
import { Tag } from '../../encoding/der/tags.ts';
import { derOid, derSequence, derSet, derUtf8 } from '../../encoding/der/writer.ts';
import { DistinguishedName } from '../../x509/name/distinguished-name.ts';

const COMMON_NAME = '2.5.4.3';
const RESPONDER = derSet(derSequence(derOid(COMMON_NAME), derUtf8('OCSP Responder')));

/**
 * The subject of an intermediate's OCSP responder: the intermediate's own up to its common name. Name constraints that let the
 * intermediate stand let it stand too.
 */
export function responderName(issuer: DistinguishedName): DistinguishedName {
  const reader = new DerReader(issuer.der).read(Tag.sequence);
  const kept: Uint8Array[] = [];
  for (const rdn of issuer.rdns) {
    const der = reader.element(Tag.set);
    if (rdn.every(({ type }) => type !== COMMON_NAME)) kept.push(der);
  }
  return DistinguishedName.fromDer(derSequence(...kept, RESPONDER));
}
